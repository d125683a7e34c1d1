import { dtypeBytes } from "#/weights/dtype.ts";
import { rowsOf } from "#/weights/rows-of.ts";
import type { Parameter } from "../changed-weight.ts";
import { type Dimension, quotient } from "../dimensions.ts";
import type { Value } from "../graph.ts";
import { gemm } from "./arithmetic.ts";
import { concat, split } from "./shape.ts";

/** Values of a matrix that are cast at once: 2 MB of float32, which a core's own cache holds until they are multiplied. */
const mostValues = 2 ** 19;

/** With fewer columns the runtime's product sums in another order, and the last bits would not be those of the whole matrix. */
const fewestColumns = 65;

/** Of so many rows for each item of a batch: a text's 77, not the one row of a timestep, nor a picture's. */
const [fewestRows, mostRows] = [16, 128];

/**
 * In how many equal parts a matrix is cast and multiplied, one after the other. One that is cast as a whole is written to memory and
 * fetched again, which for few rows takes a fifth of the product's own time; with more rows it is less, and each part is
 * two more nodes, which cost an opening. A matrix that is not cast, or that something is added to, stays whole.
 *
 * @param weight [out, in]
 * @param rows   how many it is multiplied with
 */
export function castParts(weight: Parameter, rows: Dimension): number {
  const [out = 0, input = 0] = weight.shape;
  const { changes = [], packed, dtype } = weight;
  const each = quotient(rows, "N");
  if (typeof each !== "number" || each < fewestRows || each > mostRows) return 1;
  if (changes.length > 0 || packed !== undefined || dtypeBytes[dtype] >= dtypeBytes.F32) return 1;
  const possible = [1, 2, 4, 8, 16].filter((n) => n === 1 || (out % n === 0 && out / n >= fewestColumns));
  return possible.find((n) => (out / n) * input <= mostValues) ?? possible.at(-1) ?? 1;
}

/**
 * x · Wᵀ + b, W in as many parts as the graph's operators want.
 *
 * @param x      rows [R, in]
 * @param weight [out, in]
 * @param bias   [out]
 * @returns rows [R, out], to the last bit those of the whole
 */
export function product(x: Value, weight: Parameter, bias: Value | undefined): Value {
  const g = x.graph;
  const parts = g.operators.castParts(weight, x.dims[0] ?? 1);
  if (parts === 1) return gemm(x, g.weight(weight), bias);
  const columns = (weight.shape[0] ?? 0) / parts;
  const biases = bias === undefined ? [] : split(bias, parts, 0);
  const answers = Array.from({ length: parts }, (_, at) =>
    gemm(x, g.weight(rowsOf(weight, at * columns, columns)), biases[at]),
  );
  return concat(answers, 1);
}
