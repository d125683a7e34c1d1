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
 * The pooled text and the sizes, [1, P + 1536].
 *
 * @param vector of a timestep
 */
export const sizeInput =
  (vector: (timestep: number) => Tensor): Contribute<Readonly<{ y: Tensor }>> =>
  ({ timestep }) => ({ y: vector(timestep) });
