import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/** The names and shapes of a whole BLIP captioner (its own repository's names), as wide and deep as its tensors say it is. */
export function neededBlip(tensors: WeightMap): Needed {
  const given = new Given(tensors);
  const top = new Place();
  const seen = vision(top.at("visual_encoder"), given);
  decoder(top.at("text_decoder"), given, seen);
  return top.needed;
}

/** @returns the width of what it sees */
function vision(at: Place, given: Given): number {
  const width = given.size(2, "visual_encoder.cls_token") ?? 768;
  const patch = given.size(2, "visual_encoder.patch_embed.proj.weight") ?? 16;
  at.put("cls_token", [1, 1, width]);
  at.put("pos_embed", [1, given.size(1, "visual_encoder.pos_embed") ?? 577, width]);
  at.conv("patch_embed.proj", 3, width, patch);
  for (let i = 0; i < Math.max(1, given.count("visual_encoder.blocks")); i += 1) {
    const block = at.at("blocks").at(`${i}`);
    const inner = given.size(0, `visual_encoder.blocks.${i}.mlp.fc1.weight`) ?? 4 * width;
    block.norm("norm1", width);
    block.linear("attn.qkv", width, 3 * width);
    block.linear("attn.proj", width, width);
    block.norm("norm2", width);
    block.linear("mlp.fc1", width, inner);
    block.linear("mlp.fc2", inner, width);
  }
  at.norm("norm", width);
  return width;
}

/** @param seen width of what the vision tower sees */
function decoder(at: Place, given: Given, seen: number): void {
  const bert = "text_decoder.bert.";
  const [words, width] = [0, 1].map((axis) => given.size(axis, `${bert}embeddings.word_embeddings.weight`));
  const [rows, wide] = [words ?? 30_524, width ?? 768];
  const embeddings = at.at("bert.embeddings");
  embeddings.put("word_embeddings.weight", [rows, wide]);
  embeddings.put("position_embeddings.weight", [
    given.size(0, `${bert}embeddings.position_embeddings.weight`) ?? 512,
    wide,
  ]);
  embeddings.norm("LayerNorm", wide);
  for (let i = 0; i < Math.max(1, given.count(`${bert}encoder.layer`)); i += 1) {
    const layer = at.at("bert.encoder.layer").at(`${i}`);
    const inner = given.size(0, `${bert}encoder.layer.${i}.intermediate.dense.weight`) ?? 4 * wide;
    attending(layer.at("attention"), wide, wide);
    attending(layer.at("crossattention"), wide, seen);
    layer.linear("intermediate.dense", wide, inner);
    layer.linear("output.dense", inner, wide);
    layer.norm("output.LayerNorm", wide);
  }
  const head = at.at("cls.predictions");
  head.linear("transform.dense", wide, wide);
  head.norm("transform.LayerNorm", wide);
  head.put("decoder.weight", [rows, wide]);
  head.put("bias", [rows]);
}

function attending(at: Place, width: number, source: number): void {
  at.linear("self.query", width, width);
  at.linear("self.key", source, width);
  at.linear("self.value", source, width);
  at.linear("output.dense", width, width);
  at.norm("output.LayerNorm", width);
}
