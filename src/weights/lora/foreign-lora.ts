import { basename } from "node:path";
import type { Checkpoint } from "../checkpoint.ts";
import type { WeightFile } from "../weight-file.ts";
import type { Group } from "./groups.ts";

/** Blocks over picture and text together have the same names in three networks of diffusers. */
const joint = "Stable Diffusion 3, Flux or Qwen-Image";

/** Names that only LoRAs of other networks have, in this order; dots or underscores, as the tools write them. */
const networks: readonly (readonly [RegExp, string])[] = [
  [/(^|[._])distilled_guidance_layer[._]/, "Chroma"],
  [/double_stream_modulation|single_stream_modulation/, "Flux 2"],
  [/(double|single)_stream_blocks[._]/, "HiDream"],
  [/blocks\.\d+\.(img|txt)_attn_(qkv|proj)|token_refiner[._]/, "HunyuanVideo"],
  [/single_transformer_blocks[._]/, "Flux or HunyuanVideo"],
  [/(^|[._])(double|single)_blocks[._]/, "Flux"],
  [/(^|[._])joint_blocks[._]/, "Stable Diffusion 3"],
  [/transformer_blocks[._]\d+[._](img|txt)_(mod|mlp)[._]/, "Qwen-Image"],
  [/transformer_blocks[._]\d+[._](attn2?[._](add_[qkv]_proj|to_add_out)|ff_context)/, joint],
  [/(^|_)lora_prior_(unet|te)_|(^|\.)prior\./, "Stable Cascade"],
  [/motion_modules?[._]|temporal_transformer|time_stack[._]/, "a video model (AnimateDiff or the like)"],
  [/(noise|context)_refiner[._]|(^|[._])layers[._]\d+[._]attention[._]/, "Lumina 2 or Z-Image"],
  [
    /(^|\.|(?<!transformer)_)blocks[._]\d+[._](cross_attn|self_attn|attn[12]|ffn?)[._]/,
    "Wan or a like video model",
  ],
  [
    /^(lora_|lycoris_|base_model\.model\.)?transformer(_blocks)?[._]/,
    "a diffusion transformer (PixArt, Sana, LTX)",
  ],
];

/** Files that are no LoRAs at all, or none that works alone. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^lora_controlnet$|^controlnet_/, "a Control-LoRA (put it into the controlnet folder)"],
  [/^lllite_/, "a ControlNet-LLLite (no such file is read here)"],
  [/^(ip_adapter|image_proj)\./, "an IP-Adapter"],
  [/^\d+\.to_(q|k|v|out)(_lora|_ip)/, "the LoRA of an IP-Adapter FaceID, which works only together with it"],
  [
    /^(clip_l|clip_g|emb_params|string_to_param.*)$/,
    "a textual inversion (put it into the embeddings folder)",
  ],
  [
    /^first_stage_model\.|^model\.diffusion_model\.(?!.*lora).*\.(weight|bias)$/,
    "a checkpoint (put it into the checkpoints folder)",
  ],
  [/^(encoder|decoder)\.(conv_in|mid)\b/, "a VAE (put it into the vae folder)"],
];

/** What a file's metadata calls the model it was trained on. Words that are not here say nothing for or against it. */
const metadata: readonly (readonly [RegExp, string])[] = [
  [/refiner/, "the SDXL refiner"],
  [/^sdxl|stable-diffusion-xl/, "SDXL"],
  [/^sd_?3|stable-diffusion-3/, "Stable Diffusion 3"],
  [/^sd_?v?2|stable-diffusion-v2/, "Stable Diffusion 2.x"],
  [/^sd_?v?1|stable-diffusion-v1/, "Stable Diffusion 1.x"],
  [/chroma/, "Chroma"],
  [/flux/, "Flux"],
  [/cascade|wuerstchen/, "Stable Cascade"],
  [/hunyuan/, "Hunyuan"],
  [/lumina/, "Lumina"],
  [/^wan/, "Wan"],
  [/qwen/, "Qwen-Image"],
  [/pixart/, "PixArt"],
  [/hidream/, "HiDream"],
  [/kolors/, "Kolors"],
];

/** The width of the text that a UNet attends to tells its family (CLIP L; OpenCLIP H; bigG; L and bigG). */
const contextWidths: Readonly<Record<number, string>> = {
  768: "Stable Diffusion 1.x",
  1024: "Stable Diffusion 2.x",
  1280: "the SDXL refiner",
  2048: "SDXL",
};

/** A clause ("it was made for Flux") and the tensor that shows it. */
export type Foreign = Readonly<{ what: string; key: string }>;

/** What a file is whose names no LoRA of SDXL has; undefined where they say nothing against it. */
export function foreignByName(file: WeightFile): Foreign | undefined {
  for (const [pattern, network] of networks) {
    for (const [key, { shape }] of file.tensors) {
      if (!pattern.test(key)) continue;
      // Two networks are 3072 wide, Stable Diffusion 3 is 1536 or 2432.
      const wide = shape.includes(3072) ? "Flux or Qwen-Image" : network;
      const narrow = shape.includes(1536) || shape.includes(2432) ? "Stable Diffusion 3" : wide;
      const guess = network === joint ? narrow : network;
      return { what: foreignByMetadata(file) ?? `it was made for ${guess}`, key };
    }
  }
  for (const [pattern, kind] of kinds) {
    for (const key of file.tensors.keys()) if (pattern.test(key)) return { what: `it is ${kind}`, key };
  }
  return undefined;
}

/** The base that a file's cross-attention was trained on, where it is not as wide as the checkpoint's. */
export function foreignByWidth(groups: readonly Group[], checkpoint: Checkpoint): Foreign | undefined {
  const ours = [...checkpoint.unet].find(([key]) => key.endsWith("attn2.to_k.weight"))?.[1].shape[1];
  for (const { stem, down: factor, parts } of groups) {
    const down = factor ?? parts.get("hada_w1_b") ?? parts.get("diff");
    const width = down?.shape[1];
    if (down === undefined || width === undefined || width === ours) continue;
    if (!/attn2[._](processor\.)?to_[kv]$/.test(stem)) continue;
    const network = contextWidths[width] ?? "another model";
    const widths = `its text is ${width} wide, that of ${basename(checkpoint.path)} ${ours ?? "of unknown width"}`;
    return { what: `it was made for ${network}: ${widths}`, key: down.key };
  }
  return undefined;
}

/** The base that the metadata of kohya's tools and their kin names, where it is not SDXL. */
export function foreignByMetadata(file: WeightFile): string | undefined {
  for (const name of ["ss_base_model_version", "modelspec.architecture"]) {
    const value = file.metadata.get(name)?.toLowerCase() ?? "";
    const known = metadata.find(([pattern]) => pattern.test(value))?.[1];
    if (known !== undefined && known !== "SDXL") return `it was made for ${known} (${name})`;
  }
  return undefined;
}
