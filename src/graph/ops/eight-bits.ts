import { BugError } from "#/lib/errors.ts";
import type { CodedPart, CodedWeight } from "#/weights/eight-bits.ts";
import { rowsOf } from "#/weights/rows-of.ts";
import type { Parameter } from "../changed-weight.ts";
import { convolved, type Dimension, sum, type Window } from "../dimensions.ts";
import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { add, div, gemm, keepingShape, maximum, mul, sub } from "./arithmetic.ts";
import { reduced } from "./reduce.ts";
import { concat, dims, expand, reshape, split, squeeze, transpose, unsqueeze } from "./shape.ts";

const contrib = "com.microsoft";

/** So that features of zeros have a scale: far below what a network computes with. */
const tiny = 1e-30;

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
 * @param x rows [R, in]
 */
function codedRows(m: Module, x: Value): Rows {
  const g = x.graph;
  const scales = m.once(`scales of ${x.name}`, () => {
    const sizes = keepingShape("Abs", x);
    const largest = add(reduced("ReduceMax", sizes, [1]), nothingOf(sizes, [1]));
    return mul(largest, g.constant("float32", [1 / 127]));
  });
  const codes = m.once(`codes of ${x.name}`, () => {
    const middles = m.once(`middles of ${x.dims[0]} rows`, () =>
      expand(g.constant("uint8", [middle]), dims(x, 0, 1)),
    );
    const attributes = { axis: 0 };
    const result = { dims: x.dims, type: "uint8" } as const;
    return g.node("QuantizeLinear", [x, squeeze(scales, 1), middles], attributes, result);
  });
  return { codes, scales };
}

/** 0, or NaN where one of the numbers is none: the largest of some numbers passes over it, and so do codes. */
const nothingOf = (x: Value, axes: readonly number[]): Value =>
  mul(reduced("ReduceSum", x, axes), x.graph.constant("float32", [0]));

/**
 * Codes [R, in], of which this one is zero, times codes [in, width], each answer by the scale of its channel and, if there are
 * such, of its row [R, 1]: [R, width].
 */
