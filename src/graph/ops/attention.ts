import type { Value } from "../graph.ts";

/**
 * Multi-head attention, softmax(q · kᵀ / sqrt(d)) · v per head (Vaswani et al. 2017).
 *
 * @param q    queries [N, S, C]
 * @param k    keys [N, L, C]
 * @param v    values [N, L, C]
 * @param mask added to the scores, [1, 1, S, L]
 * @returns [N, S, C]
 */
export const attention = (q: Value, k: Value, v: Value, heads: number, mask?: Value): Value =>
  q.graph.operators.attention(q, k, v, heads, mask);
