import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { WeightMap } from "../checkpoint.ts";
import { rowsOf } from "../rows-of.ts";
import type { WeightRef } from "../weight-file.ts";

const layerNames: Readonly<Record<string, string>> = {
  ln_1: "layer_norm1",
  ln_2: "layer_norm2",
  "attn.out_proj": "self_attn.out_proj",
  "mlp.c_fc": "mlp.fc1",
  "mlp.c_proj": "mlp.fc2",
};

/**
 * OpenCLIP's names as transformers' names, so that one network serves both text encoders. The fused `in_proj` becomes
 * three tensors of the same bytes: its rows are q, then k, then v.
 *
 * @throws ModelError `weight-shape` if a fused projection has no three equal parts
 */
export function renameOpenClip(tensors: WeightMap): WeightMap {
  const renamed = new Map<string, WeightRef>();
  for (const [key, ref] of tensors) {
    const layer = /^transformer\.resblocks\.(\d+)\.(.+)$/.exec(key);
    if (layer === null) renamed.set(topName(key), ref);
    else
      for (const [name, part] of layerTensors(layer[2] ?? "", ref))
        renamed.set(`encoder.layers.${layer[1]}.${name}`, part);
  }
  return renamed;
}

function topName(key: string): string {
  if (key === "positional_embedding") return "embeddings.position_embedding.weight";
  return key
    .replace(/^token_embedding\./, "embeddings.token_embedding.")
    .replace(/^ln_final\./, "final_layer_norm.");
}

function layerTensors(key: string, ref: WeightRef): readonly (readonly [string, WeightRef])[] {
  const fused = /^attn\.in_proj_(weight|bias)$/.exec(key);
  if (fused !== null) {
    return (["q", "k", "v"] as const).map((name, part) => [
      `self_attn.${name}_proj.${fused[1]}`,
      third(ref, part),
    ]);
  }
  const dot = key.lastIndexOf(".");
  const module = key.slice(0, dot);
  return [[`${layerNames[module] ?? module}${key.slice(dot)}`, ref]];
}

function third(ref: WeightRef, part: number): WeightRef {
  const [rows = 0] = ref.shape;
  if (rows % 3 !== 0) {
    const message = `${basename(ref.path)}: ${ref.key} holds q, k and v, so its rows must be a multiple of 3, not ${rows}.`;
    throw new ModelError("weight-shape", message, { path: ref.path, key: ref.key, found: [...ref.shape] });
  }
  return rowsOf(ref, (part * rows) / 3, rows / 3);
}
