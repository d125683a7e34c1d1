import { BugError } from "#/lib/errors.ts";
import type { CodedPart, CodedWeight } from "#/weights/eight-bits.ts";
import { rowsOf } from "#/weights/rows-of.ts";
import type { Parameter } from "../changed-weight.ts";
import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { add, gemm, keepingShape, mul } from "./arithmetic.ts";
import { reduced } from "./reduce.ts";
import { concat, dims, expand, split, squeeze } from "./shape.ts";

const contrib = "com.microsoft";

/** The code of 0 in rows. */
const middle = 128;

/** Codes of uint8 [R, in] around 128, and what a code of each row is worth [R, 1]. */
type Rows = Readonly<{ codes: Value; scales: Value }>;

/**
 * Rows in 8 bits, each by its own largest value: however large one is, the others keep their precision, and a picture is the
 * same alone and in a batch. Made once for all modules that read the same rows. Of a row of zeros the codes mean nothing,
 * and what one is worth is 0.
 *
 * @param m any module of the network
 * @param parts of the rows [R, width], side by side
 */
function codedRows(m: Module, parts: readonly Value[]): Rows {
  const name = parts.map((part) => part.name).join(" ");
  const scales = m.once(`scales of ${name}`, () => {
    const largest = largestOf(parts);
    return mul(largest, largest.graph.constant("float32", [1 / 127]));
  });
  const codes = m.once(`codes of ${name}`, () => {
    const each = squeeze(scales, 1);
    const coded = parts.map((part) => quantised(m, part, each));
    return coded.length === 1 ? (coded[0] as Value) : concat(coded, 1);
  });
  return { codes, scales };
}

/** The largest size in each row [R, 1], NaN where there is one. Two passes that read cost less than one that writes sizes. */
function largestOf(parts: readonly Value[]): Value {
  const of = (op: Parameters<typeof reduced>[0]): readonly Value[] =>
    parts.map((part) => reduced(op, part, [1]));
  const lowest = ofAll("Min", of("ReduceMin"));
  const largest = ofAll("Max", [...of("ReduceMax"), keepingShape("Neg", lowest)]);
  return add(largest, nothingOf(ofAll("Sum", of("ReduceSum"))));
}

/** An operation on any number of values of one shape. */
function ofAll(op: "Min" | "Max" | "Sum", values: readonly Value[]): Value {
  const first = values[0] as Value;
  return values.length === 1 ? first : first.graph.node(op, values, {}, { dims: first.dims });
}

function quantised(m: Module, x: Value, scales: Value): Value {
  const g = x.graph;
  const middles = m.once(`middles of ${x.dims[0]} rows`, () =>
    expand(g.constant("uint8", [middle]), dims(x, 0, 1)),
  );
  return g.node("QuantizeLinear", [x, scales, middles], { axis: 0 }, { dims: x.dims, type: "uint8" });
}

/** 0, or NaN where one of the numbers of a sum is none: the largest of some numbers passes over it, and so do codes. */
export const nothingOf = (sum: Value): Value => mul(sum, sum.graph.constant("float32", [0]));

/**
 * Codes [R, in], of which this one is zero, times codes [in, width], each answer by the scale of its channel and, if there are
 * such, of its row [R, 1]: [R, width].
 */
export function multiplied(
  codes: Value,
  { codes: weight, scales }: CodedPart,
  zero: number,
  rowScales?: Value,
): Value {
  const g = codes.graph;
  const [rows = 1, input] = codes.dims;
  const [height, width = 1] = weight.shape;
  if (input !== height) throw new BugError(`Rows of ${input} do not fit a weight of ${height}.`);
  const inputs = [
    codes,
    g.stored(weight, weight.shape, "int8"),
    rowScales ?? g.constant("float32", [1], []),
    g.weight(scales),
    g.constant("uint8", [zero], []),
  ];
  return g.node(
    "MatMulIntegerToFloat",
    inputs,
    {},
    { dims: [rows, width], type: "float32", domain: contrib },
  );
}

/**
 * x · Wᵀ + b with weight and rows in 8 bits, part by part.
 *
 * @param x     rows [R, in], in parts side by side
 * @param parts of the weight; what is given has as many
 * @returns rows [R, width] for each part, without the bias
 */
function codedProducts(m: Module, x: readonly Value[], parts: CodedWeight): readonly Value[] {
  const { codes, scales } = codedRows(m, x);
  return parts.map((part) => multiplied(codes, part, middle, scales));
}

/** As {@link codedProducts}, the parts side by side and the bias added. */
export function codedLinear(
  m: Module,
  x: readonly Value[],
  parts: CodedWeight,
  bias: Value | undefined,
): Value {
  const products = codedProducts(m, x, parts);
  const y = products.length === 1 ? (products[0] as Value) : concat(products, 1);
  return bias === undefined ? y : add(y, bias);
}

/**
 * GEGLU (Shazeer 2020) with weight and rows in 8 bits. The halves are projected, gated and multiplied part by part: the
 * sums of a product that is wider than the processor's cache are fetched again and again.
 *
 * @param m     with the LoRAs of this module
 * @param x     rows [R, in]
 * @param parts of the weight, an even number of them
 * @param bias  [2 * out]
 * @returns rows [R, out], in parts side by side
 */
export function codedGeglu(m: Module, x: Value, parts: CodedWeight, bias: Parameter): readonly Value[] {
  const g = x.graph;
  const { lora } = m;
  const low = lora === undefined ? undefined : mul(gemm(x, g.weight(lora.down)), m.rankStrengths(lora));
  const halves = parts.length / 2;
  const width = parts[0]?.scales.shape[0] ?? 0;
  const biases = split(g.weight(bias), parts.length, 0);
  const whole = codedProducts(m, [x], parts).map((y, at) => {
    if (lora === undefined || low === undefined) return y;
    return gemm(low, g.weight(rowsOf(lora.up, at * width, width)), y);
  });
  return whole.slice(0, halves).map((value, at) => {
    const [gate, own, gateBias] = [whole[at + halves], biases[at], biases[at + halves]];
    if (gate === undefined || own === undefined || gateBias === undefined)
      throw new BugError(`A weight in ${parts.length} parts has no halves.`);
    const open = g.node("BiasGelu", [gate, gateBias], {}, { dims: gate.dims, domain: contrib });
    return mul(add(value, own), open);
  });
}
