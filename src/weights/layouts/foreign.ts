import type { WeightMap } from "../checkpoint.ts";
import { shownName } from "../shown-name.ts";

const elsewhere = (folder: string): string => `put it into the ${folder} folder`;
const other = "only SDXL models are drawn here";
const unread = "no such file is read here";

/**
 * Kinds that are told by a name in the file, in this order: what comes first has names of what comes later, too. Names
 * are those of the packages that write them (diffusers, and each model's own repository).
 */
const byName: readonly (readonly [pattern: RegExp, what: string, way: string])[] = [
  [/lora_controlnet/, "a Control-LoRA", elsewhere("controlnet")],
  [/lllite_/, "a ControlNet-LLLite", unread],
  [
    /(^|\.)lora_(unet|te|transformer|prior|down|up)|\.lora_(up|down|A|B)\.|[._]lora\.(up|down)|\.(hada|lokr)_w|^lycoris_|\.oft_blocks|\.b?oft_R\b/,
    "a LoRA",
    elsewhere("loras"),
  ],
  [
    /(^|\.)(task_embedding$|control_add_embedding\.)/,
    "a ControlNet-Union, one file for many kinds of pictures",
    unread,
  ],
  [/^controlnet_(single_)?blocks\./, "a ControlNet of another architecture", other],
  [/^(control_model\.|input_hint_block\.|controlnet_)/, "a ControlNet", elsewhere("controlnet")],
  [/^(adapter\.)?body\.\d+\.(in_conv|resnets|block\d)\./, "a T2I-Adapter", unread],
  [/^(image_proj|ip_adapter)\./, "an IP-Adapter", elsewhere("controlnet")],
  [/time_stack\.|motion_modules\.|temporal_transformer_blocks|temporal_res_block/, "a video model", other],
  [/distilled_guidance_layer\./, "a Chroma model", other],
  [/individual_token_refiner|token_refiner\.refiner_blocks/, "a HunyuanVideo model", other],
  [/double_stream_blocks\.|double_stream_modulation/, "a HiDream or Flux 2 model", other],
  [/joint_transformer_blocks\.|(^|\.)double_layers\.|register_tokens$/, "an AuraFlow model", other],
  [/single_transformer_blocks\.\d|(^|\.)double_blocks\./, "a Flux model", other],
  [/(^|\.)joint_blocks\./, "a Stable Diffusion 3 model", other],
  [/\.img_mod\.1\./, "a Qwen-Image model", other],
  [/transformer_blocks\.0\.attn\.(norm_added|add_k_proj)/, "a Stable Diffusion 3 model", other],
  [/(clip_txt|clip_txt_pooled|effnet)_mapper/, "a Stable Cascade model", other],
  [/text_embedding_padding$/, "a Hunyuan-DiT model", other],
  [/head\.modulation$|condition_embedder\.time_proj\./, "a Wan video model", other],
  [/patchify_proj\.|av_ca_/, "an LTX video model", other],
  [/\.conv_inverted\./, "a Sana model", other],
  [/noise_refiner\.\d|cap_embedder\./, "a Lumina or Z-Image model", other],
  [/adaln_single\.|(^|\.)y_embedder\.y_proj\./, "a PixArt model", other],
  [/encoder_hid_proj\./, "a Kolors model, whose text encoder is another", other],
  [/^quantize\.embed/, "a VQ autoencoder", other],
  [/^(de|en)coder\.layers\.\d|^taesd/, "TAESD, a small autoencoder for previews", elsewhere("vae_approx")],
  [/(^|\.)(en|de)coder\.(up|down|mid)(\.|_block)/, "a VAE", elsewhere("vae")],
  [/^(string_to_param\.|emb_params$|clip_[lg]$)/, "a textual inversion", elsewhere("embeddings")],
  [/(^|\.)special_care_embeds(_weights)?$/, "a safety checker", elsewhere("safety_checker")],
  [/^visual_encoder\.|^text_decoder\.bert\./, "a BLIP, which describes pictures", elsewhere("clip_vision")],
  [/^vision_model\.|^visual\.transformer\./, "a CLIP vision model", elsewhere("clip_vision")],
  [/^(encoder\.block\.0\.layer\.0\.SelfAttention|shared\.weight)/, "a T5 text encoder", other],
  [/^model\.layers\.\d+\.self_attn\./, "a language model", other],
  [
    /^body\.\d+\.(rdb1\.|weight)|^model\.1\.sub\.|residual_group\.|^conv_first\./,
    "an upscaler",
    elsewhere("upscale_models"),
  ],
];

