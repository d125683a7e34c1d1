import { type Static, Type } from "@sinclair/typebox";
import { precisions } from "#/lib/devices.ts";
import {
  alsoSpelled,
  choice,
  flag,
  list,
  mostLoras,
  mostNames,
  mostSlots,
  real,
  seed,
  text,
  textOrNothing,
  textOrNull,
  whole,
} from "./fields.ts";
import {
  EnhanceCtrlNets,
  ImagePrompt,
  Lora,
  metadataSchemes,
  outpaintSides,
  performances,
  upscaleOrVaryMethods,
} from "./generate-objects.ts";

/** Every field of the contract's POST /v1/engine/generate/ in its order, with default, bounds and text. */
const contractFields = {
  prompt: text(
    "",
    "Text to draw. Line 1 is the main prompt; each further non-empty line becomes an extra positive workload.",
  ),
  negative_prompt: text("", "Text to avoid, same line rules as prompt."),
  style_selections: list(
    Type.String(),
    ["Fooocus V2", "Fooocus Enhance", "Fooocus Sharp"],
    "Names of style templates to apply, in order.",
    mostNames,
  ),
  performance_selection: choice(
    performances,
    "Speed",
    "Performance",
    "Speed/quality mode that sets the step count.",
  ),
  aspect_ratios_selection: text("1152*896", "Image size as W*H."),
  image_number: whole(1, "How many images to make.", { minimum: 1, maximum: 32 }),
  output_format: text("png", "File extension and encoder of the saved images."),
  image_seed: seed("Seed of the first image; -1 draws one."),
  read_wildcards_in_order: flag(false, "Take wildcard lines in file order instead of at random."),
  sharpness: real(2, "Strength of the sampling sharpness filter.", { minimum: 0, maximum: 30 }),
  guidance_scale: real(4, "Classifier-free guidance scale.", { minimum: 1, maximum: 30 }),
  base_model_name: text(
    "juggernautXL_v8Rundiffusion.safetensors",
    "Checkpoint file name, relative to a checkpoints folder.",
  ),
  refiner_model_name: text("None", "Refiner checkpoint file name or 'None'."),
  refiner_switch: real(0.5, "Fraction of steps after which the refiner takes over.", {
    minimum: 0.1,
    maximum: 1,
  }),
  loras: list(
    Lora,
    [
      { enabled: true, model_name: "sd_xl_offset_example-lora_1.0.safetensors", weight: 0.1 },
      { enabled: true, model_name: "None", weight: 1.0 },
      { enabled: true, model_name: "None", weight: 1.0 },
      { enabled: true, model_name: "None", weight: 1.0 },
      { enabled: true, model_name: "None", weight: 1.0 },
    ],
    "LoRA slots.",
    mostLoras,
  ),
  input_image_checkbox: flag(false, "Web-page switch for input images."),
  current_tab: text("uov", "Which input image the task is about."),
  uov_method: choice(
    upscaleOrVaryMethods,
    "Disabled",
    "UpscaleOrVaryMethod",
    "Vary or upscale method for uov_input_image.",
  ),
  uov_input_image: textOrNull("None", "Image for vary/upscale: URL, base64 or data URI."),
  outpaint_selections: list(
    choice(outpaintSides, "Left", "OutpaintExpansion", "A side."),
    [],
    "Sides to extend.",
    mostSlots,
  ),
  inpaint_input_image: textOrNull("None", "Image for inpaint/outpaint."),
  inpaint_additional_prompt: text("", "Text put on a line before the prompt when inpainting."),
  inpaint_mask_image_upload: textOrNull("None", "Mask image, white = repaint."),
  disable_preview: flag(false, "Do not render previews."),
  disable_intermediate_results: flag(false, "Do not publish intermediate results."),
  disable_seed_increment: flag(false, "Use the same seed for every image."),
  black_out_nsfw: flag(false, "Black out images the safety checker flags."),
  adm_scaler_positive: real(1.5, "Positive ADM scaler (1.0 = off).", { minimum: 0, maximum: 3 }),
  adm_scaler_negative: real(0.8, "Negative ADM scaler (1.0 = off).", { minimum: 0, maximum: 3 }),
  adm_scaler_end: real(0.3, "Fraction of sampling at which ADM scaling ends.", { minimum: 0, maximum: 1 }),
  adaptive_cfg: real(7, "CFG value mimicked from TSNR.", { minimum: 1, maximum: 30 }),
  clip_skip: whole(2, "CLIP layers to skip.", { minimum: 1, maximum: 12 }),
  sampler_name: text("dpmpp_2m_sde_gpu", "Sampler."),
  scheduler_name: text("karras", "Sigma schedule."),
  vae_name: text("Default (model)", "VAE file name."),
  overwrite_step: whole(-1, "Replace the number of steps."),
  overwrite_switch: whole(-1, "Replace the refiner switch step."),
  overwrite_width: whole(-1, "Replace the width.", { minimum: -1, maximum: 2048 }),
  overwrite_height: whole(-1, "Replace the height.", { minimum: -1, maximum: 2048 }),
  overwrite_vary_strength: real(-1, "Replace the denoising strength of Vary.", { minimum: -1, maximum: 1 }),
  overwrite_upscale_strength: real(-1, "Replace the denoising strength of Upscale.", {
    minimum: -1,
    maximum: 1,
  }),
  mixing_image_prompt_and_vary_upscale: flag(false, "Combine control images with vary/upscale."),
  mixing_image_prompt_and_inpaint: flag(false, "Combine control images with inpaint."),
  debugging_cn_preprocessor: flag(false, "Return the preprocessed control image instead of generating."),
  skipping_cn_preprocessor: flag(false, "Use control images as given."),
  canny_low_threshold: whole(64, "Lower canny threshold.", { minimum: 1, maximum: 255 }),
  canny_high_threshold: whole(128, "Upper canny threshold.", { minimum: 1, maximum: 255 }),
  refiner_swap_method: text("joint", "How base and refiner are swapped."),
  controlnet_softness: real(0.25, "Softness of ControlNet.", { minimum: 0, maximum: 1 }),
  freeu_enabled: flag(false, "Turn FreeU on."),
  freeu_b1: real(1.01, "FreeU b1."),
  freeu_b2: real(1.02, "FreeU b2."),
  freeu_s1: real(0.99, "FreeU s1."),
  freeu_s2: real(0.95, "FreeU s2."),
  debugging_inpaint_preprocessor: flag(false, "Return the inpaint preprocessing instead of generating."),
  inpaint_disable_initial_latent: flag(false, "Start inpainting from noise."),
  inpaint_engine: text("v2.6", "Inpaint engine version."),
  inpaint_strength: real(1, "Denoising strength of inpainting.", { minimum: 0, maximum: 1 }),
  inpaint_respective_field: real(0.618, "Context around the mask, 0 = mask only, 1 = whole image.", {
    minimum: 0,
    maximum: 1,
  }),
  inpaint_advanced_masking_checkbox: flag(false, "Web-page switch for the uploaded mask."),
  invert_mask_checkbox: flag(false, "Invert the mask."),
  inpaint_erode_or_dilate: whole(0, "Grow (positive) or shrink (negative) the mask.", {
    minimum: -64,
    maximum: 64,
  }),
  save_final_enhanced_image_only: flag(false, "Keep only the last picture of each enhancement chain."),
  save_metadata_to_images: flag(true, "Embed metadata."),
  metadata_scheme: alsoSpelled(choice(metadataSchemes, "fooocus", "MetadataScheme", "Metadata layout."), {
    a111: "a1111",
  }),
  controlnet_image: list(
    ImagePrompt,
    [{ cn_img: null, cn_stop: 0.6, cn_weight: 0.6, cn_type: "ImagePrompt" }],
    "Control image slots.",
    mostSlots,
  ),
  debugging_dino: flag(false, "Show the detection boxes as the mask."),
  dino_erode_or_dilate: whole(0, "Grow or shrink detection boxes.", { minimum: -64, maximum: 64 }),
  debugging_enhance_masks_checkbox: flag(false, "Show each enhancement mask."),
  enhance_input_image: textOrNull("None", "Image to enhance directly."),
  enhance_checkbox: flag(false, "Run the enhancement stage."),
  enhance_uov_method: choice(
    upscaleOrVaryMethods,
    "Disabled",
    "UpscaleOrVaryMethod",
    "Vary or upscale inside the enhancement stage.",
  ),
  enhance_uov_processing_order: text("Before First Enhancement", "When that runs."),
  enhance_uov_prompt_type: text("Original Prompts", "Which prompt it uses when it runs last."),
  enhance_ctrls: list(EnhanceCtrlNets, [], "Enhancement regions.", mostSlots),
  generate_image_grid: flag(false, "Add a contact sheet of the batch."),
  save_name: textOrNothing("Own file name for the images."),
  outpaint_distance: list(
    Type.Integer(),
    [0, 0, 0, 0],
    "Pixels to add on the left, top, right, bottom.",
    mostSlots,
  ),
  upscale_multiple: real(1, "Factor for 'Upscale (Custom)'.", { minimum: 1, maximum: 5 }),
  preset: text("initial", "Preset to take unset values from."),
  stream_output: flag(false, "Answer with server-sent events."),
  require_base64: flag(false, "Return base64 data."),
  async_process: flag(false, "Answer at once with a task id."),
  webhook_url: textOrNull("", "Where to POST the finished record."),
};

