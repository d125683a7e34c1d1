import type { Value } from "../graph.ts";

/** The mean, the sum, the highest, the lowest or the length (the root of the sum of squares) along axes, which stay with length 1. */
export function reduced(
  op: "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceL2",
  x: Value,
  axes: readonly number[],
): Value {
  const dims = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return x.graph.node(op, [x, x.graph.constant("int64", axes)], { keepdims: 1 }, { dims });
}
