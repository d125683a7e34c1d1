import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";

/** A preset as Fooocus' files hold it; all keys optional. A LoRA slot is [enabled, name, weight]. */
export type Preset = Readonly<{
  default_model?: string;
  previous_default_models?: readonly string[];
  default_refiner?: string;
  default_refiner_switch?: number;
  default_loras?: readonly (readonly [boolean, string, number])[];
  default_cfg_scale?: number;
  default_sample_sharpness?: number;
  default_sampler?: string;
  default_scheduler?: string;
  default_performance?: GenerateParams["performance_selection"];
  default_prompt?: string;
  default_prompt_negative?: string;
  default_styles?: readonly string[];
  default_aspect_ratio?: string;
  default_overwrite_step?: number;
  default_vae?: string;
  default_inpaint_engine_version?: string;
}>;

/** A preset in the words of a request: what it says, and nothing else. */
export function presetRequest(preset: Preset): GenerateRequest {
  const loras = preset.default_loras?.map(([enabled, model_name, weight]) => ({
    enabled,
    model_name,
    weight,
  }));
  const said: { [K in keyof GenerateParams]?: GenerateParams[K] | undefined } = {
    base_model_name: preset.default_model,
    refiner_model_name: preset.default_refiner,
    refiner_switch: preset.default_refiner_switch,
    loras,
    guidance_scale: preset.default_cfg_scale,
    sharpness: preset.default_sample_sharpness,
    sampler_name: preset.default_sampler,
    scheduler_name: preset.default_scheduler,
    performance_selection: preset.default_performance,
    prompt: preset.default_prompt,
    negative_prompt: preset.default_prompt_negative,
    style_selections: preset.default_styles === undefined ? undefined : [...preset.default_styles],
    aspect_ratios_selection: preset.default_aspect_ratio,
    overwrite_step: preset.default_overwrite_step,
    vae_name: preset.default_vae,
    inpaint_engine: preset.default_inpaint_engine_version,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
