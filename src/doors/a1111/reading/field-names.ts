import { RequestError } from "#/lib/errors.ts";

/** What A1111 calls fields of ours, for sentences about them. */
const names: Readonly<Record<string, string>> = {
  style_selections: "styles",
  aspect_ratios_selection: "width",
  image_number: "batch_size",
  image_seed: "seed",
  guidance_scale: "cfg_scale",
  base_model_name: "sd_model_checkpoint",
  refiner_model_name: "refiner_checkpoint",
  refiner_switch: "refiner_switch_at",
  loras: "prompt",
  sampler_name: "sampler_name",
  scheduler_name: "scheduler",
  clip_skip: "CLIP_stop_at_last_layers",
  vae_name: "sd_vae",
  overwrite_step: "steps",
  output_format: "samples_format",
  uov_input_image: "init_images",
  uov_method: "hr_upscaler",
  enhance_uov_method: "hr_upscaler",
  enhance_checkbox: "enable_hr",
  upscale_multiple: "hr_scale",
  overwrite_upscale_strength: "denoising_strength",
  overwrite_vary_strength: "denoising_strength",
  inpaint_strength: "denoising_strength",
  inpaint_input_image: "init_images",
  inpaint_mask_image_upload: "mask",
  invert_mask_checkbox: "inpainting_mask_invert",
  inpaint_disable_initial_latent: "inpainting_fill",
  inpaint_respective_field: "inpaint_full_res",
  inpaint_engine: "inpainting_fill",
  controlnet_image: "alwayson_scripts.controlnet.args",
  cn_img: "image",
  cn_type: "module",
  cn_weight: "weight",
  cn_stop: "guidance_end",
  image_type: "model",
  canny_low_threshold: "threshold_a",
  canny_high_threshold: "threshold_b",
};

/** A sentence or a dotted path about fields of ours, in A1111's words. */
export const inA1111Words = (text: string): string =>
  text.replace(/(?<![\w/])[a-z][a-z_]*[a-z](?![\w(])/g, (word) =>
    Object.hasOwn(names, word) ? (names[word] ?? word) : word,
  );

/** Does what may be refused, in A1111's words. */
export async function refusedInA1111Words<Done>(work: () => Promise<Done>): Promise<Done> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    const { code, message, details } = thrown;
    const field = typeof details["field"] === "string" ? { field: inA1111Words(details["field"]) } : {};
    throw new RequestError(code, inA1111Words(message), { ...details, ...field }, thrown);
  }
}