const wholeFile = "take the checkpoint in one file";

/**
 * Says what a file is that is no SDXL base model, as exactly as its names and shapes allow, and what to do with it.
 *
 * @returns a noun for the sentence "it is ...", the way out in brackets
 */
export function recogniseForeign(tensors: WeightMap): string {
  const checkpoint = hasPrefix(
    tensors,
    /^(model\.)?diffusion_model\.|^conditioner\.embedders\.|^first_stage_model\./,
  );
  for (const [pattern, what, way] of byName) {
    if (checkpoint && /VAE|autoencoder|upscaler|vision/.test(what)) continue;
    if (hasPrefix(tensors, pattern)) return `${what} (${way})`;
  }
  const unet = ["model.diffusion_model.", "diffusion_model.", ""].find((prefix) =>
    hasPrefix(tensors, new RegExp(`^${prefix.replaceAll(".", "\\.")}input_blocks\\.`)),
  );
  if (unet !== undefined) return unetKind(tensors, unet);
  const parts = diffusersPart(tensors);
  if (parts !== undefined) return parts;
  const some = [...tensors.keys()].slice(0, 3).map(shownName);
  return tensors.size === 0
    ? "empty (it has no tensors)"
    : `of an unknown kind (${tensors.size} tensors: ${some.join(", ")} ...)`;
}

const hasPrefix = (tensors: WeightMap, pattern: RegExp): boolean => {
  for (const key of tensors.keys()) if (pattern.test(key)) return true;
  return false;
};

/** Which of the Stable Diffusions a UNet in LDM's names belongs to: by the text it attends to and its conditioning. */
function unetKind(tensors: WeightMap, prefix: string): string {
  const keys = [...tensors.keys()];
  const has = (start: string): boolean => keys.some((key) => key.startsWith(start));
  const toKey = keys.find((key) => key.startsWith(prefix) && key.endsWith(".attn2.to_k.weight"));
  const context = tensors.get(toKey ?? "")?.shape[1];
  const channels = tensors.get(`${prefix}input_blocks.0.0.weight`)?.shape[1];
  const old = has("cond_stage_model.");
  if (old || ((context === 768 || context === 1024) && !has(`${prefix}label_emb.`))) {
    const openClip = has("cond_stage_model.model.") || (!old && context === 1024);
    const what = channels === 9 ? "inpainting model" : channels === 7 ? "upscaler" : "model";
    return `a Stable Diffusion ${openClip ? "2.x" : "1.x"} ${what} (${other})`;
  }
  if (has("conditioner.embedders.0.model."))
    return "an SDXL refiner (take the base model; this one serves as its refiner)";
  const lacking = [
    ["conditioner.embedders.0.transformer.text_model.", "text encoder L"],
    ["conditioner.embedders.1.model.", "text encoder G"],
  ].flatMap(([start = "", what = ""]) => (has(start) ? [] : [what]));
  if (!has(`${prefix}label_emb.`)) return `a UNet of an unknown kind (${other})`;
  if (lacking.length === 2 && !has("first_stage_model."))
    return `an SDXL UNet alone, without text encoders and VAE (${wholeFile})`;
  if (lacking.length === 0) return `an SDXL UNet under other names (${wholeFile})`;
  return `an SDXL model without ${lacking.join(" and ")} (${wholeFile})`;
}

/** Parts of a model in diffusers' and transformers' names, which come in folders. */
function diffusersPart(tensors: WeightMap): string | undefined {
  if (hasPrefix(tensors, /^(unet\.)?down_blocks\.\d/)) {
    const sdxl = hasPrefix(tensors, /^(unet\.)?add_embedding\./);
    const what = sdxl ? "an SDXL UNet" : "a Stable Diffusion 1.x or 2.x UNet";
    return `${what} in diffusers' names (${sdxl ? wholeFile : other})`;
  }
  if (
    hasPrefix(tensors, /^(cond_stage_model|conditioner|text_model|transformer|encoder\.layers|text_encoder)/)
  )
    return `a text encoder alone (${wholeFile})`;
  if (hasPrefix(tensors, /^first_stage_model\./)) return `a VAE (${elsewhere("vae")})`;
  return undefined;
}
