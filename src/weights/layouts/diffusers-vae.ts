import type { WeightMap } from "../checkpoint.ts";
import type { WeightRef } from "../weight-file.ts";

/** Attention of diffusers, now and before version 0.17, as LDM calls it. */
const attentionNames: Readonly<Record<string, string>> = {
  group_norm: "norm",
  to_q: "q",
  to_k: "k",
  to_v: "v",
  "to_out.0": "proj_out",
  query: "q",
  key: "k",
  value: "v",
  proj_attn: "proj_out",
};

/**
 * A VAE in diffusers' names (AutoencoderKL) under LDM's. Levels of the decoder are counted from the other end, and
 * attention has matrices where LDM has convolutions of one pixel: the same bytes under another shape. Names of LDM, and
 * unknown ones, stay.
 */
export function renameDiffusersVae(tensors: WeightMap): WeightMap {
  let levels = 0;
  for (const key of tensors.keys())
    levels = Math.max(levels, Number(/^decoder\.up_blocks\.(\d{1,2})\./.exec(key)?.[1] ?? -1) + 1);
  const renamed = new Map<string, WeightRef>();
  for (const [key, ref] of tensors) {
    const name = ldmName(key, levels);
    const flat = /\.attn_1\.(q|k|v|proj_out)\.weight$/.test(name) && ref.shape.length === 2;
    renamed.set(name, flat ? { ...ref, shape: [...ref.shape, 1, 1] } : ref);
  }
  return renamed;
}

function ldmName(key: string, levels: number): string {
  const attention = /^((?:en|de)coder)\.mid_block\.attentions\.0\.(.+)\.(weight|bias)$/.exec(key);
  if (attention !== null) {
    const [, half, name = "", kind] = attention;
    return `${half}.mid.attn_1.${attentionNames[name] ?? name}.${kind}`;
  }
  return key
    .replace(/\.conv_shortcut\./, ".nin_shortcut.")
    .replace(/\.conv_norm_out\./, ".norm_out.")
    .replace(/\.mid_block\.resnets\.(\d)\./, (_, n: string) => `.mid.block_${Number(n) + 1}.`)
    .replace(/^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)\./, "encoder.down.$1.block.$2.")
    .replace(/^encoder\.down_blocks\.(\d+)\.downsamplers\.0\./, "encoder.down.$1.downsample.")
    .replace(
      /^decoder\.up_blocks\.(\d{1,2})\.resnets\.(\d+)\./,
      (_, level: string, n: string) => `decoder.up.${levels - 1 - Number(level)}.block.${n}.`,
    )
    .replace(
      /^decoder\.up_blocks\.(\d{1,2})\.upsamplers\.0\./,
      (_, level: string) => `decoder.up.${levels - 1 - Number(level)}.upsample.`,
    );
}
