import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/** Layers of the encoders that SDXL has, by width: one that lacks its last layers would answer from another one. */
const layersOfWidth: Readonly<Record<number, number>> = { 768: 12, 1280: 32 };

/**
 * The names that encoder L must have: transformers' CLIPTextModel below `text_model.`. The final norm may be
 * missing: only a clip skip beyond the last layer asks for it.
 */
export function neededTextL(text: WeightMap): Needed {
  const given = new Given(text);
  const root = new Place();
  const width = given.size(1, "embeddings.token_embedding.weight") ?? 0;
  root.put("embeddings.token_embedding.weight", [
    given.size(0, "embeddings.token_embedding.weight") ?? 0,
    width,
  ]);
  root.put("embeddings.position_embedding.weight", [positions, width]);
  const layers = Math.max(given.count("encoder.layers"), layersOfWidth[width] ?? 1);
  for (let i = 0; i < layers; i += 1) {
    const layer = root.at(`encoder.layers.${i}`);
    layer.norm("layer_norm1", width);
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"])
      layer.linear(`self_attn.${part}`, width, width);
    layer.norm("layer_norm2", width);
    layer.linear("mlp.fc1", width, 4 * width);
    layer.linear("mlp.fc2", 4 * width, width);
  }
  if (given.has("final_layer_norm")) root.norm("final_layer_norm", width);
  return root.needed;
}

/** The names that encoder G must have: OpenCLIP's text tower. */
export function neededTextG(text: WeightMap): Needed {
  const given = new Given(text);
  const root = new Place();
  const width = given.size(1, "token_embedding.weight") ?? 0;
  root.put("token_embedding.weight", [given.size(0, "token_embedding.weight") ?? 0, width]);
  root.put("positional_embedding", [positions, width]);
  if (given.has("text_projection.weight"))
    root.put("text_projection.weight", [given.size(0, "text_projection.weight") ?? 0, width]);
  else root.put("text_projection", [width, given.size(1, "text_projection") ?? 0]);
  const layers = Math.max(given.count("transformer.resblocks"), layersOfWidth[width] ?? 1);
  for (let i = 0; i < layers; i += 1) {
    const layer = root.at(`transformer.resblocks.${i}`);
    layer.norm("ln_1", width);
    layer.put("attn.in_proj_weight", [3 * width, width]);
    layer.put("attn.in_proj_bias", [3 * width]);
    layer.linear("attn.out_proj", width, width);
    layer.norm("ln_2", width);
    layer.linear("mlp.c_fc", width, 4 * width);
    layer.linear("mlp.c_proj", 4 * width, width);
  }
  root.norm("ln_final", width);
  return root.needed;
}

/** Tokens a text encoder takes at once. */
const positions = 77;
