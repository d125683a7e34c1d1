import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, div, gather, maximum, mul, sub } from "#/graph/ops/arithmetic.ts";
import { reduced } from "#/graph/ops/reduce.ts";
import { concat, split } from "#/graph/ops/shape.ts";
import { BugError } from "#/lib/errors.ts";
import { scaledLowFrequencies } from "./low-frequencies.ts";

/** What a decoder block joins: features of the backbone [N, C, h, w] and the skip [N, S, h, w]. */
export type Joined = Readonly<{ features: Value; skip: Value }>;

/** Below this the features of a picture count as all alike, and none of them is strengthened. */
const leastRange = 1e-30;

/**
 * FreeU, second version (Si et al. 2023, section 3): where the decoder joins backbone and skip, the first half of the
 * backbone's channels is strengthened where their mean is high, and the lowest frequencies of the skip are weakened. Only
 * the two inner widths of the network, four and two times its own, are changed.
 *
 * @param root    the network
 * @param factors the input `freeu` [4] in float32: b1, s1 of the innermost width, b2, s2 of the next
 */
export function freeU(root: Module, factors: Value, { features, skip }: Joined): Joined {
  const own = root.size("time_embed.0.weight", 1);
  const inner = [4 * own, 2 * own].indexOf(Number(features.dims[1]));
  if (inner === -1) return { features, skip };
  const factor = (at: number): Value => gather(factors, factors.graph.constant("int64", [2 * inner + at]));
  return {
    features: strengthened(features, factor(0)),
    skip: scaledLowFrequencies(skip, factor(1)),
  };
}

/** The first half of the channels, times 1 to b by how high the mean of all channels is at that place. */
function strengthened(x: Value, b: Value): Value {
  const g = x.graph;
  const mean = reduced("ReduceMean", g.cast(x, "float32"), [1]);
  const least = reduced("ReduceMin", mean, [2, 3]);
  const range = maximum(sub(reduced("ReduceMax", mean, [2, 3]), least), g.constant("float32", [leastRange]));
  const height = div(sub(mean, least), range);
  const one = g.constant("float32", [1]);
  const factor = g.computing(add(mul(sub(b, one), height), one));
  const [first, second] = split(x, 2, 1);
  if (first === undefined || second === undefined) throw new BugError("Split into two gave fewer.");
  return concat([mul(first, factor), second], 1);
}
