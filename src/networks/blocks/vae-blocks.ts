import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { groupNorm } from "#/graph/ops/norm.ts";

/** Of every group norm of the VAE. */
export const epsilon = 1e-6;

/** The computing type of the VAE: some activations of SDXL's VAE exceed float16's 65504: computed in it, the picture comes out black. */
export const inFloat32 = (operators: Operators): Operators => ({ ...operators, compute: "float32" });

/**
 * The lowest level of both halves: res-block, attention over pixels, res-block.
 *
 * @param x features [N, C, H, W]
 */
export function vaeMiddle(m: Module, x: Value): Value {
  let h = vaeResBlock(m.at("block_1"), x);
  h = pixelAttention(m.at("attn_1"), h);
  return vaeResBlock(m.at("block_2"), h);
}

/**
 * A res-block without timestep, its shortcut a projection where the width changes.
 *
 * @param x features [N, Cin, H, W]
 */
export function vaeResBlock(m: Module, x: Value): Value {
  let h = conv2d(m.at("conv1"), groupNorm(m.at("norm1"), x, { epsilon, activation: "silu" }));
  h = conv2d(m.at("conv2"), groupNorm(m.at("norm2"), h, { epsilon, activation: "silu" }));
  return residual(m, m.has("nin_shortcut") ? conv2d(m.at("nin_shortcut"), x) : x, h);
}

/** Self-attention over pixels with one head as wide as the features. */
function pixelAttention(m: Module, x: Value): Value {
  const channels = m.size("norm.weight", 0);
  const { pixels, planes } = x.graph.operators;
  const h = groupNorm(m.at("norm"), x, { epsilon });
  const tokens = (name: "q" | "k" | "v"): Value => {
    if (m.size(`${name}.weight`, 0) !== channels)
      throw m.misshapen(`${name}.weight`, `${channels} output channels`);
    return pixels(conv2d(m.at(name), h)); // [N, HW, C]
  };
  const mixed = planes(attention({ q: tokens("q"), k: tokens("k"), v: tokens("v") }, 1), x);
  return residual(m, x, conv2d(m.at("proj_out"), mixed));
}
