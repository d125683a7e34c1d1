import type { Value } from "../graph.ts";

/** Elementwise sum with broadcasting. */
export const add = (a: Value, b: Value): Value => a.graph.node("Add", [a, b]);

/** Elementwise product with broadcasting. */
export const mul = (a: Value, b: Value): Value => a.graph.node("Mul", [a, b]);

/** Joins values along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  const first = values[0];
  if (first === undefined) throw new RangeError("nothing to join");
  return first.graph.node("Concat", values, { axis });
}

/** Cuts an axis into equal parts. */
export const split = (x: Value, parts: number, axis: number): readonly Value[] =>
  x.graph.nodeMany("Split", [x], parts, { axis, num_outputs: parts });

/** Inserts axes of length 1. */
export const unsqueeze = (x: Value, axes: readonly number[]): Value =>
  x.graph.node("Unsqueeze", [x, x.graph.constant("int64", axes)]);

/** Reorders axes. */
export const transpose = (x: Value, perm: readonly number[]): Value =>
  x.graph.node("Transpose", [x], { perm });

/** A new shape from numbers (0 keeps the dimension, -1 is worked out) or from a shape computed in the graph. */
export function reshape(x: Value, shape: readonly number[] | Value): Value {
  const dims = isValue(shape) ? shape : x.graph.constant("int64", shape);
  return x.graph.node("Reshape", [x, dims]);
}

const isValue = (shape: readonly number[] | Value): shape is Value => !Array.isArray(shape);

/** The dimensions `start` up to `end` as a vector of int64. */
export const dims = (x: Value, start: number, end: number): Value =>
  x.graph.node("Shape", [x], { start, end }, { type: "int64" });

/** Nearest-neighbour enlargement of [N, C, h, w] to the height and width in `size` (two int64). */
export function resizeNearest(x: Value, size: Value): Value {
  const sizes = concat([dims(x, 0, 2), size], 0);
  return x.graph.node("Resize", [x, undefined, undefined, sizes], {
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
}

/** Nearest-neighbour enlargement of [N, C, h, w] to twice the height and width. */
export function doubleNearest(x: Value): Value {
  const scales = x.graph.constant("float32", [1, 1, 2, 2]);
  return x.graph.node("Resize", [x, undefined, scales], {
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
}
