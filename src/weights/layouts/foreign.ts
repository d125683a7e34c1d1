import type { WeightMap } from "../checkpoint.ts";

/** Families that are told by a name in the file, in this order. */
const byName: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)joint_blocks\./, "Stable Diffusion 3"],
  [/(^|\.)double_blocks\./, "Flux"],
  [/transformer_blocks\.0\.attn\.norm_added/, "Flux or Stable Diffusion 3 in diffusers' names"],
  [/time_stack\./, "a video model"],
  [/(^|\.)(lora_unet_|lora_te)/, "a LoRA (put it into the loras folder)"],
  [/\.lora_(up|down|A|B)\./, "a LoRA (put it into the loras folder)"],
  [/^down_blocks\.0\.|^unet\.down_blocks\./, "an SDXL or SD part in diffusers' names"],
  [/^(control_model\.|input_hint_block\.)/, "a ControlNet (put it into the controlnet folder)"],
];

/**
 * Says what a file is that is no SDXL base model, as exactly as its names and shapes allow.
 *
 * @returns a noun for the sentence "it is ..."
 */
export function recogniseForeign(tensors: WeightMap): string {
  for (const [pattern, family] of byName) {
    for (const key of tensors.keys()) if (pattern.test(key)) return family;
  }
  const context = tensors.get("model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight")
    ?.shape[1];
  const early = tensors.get("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight")
    ?.shape[1];
  if ((early ?? context) === 768) return "a Stable Diffusion 1.x model";
  if ((early ?? context) === 1024) return "a Stable Diffusion 2.x model";
  if (tensors.has("conditioner.embedders.0.model.text_projection")) return "an SDXL refiner";
  if (tensors.has("decoder.conv_in.weight")) return "a VAE (put it into the vae folder)";
  const some = [...tensors.keys()].slice(0, 3).join(", ");
  return `of an unknown kind (${tensors.size} tensors: ${some} ...)`;
}
