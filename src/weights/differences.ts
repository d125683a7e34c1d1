import type { WeightRef } from "./weight-file.ts";

/**
 * A full-size difference to one tensor of a network, D: the tensor is used as W + strength · D, in float32. Either D is a
 * tensor of floats, or 8 bits a value that span a range: D = q / 255 · (high - low) + low.
 */
export type Difference = Readonly<{
  /** Which of the graph's strengths it is multiplied with. */
  owner: number;
  /** As many values as the tensor has; floats, or U8 with a range. */
  values: WeightRef;
  /** What 0 and 255 mean. */
  range?: Readonly<{ low: Bound; high: Bound }>;
}>;

/** One number, or a small tensor that is broadcast to the values by numpy's rule: one number a row, say. */
export type Bound = number | WeightRef;

/** The full-size differences to a network. */
export type Differences = Readonly<{
  /** How many strengths the graph has an input for. */
  count: number;
  /** By the network's own names of its tensors, biases and norms included. */
  tensors: ReadonlyMap<string, readonly Difference[]>;
}>;

/** No difference at all. */
export const noDifferences: Differences = { count: 0, tensors: new Map() };
