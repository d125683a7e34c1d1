import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { resizeNearest } from "#/graph/ops/resize.ts";
import { dims } from "#/graph/ops/shape.ts";
import { resBlock } from "./res-block.ts";
import { type Context, spatialTransformer } from "./spatial-transformer.ts";

/** What every block of a UNet is told: timestep and sizes [N, E] through a SiLU, and the text. */
export type Conditioning = Readonly<{ temb: Value; context: Context }>;

/** The first convolution, a downsampler, or a res-block with or without a transformer. */
export function inputBlock(m: Module, x: Value, { temb, context }: Conditioning): Value {
  if (m.has("0.op")) return conv2d(m.at("0.op"), x, { stride: 2 });
  if (!m.has("0.in_layers")) return conv2d(m.at("0"), x);
  const h = resBlock(m.at("0"), x, temb);
  return m.has("1") ? spatialTransformer(m.at("1"), h, context) : h;
}

/** Res-block, transformer, res-block; distilled models lack the last two, or all three. */
export function middleBlock(m: Module, x: Value, { temb, context }: Conditioning): Value {
  if (!m.has("0")) return x;
  let h = resBlock(m.at("0"), x, temb);
  if (m.has("1.proj_in")) h = spatialTransformer(m.at("1"), h, context);
  return m.has("2") ? resBlock(m.at("2"), h, temb) : h;
}

/**
 * @param x    features joined with their skip
 * @param next the skip that the following block will join: an upsampler goes to its exact size, so that odd sizes
 *             come back as they were
 */
export function outputBlock(
  m: Module,
  x: Value,
  { temb, context }: Conditioning,
  next: Value | undefined,
): Value {
  let h = resBlock(m.at("0"), x, temb);
  if (m.has("1.proj_in")) h = spatialTransformer(m.at("1"), h, context);
  const upsampler = ["1", "2"].find((index) => m.has(`${index}.conv`));
  if (upsampler === undefined || next === undefined) return h;
  return conv2d(m.at(upsampler).at("conv"), resizeNearest(h, dims(next, 2, 4)));
}