/** What the contract does not have: it stands behind its fields, and a request that was kept before has none of it. */
const ownFields = {
  precision: choice(
    precisions,
    "full",
    "Precision",
    "In which numbers the networks count: full as the files have them, fast in 8 bits where the processor gains by it.",
  ),
  cache: real(
    0,
    "How readily network runs are left out: fewer steps are made, and the negative side is foretold where it hardly changes. 0 makes every run, 1 the fewest.",
    { minimum: 0, maximum: 1 },
  ),
  cfg_until: real(
    1,
    "Share of the steps after which there is no guidance: only the positive side is asked.",
    {
      minimum: 0,
      maximum: 1,
    },
  ),
  size_number: whole(
    0,
    "Size number (the side of a square of as many pixels) at which a picture that was given is drawn on: one of its own keeps its size. 0 takes what the checkpoint draws best at.",
    { minimum: 0, maximum: 8192 },
  ),
  upscaler_name: text(
    "",
    "What enlarges pictures: a file of the upscale_models folder; empty takes the server's own.",
  ),
  upscale_alone: flag(false, "Enlarge by the upscaling network alone, by any factor: nothing is diffused."),
};

const fields = { ...contractFields, ...ownFields };

/** The request as OpenAPI and the reader see it: nothing is required. The name is the reference's. */
export const CommonRequest = Type.Object(fields, { title: "CommonRequest", requiredKeys: [] });

/**
 * A settled request: every field filled, from the body, the preset or the server's defaults; the seed is drawn, images
 * are addresses. This is what a task keeps (`req_params`).
 */
export type GenerateParams = Readonly<Static<typeof CommonRequest>>;

/**
 * What a body said: only the keys that were present, converted. Presets and the server's defaults are filled in later
 * (`recipe/settle.ts`), because "given" must not be guessed from a value that happens to be the default.
 */
export type GenerateRequest = Readonly<Partial<GenerateParams>>;

/** What the fields that are ours mean where a request that was kept does not know them. */
export const ownDefaults = Object.fromEntries(
  Object.entries(ownFields).map(([name, { default: fallback }]) => [name, fallback as unknown]),
) as Pick<GenerateParams, keyof typeof ownFields>;

/** The fields' names in order. */
export const generateFields = Object.keys(fields) as readonly (keyof GenerateParams)[];

/** The contract's own value of every field; the seed is drawn. */
export const contractDefaults = {
  ...Object.fromEntries(generateFields.map((field) => [field, fields[field].default as unknown])),
  image_seed: -1n,
} as GenerateParams;
