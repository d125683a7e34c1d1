import type { WeightMap } from "../checkpoint.ts";

const resBlockNames: Readonly<Record<string, string>> = {
  "in_layers.0": "norm1",
  "in_layers.2": "conv1",
  "emb_layers.1": "time_emb_proj",
  "out_layers.0": "norm2",
  "out_layers.3": "conv2",
  skip_connection: "conv_shortcut",
};

const topNames: Readonly<Record<string, string>> = {
  "time_embed.0": "time_embedding.linear_1",
  "time_embed.2": "time_embedding.linear_2",
  "label_emb.0.0": "add_embedding.linear_1",
  "label_emb.0.2": "add_embedding.linear_2",
  "input_blocks.0.0": "conv_in",
  "out.0": "conv_norm_out",
  "out.2": "conv_out",
};

/**
 * diffusers' name of a UNet module that LDM calls `module`; undefined where there is none.
 *
 * @param module for example `input_blocks.4.1.transformer_blocks.0.attn1.to_q`
 * @param unet   tells how many res-blocks a level has
 */
export function diffusersName(module: string, unet: WeightMap): string | undefined {
  const top = topNames[module];
  if (top !== undefined) return top;
  const perLevel = levelSize(unet);
  const middle = /^middle_block\.([012])\.(.+)$/.exec(module);
  if (middle !== null) {
    const [, index, rest = ""] = middle;
    if (index === "1") return `mid_block.attentions.0.${rest}`;
    return `mid_block.resnets.${index === "0" ? 0 : 1}.${resBlockNames[rest] ?? rest}`;
  }
  const block = /^(input|output)_blocks\.(\d+)\.(\d)\.(.+)$/.exec(module);
  if (block === null) return undefined;
  const [, side, number = "0", kind, rest = ""] = block;
  const position = side === "input" ? Number(number) - 1 : Number(number);
  const level = Math.floor(position / perLevel);
  const layer = position % perLevel;
  const owner = side === "input" ? `down_blocks.${level}` : `up_blocks.${level}`;
  if (rest === "op") return `${owner}.downsamplers.0.conv`;
  if (rest === "conv") return `${owner}.upsamplers.0.conv`;
  if (kind === "0") return `${owner}.resnets.${layer}.${resBlockNames[rest] ?? rest}`;
  return `${owner}.attentions.${layer}.${rest}`;
}

/** Blocks a level takes: its res-blocks and, on the way down, the downsampler; as many blocks on the way up. */
function levelSize(unet: WeightMap): number {
  for (let i = 1; ; i += 1) {
    if (unet.has(`input_blocks.${i}.0.op.weight`)) return i;
    if (!unet.has(`input_blocks.${i}.0.in_layers.0.weight`)) return i;
  }
}
