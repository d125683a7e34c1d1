import type { Value } from "#/graph/graph.ts";
import { keepingShape, mul } from "#/graph/ops/arithmetic.ts";
import { concat, unsqueeze } from "#/graph/ops/shape.ts";

/**
 * Sinusoids of a number, cosines first (Vaswani et al. 2017, section 3.5, as latent diffusion orders them). Computed
 * in float32 whatever the graph computes in: the frequencies span four decades.
 *
 * @param t     numbers [N], float32
 * @param width even
 * @returns [N, width] in the computing type
 */
export function timestepEmbedding(t: Value, width: number): Value {
  const half = width / 2;
  const g = t.graph;
  const frequencies = Array.from({ length: half }, (_, i) => Math.exp((-Math.log(10000) * i) / half));
  const angles = mul(unsqueeze(t, [1]), g.constant("float32", frequencies, [1, half]));
  const both = concat([keepingShape("Cos", angles), keepingShape("Sin", angles)], 1);
  return g.computing(both);
}
