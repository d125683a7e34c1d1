import { type TSchema, Type } from "@sinclair/typebox";
import { choice, flag, list, mostSlots, real, realOrNull, text, textOrNull, whole } from "../fields.ts";
import { CommonRequest } from "../generate.ts";
import {
  controlNetTypes,
  EnhanceCtrlNets,
  outpaintSides,
  performances,
  upscaleOrVaryMethods,
} from "../generate-objects.ts";
import { fileFormat } from "./form.ts";

const newer = CommonRequest.properties;

/** The 42 fields of `advanced_params` in the older API's order; all but those below are as the newer API has them. */
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
] as const satisfies readonly (keyof typeof newer)[];

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

const AdvancedParams = Type.Object(
  Object.fromEntries(
    advancedFields.map((field): [string, TSchema] => [field, ownAdvanced[field] ?? newer[field]]),
  ),
  { title: "AdvancedParams", requiredKeys: [], default: {} },
);

/** Everything all bodies have, in the older API's order. */
const common = {
  prompt: newer.prompt,
  negative_prompt: newer.negative_prompt,
  style_selections: newer.style_selections,
  performance_selection: choice(
    // The older API names them in an order of its own.
    ["Speed", "Quality", ...performances.slice(2)],
    "Speed",
    "PerformanceSelection",
    "Speed/quality mode that sets the step count.",
  ),
  aspect_ratios_selection: newer.aspect_ratios_selection,
  image_number: newer.image_number,
  image_seed: newer.image_seed,
  sharpness: newer.sharpness,
  guidance_scale: newer.guidance_scale,
  base_model_name: newer.base_model_name,
  refiner_model_name: newer.refiner_model_name,
  refiner_switch: newer.refiner_switch,
  loras: newer.loras,
  advanced_params: AdvancedParams,
  save_meta: flag(true, "Embed metadata."),
  meta_scheme: choice(["fooocus", "a111", "a1111"], "fooocus", "ImageMetaScheme", "Metadata layout."),
  save_extension: text("png", "File extension and encoder of the saved images: png, jpg or webp."),
  save_name: text("", "Own file name for the images; empty takes the job id."),
  read_wildcards_in_order: newer.read_wildcards_in_order,
  require_base64: newer.require_base64,
  async_process: flag(false, "Answer at once with a job id."),
  webhook_url: textOrNull("", "Where to POST the result."),
};

/** What a form means that does not say it, where that is not the server's default. */
export const formDefaults = { guidance_scale: 7, save_meta: false, upscale_value: null } as const;

const commonForm = {
  ...common,
  guidance_scale: { ...newer.guidance_scale, default: formDefaults.guidance_scale },
  loras: { ...newer.loras, jsonText: true },
  // Unlike all else, an invalid one means the defaults: the older API has it so.
  advanced_params: { ...AdvancedParams, jsonText: true, lenient: true },
  save_meta: { ...common.save_meta, default: formDefaults.save_meta },
};

const ImagePromptJson = Type.Object(
  {
    cn_img: textOrNull(null, "Control image: URL, base64 or data URI."),
    cn_stop: realOrNull(0, "Fraction of sampling at which it stops; 0 takes its type's default.", {
      minimum: 0,
      maximum: 1,
    }),
    cn_weight: realOrNull(0, "Strength; 0 takes its type's default.", { minimum: 0, maximum: 2 }),
    cn_type: choice(controlNetTypes, "ImagePrompt", "ControlNetType", "Kind of control."),
  },
  { title: "ImagePromptJson", requiredKeys: [] },
);

const prompts = { image_prompts: list(ImagePromptJson, [], "Control images, at most 4.", mostSlots) };

/** Regions to enhance; a region whose prompt is not given looks for faces. */
const region = {
  ...EnhanceCtrlNets.properties,
  enhance_mask_dino_prompt: text("face", "What to detect."),
};

const file = (description: string) => Type.String({ format: fileFormat, description });
const optionalFile = (description: string) => Type.Union([file(description), Type.Null()], { default: null });

const uovMethod = choice(
  upscaleOrVaryMethods,
  "Upscale (2x)",
  "UpscaleOrVaryMethod",
  "Vary or upscale method.",
);
const upscaleValue = (fallback: number | null) =>
  Type.Union([Type.Number({ minimum: 1, maximum: 5 }), Type.Null()], {
    default: fallback,
    description: "Factor for 'Upscale (Custom)'; null takes 2.",
  });

const distance = (fallback: number, side: string) =>
  whole(fallback, `Pixels to add ${side}; -1 takes the default.`);
const distanceOrNull = (side: string) =>
  Type.Union([Type.Integer(), Type.Null()], {
    default: -1,
    description: `Pixels to add ${side}; -1 takes the default.`,
  });

const outpaint = {
  inpaint_additional_prompt: textOrNull("", "Text put on a line before the prompt when inpainting."),
  outpaint_selections: list(
    choice(outpaintSides, "Left", "OutpaintExpansion", "A side."),
    [],
    "Sides to extend.",
    mostSlots,
  ),
};
const outpaintForm = {
  ...outpaint,
  outpaint_distance_left: distance(0, "on the left"),
  outpaint_distance_right: distance(0, "on the right"),
  outpaint_distance_top: distance(0, "on the top"),
  outpaint_distance_bottom: distance(0, "on the bottom"),
};
const outpaintJson = {
  ...outpaint,
  outpaint_distance_left: distanceOrNull("on the left"),
  outpaint_distance_right: distanceOrNull("on the right"),
  outpaint_distance_top: distanceOrNull("on the top"),
  outpaint_distance_bottom: distanceOrNull("on the bottom"),
};

