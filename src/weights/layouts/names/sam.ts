import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/**
 * The names and shapes of a whole Segment Anything (Kirillov et al. 2023), as wide and deep as its tensors say it is: what
 * is drawn of it, and what it has for prompts other than boxes (`unused`).
 */
export function neededSam(tensors: WeightMap): Readonly<{ needed: Needed; unused: ReadonlySet<string> }> {
  const given = new Given(tensors);
  const sizes = {
    width: given.size(0, "image_encoder.patch_embed.proj.weight") ?? 768,
    patch: given.size(2, "image_encoder.patch_embed.proj.weight") ?? 16,
    grid: given.size(1, "image_encoder.pos_embed") ?? 64,
    embedding: given.size(0, "image_encoder.neck.0.weight") ?? 256,
  };
  const top = new Place();
  encoder(top.at("image_encoder"), sizes, given);
  prompts(top.at("prompt_encoder"), sizes.embedding);
  decoder(top.at("mask_decoder"), sizes.embedding, given);
  const unused = [...tensors.keys()].filter((key) => passedOver.some((pattern) => pattern.test(key)));
  return { needed: top.needed, unused: new Set(unused) };
}

/** Points, masks as prompts, three masks for what is ambiguous, and how good a mask is. */
const passedOver = [
  /^prompt_encoder\.(point_embeddings\.[01]|not_a_point_embed|mask_downscaling\.\d)\./,
  /^mask_decoder\.output_hypernetworks_mlps\.[123]\./,
  /^mask_decoder\.iou_prediction_head\./,
] as const;

type Sizes = Readonly<{ width: number; patch: number; grid: number; embedding: number }>;

function encoder(at: Place, { width, patch, grid, embedding }: Sizes, given: Given): void {
  at.conv("patch_embed.proj", 3, width, patch);
  at.put("pos_embed", [1, grid, grid, width]);
  for (let i = 0; i < Math.max(1, given.count("image_encoder.blocks")); i += 1) {
    const block = at.at("blocks").at(String(i));
    const name = `image_encoder.blocks.${i}`;
    const size = given.size(1, `${name}.attn.rel_pos_h`) ?? 64;
    const inner = given.size(0, `${name}.mlp.lin1.weight`) ?? 4 * width;
    block.norm("norm1", width);
    block.linear("attn.qkv", width, 3 * width);
    block.linear("attn.proj", width, width);
    const rows = given.size(0, `${name}.attn.rel_pos_h`) ?? 27;
    for (const axis of ["h", "w"]) block.put(`attn.rel_pos_${axis}`, [rows, size]);
    block.norm("norm2", width);
    block.linear("mlp.lin1", width, inner);
    block.linear("mlp.lin2", inner, width);
  }
  at.put("neck.0.weight", [embedding, width, 1, 1]);
  at.norm("neck.1", embedding);
  at.put("neck.2.weight", [embedding, embedding, 3, 3]);
  at.norm("neck.3", embedding);
}

function prompts(at: Place, embedding: number): void {
  at.put("pe_layer.positional_encoding_gaussian_matrix", [2, embedding / 2]);
  for (const corner of [2, 3]) at.put(`point_embeddings.${corner}.weight`, [1, embedding]);
  at.put("no_mask_embed.weight", [1, embedding]);
}

function decoder(at: Place, embedding: number, given: Given): void {
  at.put("iou_token.weight", [1, embedding]);
  at.put("mask_tokens.weight", [given.size(0, "mask_decoder.mask_tokens.weight") ?? 4, embedding]);
  const transformer = at.at("transformer");
  const name = "mask_decoder.transformer";
  const attention = (place: Place, which: string, under: string): void => {
    const inner = given.size(0, `${under}.${which}.q_proj.weight`) ?? embedding;
    for (const part of ["q", "k", "v"]) place.linear(`${which}.${part}_proj`, embedding, inner);
    place.linear(`${which}.out_proj`, inner, embedding);
  };
  for (let i = 0; i < Math.max(1, given.count(`${name}.layers`)); i += 1) {
    const layer = transformer.at("layers").at(String(i));
    const under = `${name}.layers.${i}`;
    for (const which of ["self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token"])
      attention(layer, which, under);
    for (const norm of ["norm1", "norm2", "norm3", "norm4"]) layer.norm(norm, embedding);
    const inner = given.size(0, `${under}.mlp.lin1.weight`) ?? 2048;
    layer.linear("mlp.lin1", embedding, inner);
    layer.linear("mlp.lin2", inner, embedding);
  }
  attention(transformer, "final_attn_token_to_image", name);
  transformer.norm("norm_final_attn", embedding);
  masks(at, embedding, given);
}

function masks(at: Place, embedding: number, given: Given): void {
  const half = given.size(1, "mask_decoder.output_upscaling.0.weight") ?? embedding / 4;
  const channels = given.size(1, "mask_decoder.output_upscaling.3.weight") ?? embedding / 8;
  at.put("output_upscaling.0.weight", [embedding, half, 2, 2]);
  at.put("output_upscaling.0.bias", [half]);
  at.norm("output_upscaling.1", half);
  at.put("output_upscaling.3.weight", [half, channels, 2, 2]);
  at.put("output_upscaling.3.bias", [channels]);
  const layers = at.at("output_hypernetworks_mlps.0.layers");
  layers.linear("0", embedding, embedding);
  layers.linear("1", embedding, embedding);
  layers.linear("2", embedding, channels);
}
