import { type Dimension, sum } from "../dimensions.ts";
import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { gemm, mul } from "./arithmetic.ts";
import { product } from "./cast-parts.ts";
import { codedGeglu, codedLinear } from "./eight-bits.ts";
import { concat } from "./shape.ts";

/**
 * x · Wᵀ + b on rows, plus the LoRAs of this module (Hu et al. 2021): y + up(s · down(x)), alpha/r being part of up.
 *
 * @param m `weight` [out, in], optionally `bias` [out]
 * @param x rows [R, in]
 * @returns rows [R, out]
 * @throws ModelError `weight-shape` if the weights do not fit the rows or each other
 */
export const linear = (m: Module, x: Value): Value => projection(m, x, biasOf(m));

const biasOf = (m: Module): Value | undefined =>
  m.has("bias") ? m.vector("bias", m.size("weight", 0)) : undefined;

function checkMatrix(m: Module, width: Dimension | undefined): void {
  if (m.ref("weight").shape.length !== 2) throw m.misshapen("weight", "two axes");
  if (m.size("weight", 1) !== width) throw m.misshapen("weight", `${width} columns`);
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
  const parts = gatedParts(m, x);
  return parts.length === 1 ? (parts[0] as Value) : concat(parts, 1);
}

/** As {@link geglu}, in parts side by side. */
function gatedParts(m: Module, x: Value): readonly Value[] {
  const width = m.size("weight", 0);
  if (width % 2 !== 0) throw m.misshapen("weight", "an even number of rows");
  const bias = m.vectorParameter("bias", width);
  if (m.coded !== undefined) return codedGeglu(m, x, m.coded, bias);
  return [x.graph.operators.geglu(x.graph, (added) => projection(m, x, added), bias)];
}

/**
 * The feed-forward of a transformer that is gated: {@link geglu}, then back to the rows' width.
 *
 * @param first  of {@link geglu}
 * @param second of {@link linear}
 * @param x      rows [R, in]
 * @returns rows [R, out]
 * @throws ModelError `weight-shape` as {@link linear}
 */
export function gatedFeedForward(first: Module, second: Module, x: Value): Value {
  const { coded, lora } = second;
  if (coded === undefined || lora !== undefined) return linear(second, geglu(first, x));
  // What lies between is coded part by part, and never laid side by side as it is.
  const gated = gatedParts(first, x);
  checkMatrix(second, sum(gated.map(({ dims }) => dims[1] ?? 0)));
  return codedLinear(second, gated, coded, biasOf(second));
}

/** For any number of LoRAs their factors are joined, so that they take three nodes (`weights/derived`). */
function projection(m: Module, x: Value, bias: Value | undefined): Value {
  checkMatrix(m, x.dims[1]);
  const { lora, coded } = m;
  const y = coded === undefined ? product(x, m.parameter("weight"), bias) : codedLinear(m, [x], coded, bias);
  if (lora === undefined) return y;
  const low = mul(gemm(x, m.graph.weight(lora.down)), m.rankStrengths(lora));
  return gemm(low, m.graph.weight(lora.up), y);
}
