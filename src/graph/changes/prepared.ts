import { broadcast } from "../dimensions.ts";
import type { Graph, Value } from "../graph.ts";

/** Numbers of a shape whose dimensions are all known: that of a weight. */
export const shapeOf = ({ dims }: Value): readonly number[] => dims.map(Number);

/** A node before all nodes, in float32. */
const prepared = (
  g: Graph,
  op: string,
  inputs: readonly [Value, ...Value[]],
  dims: readonly number[],
): Value => g.prepare(op, inputs, { type: "float32", dims });

const elementwise =
  (op: string) =>
  (g: Graph, a: Value, b: Value): Value =>
    g.prepare(op, [a, b], { type: "float32", dims: broadcast(a.dims, b.dims) });

/** Sum, difference, product and quotient of weights, with broadcasting. */
export const added = elementwise("Add");
export const less = elementwise("Sub");
export const multiplied = elementwise("Mul");
export const divided = elementwise("Div");

/** The same values under another shape. */
export const reshaped = (g: Graph, x: Value, dims: readonly number[]): Value =>
  shapeOf(x).join() === dims.join() ? x : prepared(g, "Reshape", [x, g.constant("int64", dims)], dims);

/** Axes in another order. */
export const reordered = (g: Graph, x: Value, perm: readonly number[]): Value => {
  const dims = perm.map((axis) => shapeOf(x)[axis] ?? 1);
  return g.prepare("Transpose", [x], { type: "float32", dims }, { perm });
};

/** Matrix products of [..., r, k] and [..., k, c]; axes before them are broadcast. */
export function matmul(g: Graph, a: Value, b: Value): Value {
  const [left, right] = [shapeOf(a), shapeOf(b)];
  const before = broadcast(left.slice(0, -2), right.slice(0, -2)).map(Number);
  return prepared(g, "MatMul", [a, b], [...before, left.at(-2) ?? 1, right.at(-1) ?? 1]);
}

/** sum + a · b, of matrices. */
export const plusProduct = (g: Graph, sum: Value, [a, b]: readonly [Value, Value]): Value =>
  g.prepare("Gemm", [a, b, sum], { type: "float32", dims: sum.dims });

/** Lengths over some axes, which stay as axes of length 1. */
export function lengths(g: Graph, x: Value, axes: readonly number[]): Value {
  const dims = shapeOf(x).map((n, axis) => (axes.includes(axis) ? 1 : n));
  return prepared(g, "ReduceL2", [x, g.constant("int64", axes)], dims);
}
