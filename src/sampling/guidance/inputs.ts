import { BugError } from "#/lib/errors.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Latent } from "../sampler.ts";

/** Tensors by the names of a network's inputs. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** The network run that is about to be: the scaled latent, its timestep and its noise level. */
export type NetworkCall = Readonly<{ sample: Latent; timestep: number; sigma: number }>;

/** Gives a network run some of its inputs; whatever depends on time is decided for each run. */
export type Contribute<Inputs extends NamedTensors = NamedTensors> = (
  call: NetworkCall,
) => Inputs | Promise<Inputs>;

/**
 * The inputs of several contributors together, asked one after the other. Those that every UNet has come first, by type;
 * those of further features by the names that their part of the graph declares.
 */
export function merged<First extends NamedTensors, Second extends NamedTensors>(
  first: Contribute<First>,
  second: Contribute<Second>,
  ...further: readonly Contribute[]
): Contribute<First & Second> {
  return async (call) => {
    let more: NamedTensors = {};
    for (const contribute of further) more = { ...more, ...(await contribute(call)) };
    return { ...more, ...(await first(call)), ...(await second(call)) };
  };
}

/** Numbers that are the same in every run, as a vector under a name. */
export const constantInput = (name: string, values: readonly number[]): Contribute => {
  const tensor = { dims: [values.length], data: Float32Array.from(values) };
  return () => ({ [name]: tensor });
};

/** A tensor that is the same in every run, under a name. */
export const namedInput =
  (name: string, tensor: Tensor): Contribute =>
  () => ({ [name]: tensor });

/** The text: hidden states [1, T, C], the same in every run. */
export const textInput =
  (context: Tensor): Contribute<Readonly<{ context: Tensor }>> =>
  () => ({ context });

/**
 * What a network is told of the texts of both sides, the same in every run; made when the first of them is asked for.
 *
 * @param tell what it is told of each of these hidden states [1, T, C]
 */
export function toldTexts<Told extends NamedTensors>(
  tell: (contexts: readonly Tensor[]) => Promise<readonly Told[]>,
  { positive, negative }: Readonly<Record<"positive" | "negative", Tensor>>,
): (side: "positive" | "negative") => Contribute<Told> {
  let told: Promise<readonly Told[]> | undefined;
  return (side) => async () => {
    told ??= tell([positive, negative]);
    const [first, second] = await told;
    const asked = side === "positive" ? first : second;
    if (asked === undefined) throw new BugError("A network is told less than both texts.");
    return asked;
  };
}

/**
 * The pooled text and the sizes, [1, P + 1536].
 *
 * @param vector of a timestep
 */
export const sizeInput =
  (vector: (timestep: number) => Tensor): Contribute<Readonly<{ y: Tensor }>> =>
  ({ timestep }) => ({ y: vector(timestep) });
