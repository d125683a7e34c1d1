import { concat, type Tensor } from "#/tensor/tensor.ts";
import type { ModelSampling } from "../model-sampling.ts";
import { combine, type Latent } from "../sampler.ts";
import type { Contribute, NamedTensors } from "./inputs.ts";
import type { OwnInputs } from "./network-estimate.ts";
import type { Sides } from "./step-cache.ts";

/** The estimates of both sides of the guidance. */
export type Pair = (x: Latent, sigma: number) => Promise<Readonly<{ positive: Latent; negative: Latent }>>;

/** Inputs of which each picture of a batch has its own; all others are one for all of them. */
const ofEach: ReadonlySet<string> = new Set(["context", "y"]);

/** How much longer than it is a text may be made. */
const mostRepeats = 4;

/**
 * Both estimates by one network run, a batch of two, where what the sides are told allows it: the same but for texts and sizes, and one text as
 * long as the other or a whole part of it. Such a text is told several times over, which changes nothing of what an attention
 * makes of it. Else they are made one after the other.
 *
 * @param run     the network, by the names of its inputs
 * @param told    what it is told under each side's text
 * @param between called between two runs; where it throws the second one is not made
 */
export function pairedEstimate<Inputs extends NamedTensors>(
  run: (inputs: OwnInputs & Inputs) => Promise<Tensor>,
  model: Pick<ModelSampling, "timestep" | "inputScale" | "denoised">,
  told: Readonly<Record<"positive" | "negative", Contribute<Inputs>>>,
  between: () => void,
): Pair {
  return async (x, sigma) => {
    const timestep = model.timestep(sigma);
    const sample = combine([model.inputScale(sigma), x]);
    const call = { sample, timestep, sigma };
    const positive = await told.positive(call);
    const negative = await told.negative(call);
    const own = (count: number): OwnInputs => ({
      sample: count === 1 ? sample : concat([sample, sample], 0),
      timestep: { dims: [count], data: new Float32Array(count).fill(timestep) },
    });
    const both = stacked(positive, negative);
    if (both !== undefined) {
      const [first, second] = halves(await run({ ...own(2), ...both }));
      return { positive: model.denoised(x, first, sigma), negative: model.denoised(x, second, sigma) };
    }
    const first = await run({ ...own(1), ...positive });
    between();
    const second = await run({ ...own(1), ...negative });
    return { positive: model.denoised(x, first, sigma), negative: model.denoised(x, second, sigma) };
  };
}

/** What two runs are told as what one is; nothing where that cannot be. */
function stacked<Inputs extends NamedTensors>(first: Inputs, second: Inputs): Inputs | undefined {
  const names = Object.keys(first);
  if (names.length !== Object.keys(second).length) return undefined;
  const both: Record<string, Tensor> = {};
  for (const name of names) {
    const [a, b] = [first[name], second[name]];
    const joint =
      a === undefined || b === undefined ? undefined : ofEach.has(name) ? onTop(a, b) : same(a, b);
    if (joint === undefined) return undefined;
    both[name] = joint;
  }
  return { ...first, ...both };
}

const same = (a: Tensor, b: Tensor): Tensor | undefined => (a === b ? a : undefined);

/** [1, ...] and [1, ...] as [2, ...], the shorter one of two texts as often as it fits into the longer one. */
function onTop(a: Tensor, b: Tensor): Tensor | undefined {
  if (a.dims.length < 3) return concat([a, b], 0);
  const rows = Math.max(a.dims[1] ?? 0, b.dims[1] ?? 0);
  const [long, wide] = [a, b].map((text) => filling(text, rows));
  return long === undefined || wide === undefined ? undefined : concat([long, wide], 0);
}

function filling(text: Tensor, rows: number): Tensor | undefined {
  const times = rows / (text.dims[1] ?? 0);
  if (times === 1) return text;
  if (!Number.isInteger(times) || times > mostRepeats) return undefined;
  return concat(
    Array.from({ length: times }, () => text),
    1,
  );
}

/** [2, ...] as two of [1, ...]. */
function halves({ dims, data }: Tensor): readonly [Tensor, Tensor] {
  const middle = data.length / 2;
  const half = dims.with(0, 1);
  return [
    { dims: half, data: data.slice(0, middle) },
    { dims: half, data: data.slice(middle) },
  ];
}

/**
 * Sides that are asked together where both will be: the positive one's answer brings the negative one's with it, which is asked next about
 * the same latent.
 *
 * @param alone   the same sides, each by itself
 * @param isAsked whether the negative side will be asked at a level
 */
export function askedTogether(both: Pair, alone: Sides, isAsked: (sigma: number) => boolean): Sides {
  let waiting: Readonly<{ x: Latent; sigma: number; answer: Latent }> | undefined;
  return {
    positive: async (x, sigma) => {
      if (!isAsked(sigma)) return await alone.positive(x, sigma);
      const { positive, negative } = await both(x, sigma);
      waiting = { x, sigma, answer: negative };
      return positive;
    },
    negative: async (x, sigma) => {
      const known = waiting;
      waiting = undefined;
      return known?.x === x && known.sigma === sigma ? known.answer : await alone.negative(x, sigma);
    },
  };
}

/** An estimate of both sides that is not begun when `check` throws. */
export const checkedPair =
  (check: () => void, both: Pair): Pair =>
  async (x, sigma) => {
    check();
    return await both(x, sigma);
  };
