import type { WeightMap } from "../checkpoint.ts";

/**
 * Upscalers of other architectures, by a name that only they have; what comes first has names of what comes later too.
 * Names are those of each network's own repository.
 */
const signs: readonly (readonly [RegExp, string])[] = [
  [/residual_group\.blocks\.\d+\..*overlap_attn|\.overlap_attn\./, "HAT"],
  [/residual_group\.td\.|\.attn_atd\./, "ATD"],
  [/(^|\.)patch_embed\.proj\..*|\.cpb_mlp\./, "Swin2SR"],
  [/residual_group\.blocks\./, "SwinIR"],
  [/layers\.\d+\.swin1\./, "DRCT"],
  [/blocks\.\d+\.ffn\.sg\.|layers\.\d+\.blocks\.\d+\.ffn\.sg\./, "DAT"],
  [/blocks\.\d+\.gamma$/, "RGT"],
  [/block_1\.c1_r\./, "SPAN"],
  [/residual_layer\.\d+\./, "OmniSR"],
  [/feats\.\d+\.lk\./, "PLKSR"],
  [/(^|\.)to_feat\./, "SAFMN"],
  [/(^|\.)unet1\./, "Real-CUGAN"],
];

/** Says which upscaler a file is that is no RRDBNet; undefined where it is none that is known. */
export function otherUpscaler(tensors: WeightMap): string | undefined {
  const keys = [...tensors.keys()];
  const some = (pattern: RegExp): boolean => keys.some((key) => pattern.test(key));
  const sign = signs.find(([pattern]) => some(pattern));
  if (sign !== undefined) return named(sign[1]);
  // Convolutions alone, one after the other, a PReLU between two of them.
  if (some(/(^|\.)body\.0\.weight$/) && some(/(^|\.)body\.1\.weight$/)) return named("Compact (SRVGGNet)");
  if (some(/(^|\.)conv_first\.weight$/) && some(/(^|\.)body\.\d+\.conv1\.weight$/))
    return named("EDSR or MSRResNet");
  return undefined;
}

const named = (kind: string): string =>
  `an upscaler of another architecture, ${kind} (take one of ESRGAN or Real-ESRGAN, such as RealESRGAN_x4plus)`;
