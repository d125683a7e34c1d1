import { Type } from "@sinclair/typebox";
import { choice, flag, real, realOrNull, text, textOrNull, whole } from "./fields.ts";

/** Values of `Performance`, in the order of its error message. */
export const performances = ["Quality", "Speed", "Extreme Speed", "Lightning", "Hyper-SD"] as const;

/** Values of `UpscaleOrVaryMethod`, in the order of its error message. */
export const upscaleOrVaryMethods = [
  "Disabled",
  "Vary (Subtle)",
  "Vary (Strong)",
  "Upscale (1.5x)",
  "Upscale (2x)",
  "Upscale (Fast 2x)",
  "Upscale (Custom)",
] as const;

/** Values of `OutpaintExpansion`, in the order of its error message. */
export const outpaintSides = ["Left", "Right", "Top", "Bottom"] as const;

/** Values of `MetadataScheme`, in the order of its error message. */
export const metadataSchemes = ["fooocus", "a1111"] as const;

/** Values of `ControlNetType`, in the order of its error message. */
export const controlNetTypes = ["ImagePrompt", "FaceSwap", "PyraCanny", "CPDS"] as const;

/** Values of `MaskModel`, in the order of its error message. */
export const maskModels = [
  "u2net",
  "u2netp",
  "u2net_human_seg",
  "u2net_cloth_seg",
  "silueta",
  "isnet-general-use",
  "isnet-anime",
  "sam",
] as const;

/** A LoRA slot. */
export const Lora = Type.Object(
  {
    enabled: flag(false, "Whether the slot counts."),
    model_name: text("", "LoRA file name relative to a loras folder, or 'None'."),
    weight: real(0.5, "Strength.", { minimum: -2, maximum: 2 }),
  },
  { title: "Lora", requiredKeys: ["enabled", "model_name"] },
);

/** A control image slot. */
export const ImagePrompt = Type.Object(
  {
    cn_img: textOrNull(null, "Control image: URL, base64 or data URI."),
    cn_stop: realOrNull(0.6, "Fraction of sampling at which it stops.", { minimum: 0, maximum: 1 }),
    cn_weight: realOrNull(0.6, "Strength.", { minimum: 0, maximum: 2 }),
    cn_type: choice(controlNetTypes, "ImagePrompt", "ControlNetType", "Kind of control."),
  },
  { title: "ImagePrompt", requiredKeys: [] },
);

/** A region of the enhancement stage. */
export const EnhanceCtrlNets = Type.Object(
  {
    enhance_enabled: flag(false, "Whether this region runs."),
    enhance_mask_dino_prompt: text("", "What to detect."),
    enhance_prompt: text("", "Prompt for the region."),
    enhance_negative_prompt: text("", "Negative prompt for the region."),
    enhance_mask_model: choice(maskModels, "sam", "MaskModel", "Mask model."),
    enhance_mask_cloth_category: text("full", "Cloth category for u2net_cloth_seg."),
    enhance_mask_sam_model: text("vit_b", "SAM size."),
    enhance_mask_text_threshold: real(0.25, "Detection text threshold.", { minimum: 0, maximum: 1 }),
    enhance_mask_box_threshold: real(0.3, "Detection box threshold.", { minimum: 0, maximum: 1 }),
    enhance_mask_sam_max_detections: whole(0, "Most detections to use, 0 = all.", {
      minimum: 0,
      maximum: 10,
    }),
    enhance_inpaint_disable_initial_latent: flag(false, "Start from noise."),
    enhance_inpaint_engine: text("v2.6", "Inpaint engine."),
    enhance_inpaint_strength: real(1, "Denoising strength.", { minimum: 0, maximum: 1 }),
    enhance_inpaint_respective_field: real(0.618, "Context around the mask.", { minimum: 0, maximum: 1 }),
    enhance_inpaint_erode_or_dilate: real(0, "Grow or shrink the mask; truncated to an integer.", {
      minimum: -64,
      maximum: 64,
    }),
    enhance_mask_invert: flag(false, "Invert the mask."),
  },
  { title: "EnhanceCtrlNets", requiredKeys: [] },
);
