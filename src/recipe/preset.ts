import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import { RequestError } from "#/lib/errors.ts";
import { knownName } from "./names.ts";

/** The preset name that means "none". */
export const noPreset = "initial";

/** The VAE of a checkpoint itself; also what a preset that names none means. */
export const ownVae = "Default (model)";

/** A preset as Fooocus' files hold it; all keys optional. A LoRA slot is [enabled, name, weight]. */
export type Preset = Readonly<{
  default_model?: string;
  previous_default_models?: readonly string[];
  default_refiner?: string;
  default_refiner_switch?: number;
  default_loras?: readonly (readonly [boolean, string, number])[];
  default_cfg_scale?: number;
  default_cfg_tsnr?: number;
  default_clip_skip?: number;
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
    adaptive_cfg: preset.default_cfg_tsnr,
    clip_skip: preset.default_clip_skip,
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

/** The way to a file of a preset that is not there, as the middle of a sentence. */
type Remedy = (preset: string, file: Readonly<{ folder: ModelKind; name: string }>) => string;

const folders = { checkpoint: "checkpoints", VAE: "vae", LoRA: "loras" } as const satisfies Readonly<
  Record<string, ModelKind>
>;

/** Model files that are there. */
export type ModelFiles = Readonly<{
  checkpoints: readonly string[];
  loras: readonly string[];
  vaes: readonly string[];
}>;

/**
 * What the preset that a request names says, in the words of a request. Of the checkpoint it is made for, an older
 * version that is there will do, as it does in Fooocus.
 *
 * @param request its own words win over the preset's, so that their files need not be there
 * @param remedy  asked for the first file that is missed
 * @returns nothing said for `initial` and for a request that names none
 * @throws RequestError `unknown-model` for a name nobody knows, `missing-model` for a file that is not there
 */
export function presetOf(
  request: GenerateRequest,
  presets: ReadonlyMap<string, Preset>,
  files: ModelFiles,
  remedy: Remedy = () => "put it into its folder",
): GenerateRequest {
  const { preset: name = noPreset } = request;
  if (name === noPreset) return {};
  const preset = presets.get(knownName(name, [...presets.keys()], "preset", "preset")) ?? {};
  const { default_model: model, previous_default_models: older = [] } = preset;
  const there = [model, ...older].find((file) => file !== undefined && files.checkpoints.includes(file));
  const said = { vae_name: ownVae, ...presetRequest(preset) };
  const filled = there === undefined ? said : { ...said, base_model_name: there };
  const refuse = (what: keyof typeof folders, file: string, field: string): never => {
    const way = remedy(name, { folder: folders[what], name: file });
    const message = `The preset ${name} needs the ${what} ${file}, which is not there; ${way}, or say ${field} yourself.`;
    throw new RequestError("missing-model", message, { field: "preset", value: name, name: file });
  };
  const { base_model_name: base, vae_name: vae, loras = [] } = { ...filled, ...request };
  if (request.base_model_name === undefined && base !== undefined && !files.checkpoints.includes(base))
    refuse("checkpoint", base, "base_model_name");
  if (request.vae_name === undefined && vae !== ownVae && !files.vaes.includes(vae))
    refuse("VAE", vae, "vae_name");
  const lora = loras.find(
    ({ enabled, model_name: file }) => enabled && file !== "None" && !files.loras.includes(file),
  );
  if (request.loras === undefined && lora !== undefined) refuse("LoRA", lora.model_name, "loras");
  return filled;
}