function multiplied(
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
 * @param x     rows [R, in]
 * @param parts of the weight; what is given has as many
 * @returns rows [R, width] for each part, without the bias
 */
export function codedProducts(m: Module, x: Value, parts: CodedWeight): readonly Value[] {
  const { codes, scales } = codedRows(m, x);
  return parts.map((part) => multiplied(codes, part, middle, scales));
}

/** As {@link codedProducts}, the parts side by side and the bias added. */
export function codedLinear(m: Module, x: Value, parts: CodedWeight, bias: Value | undefined): Value {
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
 * @returns rows [R, out]
 */
export function codedGeglu(m: Module, x: Value, parts: CodedWeight, bias: Parameter): Value {
  const g = x.graph;
  const { lora } = m;
  const low = lora === undefined ? undefined : mul(gemm(x, g.weight(lora.down)), m.rankStrengths(lora));
  const halves = parts.length / 2;
  const width = parts[0]?.scales.shape[0] ?? 0;
  const biases = split(g.weight(bias), parts.length, 0);
  const whole = codedProducts(m, x, parts).map((y, at) => {
    if (lora === undefined || low === undefined) return y;
    return gemm(low, g.weight(rowsOf(lora.up, at * width, width)), y);
  });
  const gated = whole.slice(0, halves).map((value, at) => {
    const [gate, own, gateBias] = [whole[at + halves], biases[at], biases[at + halves]];
    if (gate === undefined || own === undefined || gateBias === undefined)
      throw new BugError(`A weight in ${parts.length} parts has no halves.`);
    const open = g.node("BiasGelu", [gate, gateBias], {}, { dims: gate.dims, domain: contrib });
    return mul(add(value, own), open);
  });
  return concat(gated, 1);
}

/**
 * A convolution with weight and features in 8 bits: the points under the kernel side by side as rows, then a product of
 * matrices. A kernel of one point takes its pixels as rows, each by its own largest value; a larger one the features of a
 * picture by their lowest and highest, which is never another picture's.
 *
 * @param x features [N, in, H, W]
 * @param bias [out]
 * @returns [N, out, H', W']
 */
export function codedConv(
  m: Module,
  x: Value,
  [part]: CodedWeight,
  { bias, window }: Readonly<{ bias: Value | undefined; window: Window }>,
): Value {
  if (part === undefined) throw new BugError("A weight in 8 bits has no parts.");
  const { kernel_shape: kernel, strides } = window;
  const isPoint = [...kernel, ...strides].every((n) => n === 1);
  return isPoint ? pointwise(m, x, part, bias) : underKernel(x, part, bias, window);
}

function pointwise(m: Module, x: Value, part: CodedPart, bias: Value | undefined): Value {
  const channels = Number(x.dims[1]);
  const pixels = transpose(reshape(x, [0, channels, -1]), [0, 2, 1]);
  const rows = codedLinear(m, reshape(pixels, [-1, channels]), [part], bias);
  return asFeatures(rows, dims(x, 0, 1), dims(x, 2, 4));
}

/** Rows [N * H * W, C] as features [N, C, H, W]; batch and size as vectors. */
function asFeatures(rows: Value, batch: Value, size: Value): Value {
  const g = rows.graph;
  const width = Number(rows.dims[1]);
  const pictures = reshape(rows, concat([batch, g.constant("int64", [-1, width])], 0));
  const planes = transpose(pictures, [0, 2, 1]);
  return reshape(planes, concat([batch, g.constant("int64", [width]), size], 0));
}

/** Codes of uint8, what one is worth [N], and which one is zero [N], a whole number as float32. */
type Features = Readonly<{ codes: Value; scale: Value; zero: Value }>;

/** Features with zeros around them in 8 bits, those of each picture between its lowest and its highest. */
function codedFeatures(x: Value, pads: Window["pads"]): Features {
  const g = x.graph;
  const all = [1, 2, 3];
  const vector = (value: Value): Value => reshape(value, [-1]);
  const nothing = g.constant("float32", [0]);
  const low = vector(reduced("ReduceMin", x, all));
  const lowest = g.node("Min", [low, nothing], {}, { dims: low.dims });
  const highest = maximum(vector(reduced("ReduceMax", x, all)), nothing);
  const width = mul(sub(highest, lowest), g.constant("float32", [1 / 255]));
  const scale = add(add(width, g.constant("float32", [tiny])), vector(nothingOf(x, all)));
  const zero = keepingShape("Round", div(keepingShape("Neg", lowest), scale));
  const wide = padded(x, pads);
  const codes = g.node(
    "QuantizeLinear",
    [wide, scale, g.cast(zero, "uint8")],
    { axis: 0 },
    {
      dims: wide.dims,
      type: "uint8",
    },
  );
  return { codes, scale, zero };
}

function padded(x: Value, [top, left, bottom, right]: Window["pads"]): Value {
  if (top + left + bottom + right === 0) return x;
  const [batch = 1, channels = 1, height = 1, width = 1] = x.dims;
  const pads = x.graph.constant("int64", [0, 0, top, left, 0, 0, bottom, right]);
  const shape = [batch, channels, sum([height, top + bottom]), sum([width, left + right])];
  return x.graph.node("Pad", [x, pads], {}, { dims: shape });
}

/** The middles are not at 0: what that adds to an answer is the same at every pixel, and is taken off with the bias. */
function underKernel(x: Value, part: CodedPart, bias: Value | undefined, window: Window): Value {
  const g = x.graph;
  const { codes, scale, zero } = codedFeatures(x, window.pads);
  const out = part.scales.shape[0] ?? 1;
  const shape = convolved(x.dims, out, window);
  const { rows, size } = pointsOf(codes, shape, window);
  const y = asFeatures(multiplied(rows, part, 0), dims(x, 0, 1), size);
  const offsets = mul(unsqueeze(mul(scale, zero), [1]), reshape(g.weight(part.sums), [1, -1])); // [N, out]
  const constant = bias === undefined ? keepingShape("Neg", offsets) : sub(reshape(bias, [1, -1]), offsets);
  const scaled = mul(y, unsqueeze(scale, [1, 2, 3]));
  return add(scaled, unsqueeze(constant, [2, 3]));
}

/** All points under a kernel side by side [N * H' * W', kh * kw * C], and H', W' as a vector. */
function pointsOf(
  codes: Value,
  [batch = 1, , height = 1, width = 1]: readonly Dimension[],
  { kernel_shape: [tall, wide], strides }: Window,
): Readonly<{ rows: Value; size: Value }> {
  const g = codes.graph;
  const channels = Number(codes.dims[1]);
  const last = channelsLast(codes, channels);
  const shape = [batch, height, width, channels];
  const points = Array.from({ length: tall * wide }, (_, at) => {
    const [y, x] = [Math.floor(at / wide), at % wide];
    const ends = [tall - 1 - y, wide - 1 - x].map((behind) => (behind === 0 ? 2 ** 31 : -behind));
    const inputs = [[y, x], ends, [1, 2], strides].map((numbers) => g.constant("int64", numbers));
    return g.node("Slice", [last, ...inputs], {}, { dims: shape });
  });
  const size = dims(points[0] as Value, 1, 3);
  return { rows: reshape(concat(points, 3), [-1, tall * wide * channels]), size };
}

/** [N, C, H, W] -> [N, H, W, C], as one transposition of matrices, which the runtime is quickest at. */
function channelsLast(x: Value, channels: number): Value {
  const pixels = transpose(reshape(x, [0, channels, -1]), [0, 2, 1]);
  const end = x.graph.constant("int64", [channels]);
  return reshape(pixels, concat([dims(x, 0, 1), dims(x, 2, 4), end], 0));
}
