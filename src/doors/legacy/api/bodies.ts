import { type TSchema, Type } from "@sinclair/typebox";
import {
  choice,
  flag,
  list,
  mostLoras,
  mostSlots,
  realOrNull,
  text,
  textOrNull,
  whole,
} from "#/api/fields.ts";
import { CommonRequest } from "#/api/generate.ts";
import {
  controlNetTypes,
  EnhanceCtrlNets,
  outpaintSides,
  performances,
  upscaleOrVaryMethods,
} from "#/api/generate-objects.ts";
import { AdvancedParams, LegacyLora } from "./body-objects.ts";
import { fileFormat } from "./form.ts";

const main = CommonRequest.properties;

/** Everything all bodies have, in the legacy API's order. */
const common = {
  prompt: main.prompt,
  negative_prompt: main.negative_prompt,
  style_selections: main.style_selections,
  performance_selection: choice(
    // The legacy API names them in an order of its own.
    ["Speed", "Quality", ...performances.slice(2)],
    "Speed",
    "PerformanceSelection",
    "Speed/quality mode that sets the step count.",
  ),
  aspect_ratios_selection: main.aspect_ratios_selection,
  image_number: main.image_number,
  image_seed: main.image_seed,
  sharpness: main.sharpness,
  guidance_scale: main.guidance_scale,
  base_model_name: main.base_model_name,
  refiner_model_name: main.refiner_model_name,
  refiner_switch: main.refiner_switch,
  loras: list(LegacyLora, main.loras.default, "LoRA slots.", mostLoras),
  advanced_params: Type.Union([AdvancedParams, Type.Null()], { default: {} }),
  save_meta: flag(true, "Embed metadata."),
  meta_scheme: choice(["fooocus", "a111", "a1111"], "fooocus", "ImageMetaScheme", "Metadata layout."),
  save_extension: text("png", "File extension and encoder of the saved images: png, jpg or webp."),
  save_name: text("", "Own file name for the images; empty takes the job id."),
  read_wildcards_in_order: main.read_wildcards_in_order,
  require_base64: main.require_base64,
  async_process: flag(false, "Answer at once with a job id."),
  webhook_url: textOrNull("", "Where to POST the result."),
};

/** What a form means that does not say it, where that is not the server's default. */
export const formDefaults = { guidance_scale: 7, save_meta: false, upscale_value: null } as const;

const commonForm = {
  ...common,
  guidance_scale: { ...main.guidance_scale, default: formDefaults.guidance_scale },
  loras: { ...common.loras, jsonText: true },
  // Unlike all else, an invalid one means the defaults: the legacy API has it so.
  advanced_params: { ...AdvancedParams, default: {}, jsonText: true, lenient: true },
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
  enhance_uov_processing_order: main.enhance_uov_processing_order,
  enhance_uov_prompt_type: main.enhance_uov_prompt_type,
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
  textToImage: Type.Object(common, { title: "Text2ImgRequest", requiredKeys: [] }),
  textToImageWithPrompts: Type.Object(
    { ...common, ...prompts },
    { title: "Text2ImgRequestWithPrompt", requiredKeys: [] },
  ),
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
    { title: "ImgInpaintOrOutpaintRequestJson", requiredKeys: [] },
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
