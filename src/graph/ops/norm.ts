import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";

/**
 * Group normalisation with an affine part (Wu & He 2018).
 *
 * @param m `weight` and `bias` [C]
 * @param x features [N, C, H, W]
 */
export function groupNorm(
  m: Module,
  x: Value,
  options: Readonly<{ epsilon: number; groups?: number }>,
): Value {
  const channels = m.size("weight", 0);
  const dims = [1, channels, 1, 1];
  const { epsilon, groups = 32 } = options;
  return x.graph.operators.groupNorm(x, m.weight("weight", dims), m.weight("bias", dims), groups, epsilon);
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
