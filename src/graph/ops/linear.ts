import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { mul } from "./arithmetic.ts";

/**
 * x · Wᵀ + b on rows, plus the LoRA branches of this module (Hu et al. 2021): y + s · alpha/r · up(down(x)).
 *
 * @param m `weight` [out, in], optionally `bias` [out]
 * @param x rows [R, in]
 * @returns rows [R, out]
 */
export function linear(m: Module, x: Value): Value {
  return projection(m, x, m.has("bias") ? m.weight("bias") : undefined);
}

/**
 * GEGLU (Shazeer 2020): one half of a projection, gated by the GELU of the other.
 *
 * @param m `weight` [2 * out, in], `bias` [2 * out]
 * @param x rows [R, in]
 * @returns rows [R, out]
 */
export function geglu(m: Module, x: Value): Value {
  const width = m.size("weight", 0);
  if (width % 2 !== 0) throw m.misshapen("weight", "an even number of rows");
  return x.graph.operators.geglu(x.graph, (bias) => projection(m, x, bias), m.ref("bias"));
}

function projection(m: Module, x: Value, bias: Value | undefined): Value {
  if (m.ref("weight").shape.length !== 2) throw m.misshapen("weight", "two axes");
  let y = gemm(x, m.weight("weight"), bias);
  for (const { index, down, up, scale } of m.loras) {
    const low = gemm(x, m.graph.weight(down, [down.shape[0] ?? 0, sizeBeyondFirst(down.shape)]));
    const strength = mul(m.loraStrength(index), m.graph.number([scale]));
    y = gemm(mul(low, strength), m.graph.weight(up, [up.shape[0] ?? 0, sizeBeyondFirst(up.shape)]), y);
  }
  return y;
}

const gemm = (x: Value, weight: Value, bias?: Value): Value =>
  x.graph.node("Gemm", bias === undefined ? [x, weight] : [x, weight, bias], { transB: 1 });

const sizeBeyondFirst = (shape: readonly number[]): number =>
  shape.slice(1).reduce((product, n) => product * n, 1);
