import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, keepingShape, mul, residual } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { concat } from "#/graph/ops/shape.ts";

/** How much of what a block finds is added to what passes beside it (the paper's beta). */
const beta = 0.2;

/** Leaky ReLU with a slope of 0.2, the only activation of this network. */
export const leaky = (x: Value): Value => keepingShape("LeakyRelu", x, { alpha: { float: 0.2 } });

/** By a number without an axis: only that is folded into the convolution before it, which then stays in the kernels' own order. */
const scaled = (x: Value): Value => mul(x, x.graph.number([beta], []));

/**
 * The same where no convolution comes before it: as a convolution of each channel alone. An elementwise product would take the
 * features out of the kernels' own order and all that follows with them.
 */
function scaledAlone(x: Value): Value {
  const channels = Number(x.dims[1]);
  const kernel = x.graph.number(
    Array.from({ length: channels }, () => beta),
    [channels, 1, 1, 1],
  );
  return x.graph.node("Conv", [x, kernel], { kernel_shape: [1, 1], group: channels }, { dims: x.dims });
}

/**
 * Residual in residual: three dense blocks in a row, and beside them all a way past (figure 4, right half).
 *
 * @param x features [N, C, h, w]
 */
export function rrdb(m: Module, x: Value): Value {
  const found = ["rdb1", "rdb2", "rdb3"].reduce((h, name) => denseBlock(m.at(name), h), x);
  return residual(m, x, scaledAlone(found));
}

/**
 * Each of four convolutions sees all that was found before it; the fifth makes features of it (figure 4, left half). What
 * ESRGAN+ added (Rakotonirina & Rasoanaivo 2020) is two more ways past, where the file has them.
 */
function denseBlock(m: Module, x: Value): Value {
  const next = (n: number, seen: Value): Value => leaky(conv2d(m.at(`conv${n}`), seen));
  const plus = m.has("conv1x1");
  const x1 = next(1, x);
  const new2 = next(2, concat([x, x1], 1));
  const x2 = plus ? add(new2, conv2d(m.at("conv1x1"), x)) : new2;
  const x3 = next(3, concat([x, x1, x2], 1));
  const new4 = next(4, concat([x, x1, x2, x3], 1));
  const x4 = plus ? add(new4, x2) : new4;
  const found = conv2d(m.at("conv5"), concat([x, x1, x2, x3, x4], 1));
  return residual(m, x, scaled(found));
}
