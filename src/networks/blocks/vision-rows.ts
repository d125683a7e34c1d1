import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, gather, matmul } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape, transpose } from "#/graph/ops/shape.ts";
import { type ClipRows, clipLayer } from "./clip-layer.ts";

/** What a vision tower's layers share: one picture, and no mask. */
export type VisionRows = Omit<ClipRows, "batch" | "mask">;

/**
 * A picture cut into patches, a token each, behind one that stands for all of it, with their positions (Dosovitskiy et al. 2021,
 * section 3.1; CLIP normalises them once more).
 *
 * @param m      names of transformers, without `vision_model.`
 * @param pixels [1, 3, S, S], normalised; S is a whole number of patches
 * @returns rows [1 + (S / patch)², w]
 */
export function patchRows(m: Module, pixels: Value): Value {
  const width = m.size("embeddings.class_embedding", 0);
  const patch = m.size("embeddings.patch_embedding.weight", 2);
  m.shaped("embeddings.patch_embedding.weight", [width, 3, patch, patch]);
  const grid = conv2d(m.at("embeddings.patch_embedding"), pixels, { stride: patch, padding: 0 });
  const patches = transpose(reshape(grid, [0, width, -1]), [0, 2, 1]);
  const whole = m.graph.weight(m.vectorParameter("embeddings.class_embedding", width), [1, 1, width]);
  const all = concat([whole, patches], 1);
  const positions = Number(all.dims[1]);
  const { shape } = m.ref("embeddings.position_embedding.weight");
  if (shape.join() !== [positions, width].join())
    throw m.misshapen(
      "embeddings.position_embedding.weight",
      `[${positions}, ${width}], a row for each patch and one`,
    );
  const placed = add(all, m.weight("embeddings.position_embedding.weight"));
  return layerNorm(m.at("pre_layrnorm"), reshape(placed, [-1, width]));
}

/**
 * A picture as all layers of a tower see it, or all but the last ones.
 *
 * @param left layers at the end that are left out
 * @returns rows [T, w], without the norm behind the last layer
 */
export function visionRows(m: Module, pixels: Value, kind: VisionRows, left: number): Value {
  let x = patchRows(m, pixels);
  const rows: ClipRows = { ...kind, batch: m.graph.constant("int64", [1]) };
  const layers = m.count("encoder.layers") - left;
  for (let i = 0; i < layers; i += 1) x = clipLayer(m.at("encoder.layers").at(i), x, rows);
  return x;
}

/**
 * The one vector of a picture: the first token behind the last layer, normalised and projected: v · P as OpenCLIP stores it, or its
 * transpose.
 *
 * @param m          the tower
 * @param projection the module that has `visual_projection.weight`, or `visual_projection`
 * @param last       rows [T, w]
 * @returns [1, p]
 */
export function pictureVector(m: Module, projection: Module, last: Value): Value {
  const width = Number(last.dims[1]);
  const first = layerNorm(m.at("post_layernorm"), gather(last, m.graph.constant("int64", [0])));
  if (projection.has("visual_projection.weight")) return linear(projection.at("visual_projection"), first);
  if (
    projection.size("visual_projection", 0) !== width ||
    projection.ref("visual_projection").shape.length !== 2
  )
    throw projection.misshapen("visual_projection", `two axes and ${width} rows`);
  return matmul(first, projection.weight("visual_projection"));
}
