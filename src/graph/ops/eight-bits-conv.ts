import { BugError } from "#/lib/errors.ts";
import type { CodedPart, CodedWeight } from "#/weights/eight-bits.ts";
import { convolved, product, type Window } from "../dimensions.ts";
import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { add, div, keepingShape, maximum, mul, sub } from "./arithmetic.ts";
import { codedLinear, multiplied, nothingOf } from "./eight-bits.ts";
import { pointsUnderKernel } from "./points-under-kernel.ts";
import { reduced } from "./reduce.ts";
import { concat, dims, expand, reshape, transpose, unsqueeze } from "./shape.ts";

/** So that features of zeros have a scale: far below what a network computes with. */
const tiny = 1e-30;

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
  return isPoint ? pointwise(m, x, part, bias) : underKernel(m, x, part, { bias, window });
}

function pointwise(m: Module, x: Value, part: CodedPart, bias: Value | undefined): Value {
  const g = x.graph;
  const rows = codedLinear(m, [reshape(pixelsOf(x), [-1, Number(x.dims[1])])], [part], bias);
  const batch = dims(x, 0, 1);
  const width = Number(rows.dims[1]);
  const pictures = reshape(rows, concat([batch, g.constant("int64", [-1, width])], 0));
  const planes = transpose(pictures, [0, 2, 1]);
  return reshape(planes, concat([batch, g.constant("int64", [width]), dims(x, 2, 4)], 0));
}

/** [N, C, H, W] -> [N, H * W, C], as one transposition of matrices, which the runtime is quickest at. */
const pixelsOf = (x: Value): Value => transpose(reshape(x, [0, Number(x.dims[1]), -1]), [0, 2, 1]);

/** Codes of uint8 [N, C, H, W], what one is worth [N], and which one is zero [N], a whole number as float32. */
type Features = Readonly<{ codes: Value; scale: Value; zero: Value }>;

/** Features in 8 bits, those of each picture between their lowest and their highest, or 0. */
function codedFeatures(x: Value): Features {
  const g = x.graph;
  const all = [1, 2, 3];
  const vector = (value: Value): Value => reshape(value, [-1]);
  const nothing = g.constant("float32", [0]);
  const low = vector(reduced("ReduceMin", x, all));
  const lowest = g.node("Min", [low, nothing], {}, { dims: low.dims });
  const highest = maximum(vector(reduced("ReduceMax", x, all)), nothing);
  const width = mul(sub(highest, lowest), g.constant("float32", [1 / 255]));
  const scale = add(
    add(width, g.constant("float32", [tiny])),
    vector(nothingOf(reduced("ReduceSum", x, all))),
  );
  const zero = keepingShape("Round", div(keepingShape("Neg", lowest), scale));
  const result = { dims: x.dims, type: "uint8" } as const;
  const codes = g.node("QuantizeLinear", [x, scale, g.cast(zero, "uint8")], { axis: 0 }, result);
  return { codes, scale, zero };
}

/**
 * Strip by strip, so that the rows of one, and their sums, stay in the cache of a processor's core from the points to the answer.
 * The middles are not at 0: what that adds to an answer is the same at every pixel, and is taken off with the bias.
 */
function underKernel(
  m: Module,
  x: Value,
  part: CodedPart,
  { bias, window }: Readonly<{ bias: Value | undefined; window: Window }>,
): Value {
  const g = x.graph;
  const [batch, channels, width] = [dims(x, 0, 1), Number(x.dims[1]), part.scales.shape[0] ?? 1];
  if (part.sums === undefined) throw new BugError("A kernel in 8 bits has no sums.");
  const { codes, scale, zero } = codedFeatures(x);
  // One more pixel, which the points beyond the border are.
  const beyond = reshape(g.cast(zero, "uint8"), [-1, 1, 1]);
  const border = expand(beyond, concat([batch, g.constant("int64", [1, channels])], 0));
  const pixels = concat([pixelsOf(codes), border], 1);

  const offsets = mul(unsqueeze(mul(scale, zero), [1]), reshape(g.weight(part.sums), [1, -1])); // [N, out]
  const constant = bias === undefined ? keepingShape("Neg", offsets) : sub(reshape(bias, [1, -1]), offsets);
  const [factor, addend] = [unsqueeze(scale, [1, 2]), unsqueeze(constant, [1])];

  const { strips, size } = pointsUnderKernel(m, x, window);
  const apart = concat([batch, g.constant("int64", [-1, width])], 0);
  const planes = strips.map((points) => {
    const [pixelsOfStrip = 1, under = 1] = points.dims;
    const shape = [x.dims[0] ?? 1, pixelsOfStrip, under, channels];
    const found = g.node("Gather", [pixels, points], { axis: 1 }, { dims: shape });
    const rows = reshape(found, [-1, Number(under) * channels]);
    const answer = reshape(multiplied(rows, part, 0), apart);
    return transpose(add(mul(answer, factor), addend), [0, 2, 1]);
  });
  const [pictureCount = 1, , height = 1, across = 1] = convolved(x.dims, width, window);
  const joined = { dims: [pictureCount, width, product([height, across])] };
  const whole = planes.length === 1 ? planes[0] : g.node("Concat", planes, { axis: 2 }, joined);
  if (whole === undefined) throw new BugError("A picture has no strips.");
  return reshape(whole, concat([batch, g.constant("int64", [width]), size], 0));
}
