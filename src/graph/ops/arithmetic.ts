import { BugError } from "#/lib/errors.ts";
import { broadcast, sameShape, shapeText } from "../dimensions.ts";
import type { Node, Value } from "../graph.ts";
import type { Module } from "../module.ts";

/**
 * Elementwise sum with broadcasting.
 *
 * @throws BugError if the shapes do not fit, as all functions here
 */
export const add = (a: Value, b: Value): Value =>
  a.graph.node("Add", [a, b], {}, { dims: broadcast(a.dims, b.dims) });

/** Elementwise product with broadcasting. */
export const mul = (a: Value, b: Value): Value =>
  a.graph.node("Mul", [a, b], {}, { dims: broadcast(a.dims, b.dims) });

/** Elementwise quotient with broadcasting. */
export const div = (a: Value, b: Value): Value =>
  a.graph.node("Div", [a, b], {}, { dims: broadcast(a.dims, b.dims) });

/** Elementwise difference with broadcasting. */
export const sub = (a: Value, b: Value): Value =>
  a.graph.node("Sub", [a, b], {}, { dims: broadcast(a.dims, b.dims) });

/** Elementwise maximum with broadcasting. */
export const maximum = (a: Value, b: Value): Value =>
  a.graph.node("Max", [a, b], {}, { dims: broadcast(a.dims, b.dims) });

/** An operation that keeps the shape: a function of each number, or a normalisation of an axis. */
export const keepingShape = (op: string, x: Value, attributes: Node["attributes"] = {}, domain = ""): Value =>
  x.graph.node(op, [x], attributes, { dims: x.dims, domain });

/**
 * What a module answers, added to what passes beside it.
 *
 * @throws ModelError `weight-shape` naming the module, if its weights give another shape
 */
export function residual(m: Module, x: Value, answer: Value): Value {
  if (sameShape(x.dims, answer.dims)) return add(x, answer);
  throw m.misfit(`gives ${shapeText(answer.dims)}, which should be added to ${shapeText(x.dims)}`);
}

/** Matrix products of [..., R, K] and [..., K, C]; the axes before the last two are equal. */
export function matmul(a: Value, b: Value): Value {
  const inner = [a.dims.at(-1), b.dims.at(-2)];
  const before = a.dims.slice(0, -2);
  if (inner[0] !== inner[1] || !sameShape(before, b.dims.slice(0, -2)))
    throw new BugError(`Matrices ${shapeText(a.dims)} and ${shapeText(b.dims)} have no product.`);
  return a.graph.node("MatMul", [a, b], {}, { dims: [...before, a.dims.at(-2) ?? 1, b.dims.at(-1) ?? 1] });
}

/**
 * x · Wᵀ + b
 *
 * @param x      [R, in]
 * @param weight [out, in]
 * @param bias   [out] or [R, out]
 */
export function gemm(x: Value, weight: Value, bias?: Value): Value {
  const [rows = 1, width] = x.dims;
  const [out = 1, columns] = weight.dims;
  const dims = [rows, out];
  if (width !== columns || !sameShape(dims, bias === undefined ? dims : broadcast(dims, bias.dims)))
    throw new BugError(
      `Rows ${shapeText(x.dims)} do not fit a matrix ${shapeText(weight.dims)} and its bias.`,
    );
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  return x.graph.node("Gemm", inputs, { transB: 1 }, { dims });
}

/** Rows of a table by their numbers: the shape of `ids` with the table's other axes behind it. */
export const gather = (table: Value, ids: Value): Value =>
  table.graph.node("Gather", [table, ids], { axis: 0 }, { dims: [...ids.dims, ...table.dims.slice(1)] });
