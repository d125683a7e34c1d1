import { type TSchema, Type } from "@sinclair/typebox";
import { flag, real, whole } from "#/api/fields.ts";
import { CommonRequest } from "#/api/generate.ts";
import { Lora } from "#/api/generate-objects.ts";

const main = CommonRequest.properties;

/**
 * The 42 fields of `advanced_params` in the legacy API's order, and behind them ours; all but those below are as FooocusAPI has
 * them.
 */
export const advancedFields = [
  ...["disable_preview", "disable_intermediate_results", "disable_seed_increment", "adm_scaler_positive"],
  ...["adm_scaler_negative", "adm_scaler_end", "adaptive_cfg", "clip_skip", "sampler_name", "scheduler_name"],
  ...["overwrite_step", "overwrite_switch", "overwrite_width", "overwrite_height", "overwrite_vary_strength"],
  ...["overwrite_upscale_strength", "mixing_image_prompt_and_vary_upscale"],
  ...["mixing_image_prompt_and_inpaint", "debugging_cn_preprocessor", "skipping_cn_preprocessor"],
  ...["canny_low_threshold", "canny_high_threshold", "refiner_swap_method", "controlnet_softness"],
  ...["freeu_enabled", "freeu_b1", "freeu_b2", "freeu_s1", "freeu_s2", "debugging_inpaint_preprocessor"],
  ...["inpaint_disable_initial_latent", "inpaint_engine", "inpaint_strength", "inpaint_respective_field"],
  ...["inpaint_advanced_masking_checkbox", "invert_mask_checkbox", "inpaint_erode_or_dilate"],
  ...["black_out_nsfw", "vae_name", "debugging_dino", "dino_erode_or_dilate"],
  "debugging_enhance_masks_checkbox",
  // Ours.
  ...["precision", "cache", "cfg_until", "size_number", "upscaler_name", "upscale_alone"],
] as const satisfies readonly (keyof typeof main)[];

const ownAdvanced: Readonly<Record<string, TSchema>> = {
  adm_scaler_positive: real(1.5, "Positive ADM scaler (1.0 = off).", { minimum: 0.1, maximum: 3 }),
  adm_scaler_negative: real(0.8, "Negative ADM scaler (1.0 = off).", { minimum: 0.1, maximum: 3 }),
  overwrite_step: whole(-1, "Replace the number of steps.", { minimum: -1, maximum: 200 }),
  overwrite_switch: real(-1, "Replace the refiner switch step.", { minimum: -1, maximum: 1 }),
  inpaint_respective_field: real(1, "Context around the mask, 0 = mask only, 1 = whole image.", {
    minimum: 0,
    maximum: 1,
  }),
  inpaint_advanced_masking_checkbox: flag(true, "Use the mask that comes with the picture."),
};

/** A LoRA slot. Before Fooocus 2.4 it had no switch, and clients of that time send none. */
export const LegacyLora = Type.Object(
  {
    ...Lora.properties,
    enabled: flag(true, "Whether the slot counts."),
  },
  { title: "LoraOlder", requiredKeys: ["model_name"] },
);

/** What the legacy API keeps apart from the other fields. */
export const AdvancedParams = Type.Object(
  Object.fromEntries(
    advancedFields.map((field): [string, TSchema] => [field, ownAdvanced[field] ?? main[field]]),
  ),
  { title: "AdvancedParams", requiredKeys: [] },
);
