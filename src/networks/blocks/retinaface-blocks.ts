import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, keepingShape, residual } from "#/graph/ops/arithmetic.ts";
import { type ConvOptions, conv2d } from "#/graph/ops/conv2d.ts";
import { batchNorm } from "#/graph/ops/norm.ts";
import { resizeNearest } from "#/graph/ops/resize.ts";
import { concat, dims } from "#/graph/ops/shape.ts";

/** Rectified linear unit, the only activation of this network. */
export const relu = (x: Value): Value => keepingShape("Relu", x);

/** A block that narrows, looks around and widens, and the way past it (He et al. 2015, figure 5 right). */
export function bottleneck(m: Module, x: Value, stride: number): Value {
  const narrow = relu(batchNorm(m.at("bn1"), conv2d(m.at("conv1"), x)));
  const seen = relu(batchNorm(m.at("bn2"), conv2d(m.at("conv2"), narrow, { stride })));
  const answer = batchNorm(m.at("bn3"), conv2d(m.at("conv3"), seen));
  const past = m.has("downsample")
    ? batchNorm(m.at("downsample.1"), conv2d(m.at("downsample.0"), x, { stride }))
    : x;
  return relu(residual(m, past, answer));
}

/** A convolution and its norm, as a sequence of two names them. */
const convNorm = (m: Module, x: Value, options?: ConvOptions): Value =>
  batchNorm(m.at("1"), conv2d(m.at("0"), x, options));

/**
 * The levels made equally wide, and to each but the coarsest what the next coarser one says (Lin et al. 2016).
 *
 * @param levels features, the finest first
 */
export function pyramid(m: Module, [fine, middle, coarse]: readonly [Value, Value, Value]): readonly Value[] {
  const [x1, x2, x3] = [
    relu(convNorm(m.at("output1"), fine)),
    relu(convNorm(m.at("output2"), middle)),
    relu(convNorm(m.at("output3"), coarse)),
  ] as const;
  const both = (into: Value, from: Value): Value => add(into, resizeNearest(from, dims(into, 2, 4)));
  const y2 = relu(convNorm(m.at("merge2"), both(x2, x3)));
  const y1 = relu(convNorm(m.at("merge1"), both(x1, y2)));
  return [y1, y2, x3];
}

/** What is seen through windows of 3, 5 and 7 pixels, side by side (Najibi et al. 2017, SSH). */
export function contextModule(m: Module, x: Value): Value {
  const narrow = relu(convNorm(m.at("conv5X5_1"), x));
  const seven = convNorm(m.at("conv7x7_3"), relu(convNorm(m.at("conv7X7_2"), narrow)));
  return relu(concat([convNorm(m.at("conv3X3"), x), convNorm(m.at("conv5X5_2"), narrow), seven], 1));
}
