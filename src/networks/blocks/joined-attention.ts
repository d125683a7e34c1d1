import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { gemm } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { linear } from "#/graph/ops/linear.ts";
import { reshape, slice } from "#/graph/ops/shape.ts";

/** What attention compares and mixes, rows each. */
export type Asked = Readonly<{ q: Value; k: Value; v: Value }>;

/**
 * Attention with torch's own names (`nn.MultiheadAttention`): the projections of queries, keys and values in one matrix.
 *
 * @param m `in_proj_weight` [3 C, C], `in_proj_bias`, `out_proj`
 * @param asked rows [S, C], [L, C], [L, C]
 * @param mask [1, 1, S, L], added
 * @returns rows [S, C]
 * @throws ModelError `weight-shape`
 */
export function joinedAttention(m: Module, asked: Asked, heads: number, mask?: Value): Value {
  const width = Number(asked.q.dims[1]);
  if (m.ref("in_proj_weight").shape.join() !== `${3 * width},${width}` || width % heads !== 0)
    throw m.misshapen("in_proj_weight", `[${3 * width}, ${width}], in ${heads} heads`);
  const [weight, bias] = [m.weight("in_proj_weight"), m.vector("in_proj_bias", 3 * width)];
  const part = (x: Value, at: number): Value =>
    inBatch(gemm(x, thirdOf(weight, at, width), thirdOf(bias, at, width)));
  const read = { q: part(asked.q, 0), k: part(asked.k, 1), v: part(asked.v, 2) };
  return linear(m.at("out_proj"), outOfBatch(attention(read, heads, mask)));
}

const thirdOf = (x: Value, at: number, width: number): Value => slice(x, 0, at * width, (at + 1) * width);

/** Rows [R, C] -> [1, R, C]. */
export const inBatch = (x: Value): Value => reshape(x, [1, -1, Number(x.dims[1])]);

/** [1, R, C] -> rows [R, C]. */
export const outOfBatch = (x: Value): Value => reshape(x, [-1, Number(x.dims[2])]);
