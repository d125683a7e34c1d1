import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";

/**
 * Group normalisation with an affine part (Wu & He 2018), and the SiLU behind it where one follows: some providers have
 * both as one operation.
 *
 * @param m `weight` and `bias` [C]
 * @param x features [N, C, H, W]
 */
export function groupNorm(
  m: Module,
  x: Value,
  options: Readonly<{ epsilon: number; groups?: number; activation?: "silu" }>,
): Value {
  const { epsilon, groups = 32, activation } = options;
  const affine = { scale: m.ref("weight"), bias: m.ref("bias") };
  return x.graph.operators.groupNorm(x, affine, { groups, epsilon, silu: activation === "silu" });
}

/**
 * Layer normalisation over the last axis with an affine part (Ba et al. 2016), epsilon 1e-5.
 *
 * @param m `weight` and `bias` [C]
 * @param x rows [R, C]
 */
export function layerNorm(m: Module, x: Value): Value {
  return x.graph.node("LayerNormalization", [x, m.weight("weight"), m.weight("bias")], {
    axis: -1,
    epsilon: { float: 1e-5 },
  });
}
