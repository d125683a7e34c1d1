import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";
import { neededSwin } from "./swin.ts";

/**
 * The names and shapes of a whole GroundingDINO (Liu et al. 2023) under its own repository's names, as wide and deep as its
 * tensors say it is; `unused` are what training had beside it and what stands there twice.
 */
export function neededDetector(
  tensors: WeightMap,
): Readonly<{ needed: Needed; unused: ReadonlySet<string> }> {
  const given = new Given(tensors);
  const width = given.size(0, "feat_map.weight") ?? 256;
  const top = new Place();
  const features = neededSwin(top.at("backbone.0"), "backbone.0", given);
  const levels = Math.max(1, given.count("input_proj"));
  for (let i = 0; i < levels; i += 1) {
    const own = features[i];
    const inner = own ?? (i === features.length ? features.at(-1) : width) ?? width;
    top.conv(`input_proj.${i}.0`, inner, width, own === undefined ? 3 : 1);
    top.norm(`input_proj.${i}.1`, width);
  }
  const words = given.size(1, "bert.embeddings.word_embeddings.weight") ?? 768;
  text(top.at("bert"), words, given);
  top.linear("feat_map", words, width);
  const transformer = top.at("transformer");
  transformer.put("level_embed", [levels, width]);
  encoder(transformer.at("encoder"), width, given);
  transformer.put("tgt_embed.weight", [given.size(0, "transformer.tgt_embed.weight") ?? 900, width]);
  transformer.linear("enc_output", width, width);
  transformer.norm("enc_output_norm", width);
  boxHead(transformer.at("enc_out_bbox_embed"), width);
  const layers = decoder(transformer.at("decoder"), width, given);
  for (let i = 0; i < layers; i += 1) boxHead(top.at(`bbox_embed.${i}`), width);
  const unused = [...tensors.keys()].filter((key) => passedOver.some((pattern) => pattern.test(key)));
  return { needed: top.needed, unused: new Set(unused) };
}

/**
 * BERT's answer for a pair of texts, numbers that code makes, the names of training's boxes, and the decoder's own names of the
 * heads that `bbox_embed` has.
 */
const passedOver = [
  /^bert\.pooler\./,
  /^bert\.embeddings\.position_ids$/,
  /\.relative_position_index$/,
  /^label_enc\./,
  /^transformer\.decoder\.(bbox|class)_embed\./,
] as const;

function text(at: Place, width: number, given: Given): void {
  const table = at.at("embeddings");
  for (const name of ["word", "position", "token_type"]) {
    const rows = given.size(0, `bert.embeddings.${name}_embeddings.weight`) ?? 2;
    table.put(`${name}_embeddings.weight`, [rows, width]);
  }
  table.norm("LayerNorm", width);
  for (let i = 0; i < Math.max(1, given.count("bert.encoder.layer")); i += 1) {
    const layer = at.at(`encoder.layer.${i}`);
    const inner = given.size(0, `bert.encoder.layer.${i}.intermediate.dense.weight`) ?? 4 * width;
    for (const name of ["query", "key", "value"]) layer.linear(`attention.self.${name}`, width, width);
    layer.linear("attention.output.dense", width, width);
    layer.norm("attention.output.LayerNorm", width);
    layer.linear("intermediate.dense", width, inner);
    layer.linear("output.dense", inner, width);
    layer.norm("output.LayerNorm", width);
  }
}

function encoder(at: Place, width: number, given: Given): void {
  const name = "transformer.encoder";
  for (let i = 0; i < Math.max(1, given.count(`${name}.layers`)); i += 1) {
    const picture = at.at(`layers.${i}`);
    deformable(picture.at("self_attn"), `${name}.layers.${i}.self_attn`, width, given);
    feedForward(picture, `${name}.layers.${i}`, width, given);
    for (const norm of ["norm1", "norm2"]) picture.norm(norm, width);

    const words = at.at(`text_layers.${i}`);
    attention(words, "self_attn", width);
    feedForward(words, `${name}.text_layers.${i}`, width, given);
    for (const norm of ["norm1", "norm2"]) words.norm(norm, width);

    const both = at.at(`fusion_layers.${i}`);
    const inner = given.size(0, `${name}.fusion_layers.${i}.attn.v_proj.weight`) ?? 1024;
    for (const side of ["v", "l"]) {
      both.norm(`layer_norm_${side}`, width);
      both.linear(`attn.${side}_proj`, width, inner);
      both.linear(`attn.values_${side}_proj`, width, inner);
      both.linear(`attn.out_${side}_proj`, inner, width);
      both.put(`gamma_${side}`, [width]);
    }
  }
}

/** @returns how many layers there are */
function decoder(at: Place, width: number, given: Given): number {
  const name = "transformer.decoder";
  const count = Math.max(1, given.count(`${name}.layers`));
  for (let i = 0; i < count; i += 1) {
    const layer = at.at(`layers.${i}`);
    for (const which of ["self_attn", "ca_text"]) attention(layer, which, width);
    deformable(layer.at("cross_attn"), `${name}.layers.${i}.cross_attn`, width, given);
    feedForward(layer, `${name}.layers.${i}`, width, given);
    for (const norm of ["norm1", "norm2", "norm3", "catext_norm"]) layer.norm(norm, width);
  }
  at.norm("norm", width);
  at.linear("ref_point_head.layers.0", 2 * width, width);
  at.linear("ref_point_head.layers.1", width, width);
  return count;
}

function attention(at: Place, which: string, width: number): void {
  at.put(`${which}.in_proj_weight`, [3 * width, width]);
  at.put(`${which}.in_proj_bias`, [3 * width]);
  at.linear(`${which}.out_proj`, width, width);
}

function deformable(at: Place, name: string, width: number, given: Given): void {
  const places = given.size(0, `${name}.attention_weights.weight`) ?? 128;
  at.linear("sampling_offsets", width, 2 * places);
  at.linear("attention_weights", width, places);
  at.linear("value_proj", width, width);
  at.linear("output_proj", width, width);
}

function feedForward(at: Place, name: string, width: number, given: Given): void {
  const inner = given.size(0, `${name}.linear1.weight`) ?? 2048;
  at.linear("linear1", width, inner);
  at.linear("linear2", inner, width);
}

function boxHead(at: Place, width: number): void {
  at.linear("layers.0", width, width);
  at.linear("layers.1", width, width);
  at.linear("layers.2", width, 4);
}
