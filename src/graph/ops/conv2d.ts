import type { Window } from "../dimensions.ts";
import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { mul } from "./arithmetic.ts";
import { codedConv } from "./eight-bits-conv.ts";

export type ConvOptions = Readonly<{
  stride?: number;
  /** All four sides, or top, left, bottom, right. Half the kernel when left out, which keeps the size. */
  padding?: number | readonly [number, number, number, number];
}>;

/**
 * 2-D convolution, plus the joined LoRA factors of this module: down has the kernel, stride and padding of W, up is 1x1.
 *
 * @param m `weight` [out, in, kh, kw], optionally `bias` [out]
 * @param x features [N, in, H, W]
 * @throws ModelError `weight-shape` if the weights do not fit the features or each other
 */
export function conv2d(m: Module, x: Value, options: ConvOptions = {}): Value {
  const { shape } = m.ref("weight");
  if (shape.length !== 4) throw m.misshapen("weight", "four axes");
  if (shape[1] !== x.dims[1]) throw m.misshapen("weight", `${x.dims[1]} input channels`);
  if (options.padding === undefined && shape.slice(2).some((side) => side % 2 === 0))
    throw m.misshapen("weight", "a kernel of odd sides");
  const { conv, pointwiseAdd } = x.graph.operators;
  const bias = m.has("bias") ? m.vectorParameter("bias", shape[0]) : undefined;
  const window = convWindow(shape, options);
  const { lora, coded } = m;
  const y =
    coded === undefined
      ? conv(x, m.parameter("weight"), bias, window)
      : codedConv(m, x, coded, { bias: bias && x.graph.weight(bias), window });
  if (lora === undefined) return y;
  const low = conv(x, lora.down, undefined, convWindow(lora.down.shape, options));
  return pointwiseAdd(mul(low, m.rankStrengths(lora, [1, 1])), lora.up, y);
}

function convWindow(shape: readonly number[], options: ConvOptions): Window {
  const [, , height = 1, width = 1] = shape;
  const { stride = 1, padding } = options;
  const pads =
    padding === undefined
      ? ([(height - 1) / 2, (width - 1) / 2, (height - 1) / 2, (width - 1) / 2] as const)
      : typeof padding === "number"
        ? ([padding, padding, padding, padding] as const)
        : padding;
  return { kernel_shape: [height, width], pads, strides: [stride, stride] };
}
