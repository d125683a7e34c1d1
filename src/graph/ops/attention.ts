import type { Value } from "../graph.ts";
import type { Attended } from "../operators.ts";

/**
 * Multi-head attention, softmax(q · kᵀ / sqrt(d)) · v per head (Vaswani et al. 2017).
 *
 * @param read queries [N, S, C], keys [N, L, C], values [N, L, V]; d is of queries and keys
 * @param mask added to the scores, [1, 1, S, L]
 * @returns [N, S, V]
 */
export const attention = (read: Attended, heads: number, mask?: Value): Value =>
  read.q.graph.operators.attention(read, heads, mask);
