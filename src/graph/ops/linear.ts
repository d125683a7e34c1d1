import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { gemm, mul } from "./arithmetic.ts";
import { product } from "./cast-parts.ts";
import { codedGeglu, codedLinear } from "./eight-bits.ts";

/**
 * x · Wᵀ + b on rows, plus the LoRAs of this module (Hu et al. 2021): y + up(s · down(x)), alpha/r being part of up.
 *
 * @param m `weight` [out, in], optionally `bias` [out]
 * @param x rows [R, in]
 * @returns rows [R, out]
 * @throws ModelError `weight-shape` if the weights do not fit the rows or each other
 */
export function linear(m: Module, x: Value): Value {
  return projection(m, x, m.has("bias") ? m.vector("bias", m.size("weight", 0)) : undefined);
}

/**
 * GEGLU (Shazeer 2020): one half of a projection, gated by the GELU of the other.
 *
 * @param m `weight` [2 * out, in], `bias` [2 * out]
 * @param x rows [R, in]
 * @returns rows [R, out]
 * @throws ModelError `weight-shape` as {@link linear}
 */
export function geglu(m: Module, x: Value): Value {
  const width = m.size("weight", 0);
  if (width % 2 !== 0) throw m.misshapen("weight", "an even number of rows");
  const bias = m.vectorParameter("bias", width);
  if (m.coded !== undefined) return codedGeglu(m, x, m.coded, bias);
  return x.graph.operators.geglu(x.graph, (added) => projection(m, x, added), bias);
}

/** For any number of LoRAs their factors are joined, so that they take three nodes (`weights/derived`). */
function projection(m: Module, x: Value, bias: Value | undefined): Value {
  if (m.ref("weight").shape.length !== 2) throw m.misshapen("weight", "two axes");
  if (m.size("weight", 1) !== x.dims[1]) throw m.misshapen("weight", `${x.dims[1]} columns`);
  const { lora, coded } = m;
  const y = coded === undefined ? product(x, m.parameter("weight"), bias) : codedLinear(m, x, coded, bias);
  if (lora === undefined) return y;
  const low = mul(gemm(x, m.graph.weight(lora.down)), m.rankStrengths(lora));
  return gemm(low, m.graph.weight(lora.up), y);
}
