import { networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import type { Ask } from "./ask.ts";
import { wholeNumbers } from "./whole-numbers.ts";

/** What a language model remembers of the tokens it was told: keys and values [2 * layers, p, w]. */
export type Memory = Tensor;

/** What it is told next, and which tokens are asked about. */
export type Told = Readonly<{ ids: readonly number[]; candidates: readonly number[]; memory: Memory }>;

/** A language model with a key-value cache. */
export type LanguageModel = Readonly<{
  /** Tokens of its vocabulary. */
  vocabulary: number;
  /** Tokens that a text may have. */
  places: number;
  /** What it remembers of no text. */
  blank: Memory;
  /** The candidates' logits after these tokens, in their order, and what it remembers now. */
  next: (told: Told) => Promise<Readonly<{ scores: Float32Array; memory: Memory }>>;
}>;

const hidden = -3.4028234663852886e38;

/**
 * The language model of a job.
 *
 * @param tensors its weights, for their sizes
 */
export function languageModel(ask: Ask, tensors: WeightMap): LanguageModel {
  const [vocabulary = 0, width = 0] = tensors.get("wte.weight")?.shape ?? [];
  const [places = 0] = tensors.get("wpe.weight")?.shape ?? [];
  const layers = [...tensors.keys()].filter((key) => key.endsWith(".ln_1.weight")).length;
  return {
    vocabulary,
    places,
    blank: { dims: [2 * layers, 0, width], data: new Float32Array() },
    next: async ({ ids, candidates, memory }) => {
      const known = memory.dims[1] ?? 0;
      const { scores, present } = await ask(networks.gpt2, {
        ids: wholeNumbers([1, ids.length], ids),
        positions: wholeNumbers(
          [1, ids.length],
          ids.map((_, at) => known + at),
        ),
        mask: causalMask(ids.length, known),
        past: memory,
        candidates: wholeNumbers([candidates.length], candidates),
      });
      return { scores: scores.data, memory: present };
    },
  };
}

/** Token number i of the new ones sees all known ones and the new ones up to itself. */
export function causalMask(length: number, known: number): Tensor {
  const row = known + length;
  const data = new Float32Array(length * row);
  for (let i = 0; i < length; i += 1) data.fill(hidden, i * row + known + i + 1, (i + 1) * row);
  return { dims: [1, 1, length, row], data };
}
