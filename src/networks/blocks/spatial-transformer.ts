import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { gatedFeedForward, linear } from "#/graph/ops/linear.ts";
import { groupNorm, layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape } from "#/graph/ops/shape.ts";
import type { ImageAttention } from "./image-attention.ts";
import type { Reading } from "./text-attention.ts";

/** What no shape tells of a family's transformers. */
export type TransformerKind = Readonly<{
  /** Heads of an attention of so many channels; undefined where these make no heads. */
  heads: (width: number) => number | undefined;
  /** By what pixels get in and out: a matrix, or a kernel of 1 x 1. */
  projections: "matrix" | "kernel";
}>;

/** Every SDXL checkpoint has heads of 64 channels. */
const headSize = 64;
export const sdxlTransformers: TransformerKind = {
  heads: (width) => (width % headSize === 0 ? width / headSize : undefined),
  projections: "matrix",
};

/** Stable Diffusion 1.x has eight heads of whatever size. */
const headCount = 8;
export const sd1Transformers: TransformerKind = {
  heads: (width) => (width % headCount === 0 ? headCount : undefined),
  projections: "kernel",
};

/** What all transformers of a network share: the text, and how many pictures are in the batch. */
export type Context = TransformerKind &
  (Readonly<{ /** text rows [N * T, D] */ rows: Value }> | Readonly<{ texts: Reading }>) &
  Readonly<{
    /** N as a vector of one int64 */
    batch: Value;
    /** What pictures say beside the text, asked at each cross-attention in the order of drawing. */
    images?: ImageAttention;
  }>;

/**
 * Transformer over the pixels of a feature map (Rombach et al. 2022, section 3.3), with the projections of its family. Tokens are kept as rows [N * H * W, C]; only attention sees the batch axis.
 *
 * @param x features [N, C, H, W]
 * @returns features [N, C, H, W]
 */
export function spatialTransformer(m: Module, x: Value, context: Context): Value {
  const channels = m.size("norm.weight", 0);
  const axes = m.ref("proj_in.weight").shape.length;
  if (context.projections === "matrix" && axes !== 2)
    throw m.misshapen("proj_in.weight", "two axes (a linear projection)");

  const h = groupNorm(m.at("norm"), x, { epsilon: 1e-6 });
  if (context.projections === "kernel") {
    const inside = transformed(m, conv2d(m.at("proj_in"), h), context);
    return residual(m, x, conv2d(m.at("proj_out"), inside));
  }
  const { pixels, planes } = x.graph.operators;
  let rows = linear(m.at("proj_in"), reshape(pixels(h), [-1, channels]));
  for (let depth = 0; depth < m.count("transformer_blocks"); depth += 1) {
    rows = transformerBlock(m.at("transformer_blocks").at(depth), rows, context);
  }
  if (m.size("proj_out.weight", 0) !== channels) throw m.misshapen("proj_out.weight", `${channels} rows`);
  rows = linear(m.at("proj_out"), rows);

  return residual(m, x, planes(batched(rows, channels, context), x));
}

/** The blocks alone, on features [N, C, H, W]. */
function transformed(m: Module, x: Value, context: Context): Value {
  const channels = m.size("proj_in.weight", 0);
  const { pixels, planes } = x.graph.operators;
  let rows = reshape(pixels(x), [-1, channels]);
  for (let depth = 0; depth < m.count("transformer_blocks"); depth += 1)
    rows = transformerBlock(m.at("transformer_blocks").at(depth), rows, context);
  return planes(batched(rows, channels, context), x);
}

/** Self-attention, cross-attention to the text, feed-forward; each on the normalised rows and added to them. */
function transformerBlock(m: Module, rows: Value, context: Context): Value {
  let x = rows;
  const own = layerNorm(m.at("norm1"), x);
  x = residual(
    m.at("attn1"),
    x,
    attend(m.at("attn1"), { x: own, read: projected(m.at("attn1"), own, context) }, context),
  );
  const asked = layerNorm(m.at("norm2"), x);
  const { images } = context;
  const read: Reading = "texts" in context ? context.texts : projected(m.at("attn2"), context.rows, context);
  x = residual(m.at("attn2"), x, attend(m.at("attn2"), { x: asked, read, images }, context));
  const fed = gatedFeedForward(m.at("ff.net.0.proj"), m.at("ff.net.2"), layerNorm(m.at("norm3"), x));
  return residual(m.at("ff"), x, fed);
}

/** Rows [N * S, C] that ask, keys and values [N, L, C] that answer, and pictures that answer besides. */
type Asking = Readonly<{ x: Value; read: Reading; images?: ImageAttention | undefined }>;

function attend(m: Module, { x, read, images }: Asking, context: Context): Value {
  const width = m.size("to_q.weight", 0);
  const heads = context.heads(width);
  if (heads === undefined) throw m.misshapen("to_q.weight", "rows that make whole heads");
  for (const name of ["to_k.weight", "to_v.weight"])
    if (m.size(name, 0) !== width) throw m.misshapen(name, `${width} rows`);
  const asking = linear(m.at("to_q"), x);
  const q = batched(asking, width, context);
  const mixed = reshape(attention({ q, ...read(width) }, heads), [-1, width]);
  const said = images === undefined ? mixed : add(mixed, images(asking, heads));
  return linear(m.at("to_out.0"), said);
}

/** Keys and values of rows [N * L, D]. */
const projected =
  (m: Module, rows: Value, context: Context): Reading =>
  (width) => ({
    k: batched(linear(m.at("to_k"), rows), width, context),
    v: batched(linear(m.at("to_v"), rows), width, context),
  });

/** Rows [N * S, C] as [N, S, C]. */
const batched = (rows: Value, width: number, { batch }: Context): Value =>
  reshape(rows, concat([batch, rows.graph.constant("int64", [-1, width])], 0));
