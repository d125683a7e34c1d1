import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/** Layers of the published towers, by width: one that lacks its last layers would answer from another one. */
const layersOfWidth: Readonly<Record<number, number>> = { 1024: 24, 1280: 32, 1664: 48 };

/**
 * The names that a CLIP vision tower must have: transformers' CLIPVisionModelWithProjection below `vision_model.`, the projection
 * among them under its name, or as OpenCLIP stores it, the other way round.
 */
export function neededVision(tower: WeightMap): Needed {
  const given = new Given(tower);
  const root = new Place();
  const width = given.size(0, "embeddings.class_embedding") ?? 0;
  const patch = given.size(2, "embeddings.patch_embedding.weight") ?? 0;
  root.put("embeddings.class_embedding", [width]);
  root.put("embeddings.patch_embedding.weight", [width, 3, patch, patch]);
  root.put("embeddings.position_embedding.weight", [
    given.size(0, "embeddings.position_embedding.weight") ?? 0,
    width,
  ]);
  root.norm("pre_layrnorm", width);
  const layers = Math.max(given.count("encoder.layers"), layersOfWidth[width] ?? 1);
  const inner = given.size(0, "encoder.layers.0.mlp.fc1.weight") ?? 4 * width;
  for (let i = 0; i < layers; i += 1) {
    const layer = root.at(`encoder.layers.${i}`);
    layer.norm("layer_norm1", width);
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"])
      layer.linear(`self_attn.${part}`, width, width);
    layer.norm("layer_norm2", width);
    layer.linear("mlp.fc1", width, inner);
    layer.linear("mlp.fc2", inner, width);
  }
  root.norm("post_layernorm", width);
  const projected = given.size(0, "visual_projection.weight");
  if (projected === undefined)
    root.put("visual_projection", [width, given.size(1, "visual_projection") ?? 0]);
  else root.put("visual_projection.weight", [projected, width]);
  return root.needed;
}
