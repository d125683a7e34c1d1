import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { geglu, linear } from "#/graph/ops/linear.ts";
import { groupNorm, layerNorm } from "#/graph/ops/norm.ts";
import { concat, dims, reshape, transpose } from "#/graph/ops/shape.ts";

/** Channels of one attention head. No shape tells it; every SDXL checkpoint has 64. */
const headSize = 64;

/** What all transformers of a network share: the text, and how many pictures are in the batch. */
export type Context = Readonly<{
  /** text rows [N * T, D] */
  rows: Value;
  /** N as a vector of one int64 */
  batch: Value;
}>;

/**
 * Transformer over the pixels of a feature map (Rombach et al. 2022, section 3.3), with linear projections as SDXL
 * has them. Tokens are kept as rows [N * H * W, C]; only attention sees the batch axis.
 *
 * @param x features [N, C, H, W]
 * @returns features [N, C, H, W]
 */
export function spatialTransformer(m: Module, x: Value, context: Context): Value {
  const channels = m.size("norm.weight", 0);
  if (m.ref("proj_in.weight").shape.length !== 2)
    throw m.misshapen("proj_in.weight", "two axes (a linear projection)");

  const h = groupNorm(m.at("norm"), x, { epsilon: 1e-6 });
  const pixels = transpose(reshape(h, [0, channels, -1]), [0, 2, 1]); // [N, HW, C]
  let rows = linear(m.at("proj_in"), reshape(pixels, [-1, channels]));
  for (let depth = 0; depth < m.count("transformer_blocks"); depth += 1) {
    rows = transformerBlock(m.at("transformer_blocks").at(depth), rows, context);
  }
  if (m.size("proj_out.weight", 0) !== channels) throw m.misshapen("proj_out.weight", `${channels} rows`);
  rows = linear(m.at("proj_out"), rows);

  const planes = transpose(batched(rows, channels, context), [0, 2, 1]); // [N, C, HW]
  return residual(m, x, reshape(planes, dims(x, 0, 4)));
}

/** Self-attention, cross-attention to the text, feed-forward; each on the normalised rows and added to them. */
function transformerBlock(m: Module, rows: Value, context: Context): Value {
  let x = rows;
  const own = layerNorm(m.at("norm1"), x);
  x = residual(m.at("attn1"), x, attend(m.at("attn1"), own, own, context));
  const asked = layerNorm(m.at("norm2"), x);
  x = residual(m.at("attn2"), x, attend(m.at("attn2"), asked, context.rows, context));
  const gated = geglu(m.at("ff.net.0.proj"), layerNorm(m.at("norm3"), x));
  return residual(m.at("ff"), x, linear(m.at("ff.net.2"), gated));
}

/**
 * @param x      rows [N * S, C] that ask
 * @param source rows [N * L, D] that answer
 */
function attend(m: Module, x: Value, source: Value, context: Context): Value {
  const width = m.size("to_q.weight", 0);
  if (width % headSize !== 0) throw m.misshapen("to_q.weight", `rows in multiples of ${headSize}`);
  for (const name of ["to_k.weight", "to_v.weight"])
    if (m.size(name, 0) !== width) throw m.misshapen(name, `${width} rows`);
  const q = batched(linear(m.at("to_q"), x), width, context);
  const k = batched(linear(m.at("to_k"), source), width, context);
  const v = batched(linear(m.at("to_v"), source), width, context);
  const mixed = attention({ q, k, v }, width / headSize);
  return linear(m.at("to_out.0"), reshape(mixed, [-1, width]));
}

/** Rows [N * S, C] as [N, S, C]. */
const batched = (rows: Value, width: number, { batch }: Context): Value =>
  reshape(rows, concat([batch, rows.graph.constant("int64", [-1, width])], 0));
