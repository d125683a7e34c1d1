import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";

/**
 * Group normalisation with an affine part (Wu & He 2018), and the SiLU behind it where one follows: some providers have
 * both as one operation.
 *
 * @param m `weight` and `bias` [C]
 * @param x features [N, C, H, W]
 * @throws ModelError `weight-shape` if they do not have the features' channels, or those make no groups
 */
export function groupNorm(
  m: Module,
  x: Value,
  options: Readonly<{ epsilon: number; groups?: number; activation?: "silu" }>,
): Value {
  const { epsilon, groups = 32, activation } = options;
  const affine = {
    scale: m.vectorParameter("weight", x.dims[1]),
    bias: m.vectorParameter("bias", x.dims[1]),
  };
  if (m.size("weight", 0) % groups !== 0) throw m.misshapen("weight", `a multiple of ${groups} channels`);
  return x.graph.operators.groupNorm(x, affine, { groups, epsilon, silu: activation === "silu" });
}

/**
 * Layer normalisation over the last axis with an affine part (Ba et al. 2016).
 *
 * @param m       `weight` and `bias` [C]
 * @param x       rows [R, C]
 * @param epsilon torch's own where it is left out
 * @throws ModelError `weight-shape` if they do not have the rows' width
 */
export function layerNorm(m: Module, x: Value, epsilon = 1e-5): Value {
  const width = x.dims.at(-1);
  return x.graph.node(
    "LayerNormalization",
    [x, m.vector("weight", width), m.vector("bias", width)],
    { axis: -1, epsilon: { float: epsilon } },
    { dims: x.dims },
  );
}

/**
 * Batch normalisation (Ioffe & Szegedy 2015) by the means and variances that training kept, epsilon 1e-5.
 *
 * @param m `weight`, `bias`, `running_mean` and `running_var` [C]
 * @param x features [N, C, H, W]
 * @throws ModelError `weight-shape` if they do not have the features' channels
 */
export function batchNorm(m: Module, x: Value): Value {
  const numbers = ["weight", "bias", "running_mean", "running_var"].map((name) => m.vector(name, x.dims[1]));
  return x.graph.node("BatchNormalization", [x, ...numbers], { epsilon: { float: 1e-5 } }, { dims: x.dims });
}
