import type { GenerateRequest } from "#/api/generate.ts";
import type { GenerationWords } from "../api/bodies.ts";
import type { Chosen } from "../options.ts";
import type { Method } from "./methods.ts";

/** What is read of a request besides its numbers. */
export type CommonParts = Readonly<{
  words: GenerationWords;
  chosen: Chosen;
  method: Method;
  prompt: string;
  negative: string;
  loras: NonNullable<GenerateRequest["loras"]>;
  /** A checkpoint's file, where one is to take over. */
  refiner: string | undefined;
  seed: bigint;
}>;

/**
 * A request of ours for what A1111 was asked: every field that decides a picture is said, so that neither a preset, nor Fooocus'
 * own additions to what a model does, nor the server's defaults come in.
 */
export const commonRequest = (parts: CommonParts): GenerateRequest => {
  const { words, chosen, method, prompt, negative, loras, refiner, seed } = parts;
  return {
    ...plain,
    prompt,
    negative_prompt: negative,
    style_selections: [...words.styles],
    aspect_ratios_selection: `${words.width}*${words.height}`,
    image_number: words.batch_size * words.n_iter,
    image_seed: seed,
    guidance_scale: words.cfg_scale,
    // From a guidance of as much on it is mimicked; a request has none above its own.
    adaptive_cfg: words.cfg_scale,
    base_model_name: chosen.checkpoint,
    refiner_model_name: refiner ?? "None",
    ...(refiner === undefined ? {} : { refiner_switch: Math.max(0.1, words.refiner_switch_at ?? 0.8) }),
    loras,
    clip_skip: chosen.clipSkip,
    sampler_name: method.sampler,
    scheduler_name: method.schedule,
    vae_name: chosen.vae ?? ownVae,
    overwrite_step: words.steps,
    output_format: chosen.format,
  };
};

const ownVae = "Default (model)";

/** Without what Fooocus adds, and with A1111's own text in the pictures. */
const plain = {
  performance_selection: "Speed",
  sharpness: 0,
  adm_scaler_positive: 1,
  adm_scaler_negative: 1,
  adm_scaler_end: 0,
  freeu_enabled: false,
  refiner_swap_method: "joint",
  controlnet_softness: 0,
  inpaint_engine: "None",
  disable_seed_increment: false,
  read_wildcards_in_order: false,
  generate_image_grid: false,
  overwrite_switch: -1,
  overwrite_width: -1,
  overwrite_height: -1,
  save_metadata_to_images: true,
  metadata_scheme: "a1111",
  controlnet_image: [],
  enhance_checkbox: false,
  preset: "initial",
} as const satisfies GenerateRequest;