const enhance = {
  enhance_checkbox: flag(true, "Always on here."),
  enhance_uov_method: choice(
    upscaleOrVaryMethods,
    "Vary (Strong)",
    "UpscaleOrVaryMethod",
    "Vary or upscale method.",
  ),
  enhance_uov_processing_order: newer.enhance_uov_processing_order,
  enhance_uov_prompt_type: newer.enhance_uov_prompt_type,
  save_final_enhanced_image_only: flag(true, "Always on here."),
};

/** Numbers of the form's image prompts and regions, which are the ends of its fields' names. */
export const promptNumbers = [1, 2, 3, 4] as const;
export const regionNumbers = [1, 2, 3] as const;

/** A region's fields, without the number, and what they mean when they are not given. */
export const regionDefaults: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(region).map(([name, schema]) => [name, schema.default]),
);

const slotForm: Readonly<Record<string, TSchema>> = Object.fromEntries(
  promptNumbers.flatMap((n): readonly [string, TSchema][] => [
    [`cn_img${n}`, optionalFile("Control image.")],
    [`cn_stop${n}`, realOrNull(0, "Fraction of sampling at which it stops.", { minimum: 0, maximum: 1 })],
    [`cn_weight${n}`, realOrNull(0, "Strength.", { minimum: 0, maximum: 2 })],
    [`cn_type${n}`, choice(controlNetTypes, "ImagePrompt", "ControlNetType", "Kind of control.")],
  ]),
);
const regionForm: Readonly<Record<string, TSchema>> = Object.fromEntries(
  regionNumbers.flatMap((n) =>
    Object.entries(region).map(([name, schema]): [string, TSchema] => [`${name}_${n}`, schema]),
  ),
);

/** The JSON bodies by their schema's name in OpenAPI. */
export const jsonBodies = {
  textToImage: Type.Object(common, { title: "Text2ImgRequest" }),
  textToImageWithPrompts: Type.Object({ ...common, ...prompts }, { title: "Text2ImgRequestWithPrompt" }),
  upscaleVary: Type.Object(
    {
      ...common,
      uov_method: uovMethod,
      upscale_value: upscaleValue(1),
      input_image: text("", "Picture: URL, base64 or data URI."),
      ...prompts,
    },
    { title: "ImgUpscaleOrVaryRequestJson", requiredKeys: ["input_image"] },
  ),
  inpaintOutpaint: Type.Object(
    {
      ...common,
      input_image: text("", "Picture: URL, base64 or data URI."),
      input_mask: textOrNull("", "Mask, white = repaint."),
      ...outpaintJson,
      ...prompts,
    },
    { title: "ImgInpaintOrOutpaintRequestJson" },
  ),
  imagePrompt: Type.Object(
    {
      ...common,
      input_image: textOrNull(null, "Picture to inpaint as well."),
      input_mask: textOrNull("", "Its mask, white = repaint."),
      ...outpaintJson,
      ...prompts,
    },
    { title: "ImgPromptRequestJson", requiredKeys: ["image_prompts"] },
  ),
  enhance: Type.Object(
    {
      ...common,
      enhance_input_image: text("", "Picture: URL, base64 or data URI."),
      ...enhance,
      enhance_ctrlnets: list(
        Type.Object(region, { title: "EnhanceCtrlNetsOlder", requiredKeys: [] }),
        [],
        "Regions to enhance, at most 3.",
        mostSlots,
      ),
    },
    { title: "ImageEnhanceRequestJson", requiredKeys: ["enhance_ctrlnets"] },
  ),
};

/** The forms. */
export const formBodies = {
  upscaleVary: Type.Object(
    {
      input_image: file("The picture."),
      uov_method: uovMethod,
      upscale_value: upscaleValue(formDefaults.upscale_value),
      ...commonForm,
    },
    {
      title: "Body_img_upscale_or_vary_v1_generation_image_upscale_vary_post",
      requiredKeys: ["input_image", "uov_method"],
    },
  ),
  inpaintOutpaint: Type.Object(
    {
      input_image: file("The picture."),
      input_mask: optionalFile("Mask, white = repaint."),
      ...outpaintForm,
      ...commonForm,
    },
    {
      title: "Body_img_inpaint_or_outpaint_v1_generation_image_inpaint_outpaint_post",
      requiredKeys: ["input_image"],
    },
  ),
  imagePrompt: Type.Object(
    {
      input_image: optionalFile("Picture to inpaint as well."),
      input_mask: optionalFile("Its mask, white = repaint."),
      ...outpaintForm,
      ...slotForm,
      ...commonForm,
    },
    { title: "Body_img_prompt_v1_generation_image_prompt_post", requiredKeys: [] },
  ),
  enhance: Type.Object(
    { enhance_input_image: optionalFile("The picture."), ...enhance, ...regionForm, ...commonForm },
    { title: "Body_img_enhance_v1_generation_image_enhance_post", requiredKeys: [] },
  ),
};
