import type { WeightMap } from "../checkpoint.ts";

const resNames: Readonly<Record<string, string>> = {
  norm1: "in_layers.0",
  conv1: "in_layers.2",
  time_emb_proj: "emb_layers.1",
  norm2: "out_layers.0",
  conv2: "out_layers.3",
  conv_shortcut: "skip_connection",
};

const topNames: Readonly<Record<string, string>> = {
  "time_embedding.linear_1": "time_embed.0",
  "time_embedding.linear_2": "time_embed.2",
  "add_embedding.linear_1": "label_emb.0.0",
  "add_embedding.linear_2": "label_emb.0.2",
  conv_in: "input_blocks.0.0",
  "controlnet_cond_embedding.conv_in": "input_hint_block.0",
  "controlnet_cond_embedding.conv_out": "input_hint_block.14",
  controlnet_mid_block: "middle_block_out.0",
};

/** A ControlNet in diffusers' names (ControlNetModel) under LDM's; unknown names stay. */
export function renameDiffusersControl(tensors: WeightMap): WeightMap {
  const perLevel = levelSize(tensors);
  return new Map([...tensors].map(([key, ref]) => [ldmName(key, perLevel), ref]));
}

/** Blocks that a level takes: its res-blocks and the downsampler. */
function levelSize(tensors: WeightMap): number {
  let layers = 0;
  while (tensors.has(`down_blocks.0.resnets.${layers}.conv1.weight`)) layers += 1;
  return layers + 1;
}

function ldmName(key: string, perLevel: number): string {
  const [, module = "", kind = ""] = /^(.+)\.(weight|bias)$/.exec(key) ?? [];
  const top = topNames[module];
  if (top !== undefined) return `${top}.${kind}`;
  const inBlock = (block: string, rest: string): string =>
    `${block}.${resNames[rest] ?? rest}${kind === "" ? "" : `.${kind}`}`;
  const down = /^down_blocks\.(\d)\.(resnets|attentions|downsamplers)\.(\d)\.(.+)$/.exec(module);
  if (down !== null) {
    const [, level, what, layer, rest = ""] = down;
    const first = 1 + Number(level) * perLevel;
    if (what === "downsamplers") return `input_blocks.${first + perLevel - 1}.0.op.${kind}`;
    return inBlock(`input_blocks.${first + Number(layer)}.${what === "resnets" ? 0 : 1}`, rest);
  }
  const middle = /^mid_block\.(resnets|attentions)\.(\d)\.(.+)$/.exec(module);
  if (middle !== null) {
    const [, what, layer, rest = ""] = middle;
    return inBlock(`middle_block.${what === "resnets" ? 2 * Number(layer) : 1}`, rest);
  }
  const own = /^(controlnet_down_blocks|controlnet_cond_embedding\.blocks)\.(\d{1,2})$/.exec(module);
  if (own === null) return key;
  const [, what, n] = own;
  const name =
    what === "controlnet_down_blocks" ? `zero_convs.${n}.0` : `input_hint_block.${2 * Number(n) + 2}`;
  return `${name}.${kind}`;
}
