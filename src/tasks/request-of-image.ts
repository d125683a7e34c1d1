import { CommonRequest, type GenerateParams, type GenerateRequest } from "#/api/generate.ts";
import { InvalidRequest } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { readBody } from "#/api/read.ts";
import { findStyles } from "#/recipe/find-styles.ts";
import { type Performance, performanceModes } from "#/recipe/performance.ts";
import { ownVae } from "#/recipe/preset.ts";
import { promptLines } from "#/recipe/prompt-syntax.ts";
import { stemOf, type World } from "#/recipe/resolve.ts";
import type { ImageMetadata, ReadMetadata } from "#/stores/metadata/metadata.ts";

/** A picture's making as a request that makes it again, and what of it could not be told. */
export type RequestOfImage = Readonly<{ request: GenerateRequest; warnings: readonly string[] }>;

type Facts = Partial<ImageMetadata>;
type Values = { [K in keyof GenerateParams]?: Json | undefined };

/**
 * The way back of `describeImage`: a picture's facts as the body of a generate request. Names are those of this
 * server's files where it has them, else the picture's own with the usual extension, so that the request is refused
 * by name rather than made with something else. What a performance mode forces is left out: it would say nothing of
 * the request, and hold it to numbers that are wrong for every other mode.
 */
export function requestOfImage({ scheme, facts }: ReadMetadata, world: World): RequestOfImage {
  const warnings: string[] = [];
  const mode: Performance | undefined = Object.hasOwn(performanceModes, facts.performance ?? "")
    ? performanceModes[facts.performance as keyof typeof performanceModes]
    : undefined;
  const base = fileOf(facts.baseModel, world.checkpoints, "checkpoint", warnings);
  const refiner = facts.refinerModel ?? "None";
  const values: Values = {
    ...promptOf(facts, scheme, world, warnings),
    performance_selection: facts.performance,
    aspect_ratios_selection: facts.width === undefined ? undefined : `${facts.width}*${facts.height}`,
    image_number: 1,
    image_seed: facts.seed,
    base_model_name: base,
    refiner_model_name:
      refiner === "None" ? refiner : fileOf(refiner, world.checkpoints, "refiner", warnings),
    loras: lorasOf(facts, base, mode, world, warnings),
    clip_skip: facts.clipSkip ?? (facts.version === undefined ? undefined : 1),
    vae_name: facts.vae === ownVae ? ownVae : fileOf(facts.vae, world.vaes, "VAE", warnings),
    overwrite_step: facts.steps === (mode ?? performanceModes.Speed).steps ? -1 : facts.steps,
    overwrite_switch: facts.overwriteSwitch,
    refiner_swap_method: facts.refinerSwapMethod,
    ...(mode?.distilled === undefined ? samplingOf(facts) : {}),
    ...freeuOf(facts),
  };
  return { request: checked(values, warnings), warnings };
}

/** The prompt before the styles, and the styles: named in one scheme, found by their texts in the other. */
function promptOf(facts: Facts, scheme: ReadMetadata["scheme"], world: World, warnings: string[]): Values {
  const { prompt, negativePrompt: negative_prompt, styles, fullPrompt, fullNegativePrompt } = facts;
  if (scheme === "fooocus") return { prompt, negative_prompt, style_selections: styles };
  const texts = { positive: (fullPrompt ?? []).join(", "), negative: (fullNegativePrompt ?? []).join(", ") };
  const [own, against] = [promptLines(prompt ?? ""), promptLines(negative_prompt ?? "")];
  const found = findStyles(world.styles, own, against, texts);
  if (found === undefined) warnings.push("The styles could not be told from the texts; none is selected.");
  return { prompt, negative_prompt, style_selections: found ?? [] };
}

const samplingOf = (facts: Facts): Values => ({
  sharpness: facts.sharpness,
  guidance_scale: facts.guidanceScale,
  refiner_switch: facts.refinerSwitch,
  adm_scaler_positive: facts.adm?.positive,
  adm_scaler_negative: facts.adm?.negative,
  adm_scaler_end: facts.adm?.end,
  adaptive_cfg: facts.adaptiveCfg,
  sampler_name: facts.sampler,
  scheduler_name: facts.scheduler,
});

function freeuOf({ freeu }: Facts): Values {
  if (freeu === undefined) return {};
  const [freeu_b1, freeu_b2, freeu_s1, freeu_s2] = freeu;
  return { freeu_enabled: true, freeu_b1, freeu_b2, freeu_s1, freeu_s2 };
}

/** The LoRAs but for the one that the performance mode brings along by itself. */
function lorasOf(
  { loras, performance }: Facts,
  base: string | undefined,
  mode: Performance | undefined,
  world: World,
  warnings: string[],
): Json | undefined {
  const forced = [mode?.distilled?.lora, world.sidecar(base ?? "").performance_loras?.[performance ?? ""]];
  const stems =
    mode?.distilled === undefined ? [] : forced.flatMap((name) => (name === undefined ? [] : stemOf(name)));
  return loras
    ?.filter(({ name }) => !stems.includes(name))
    .map(({ name, weight }) => ({
      enabled: true,
      model_name: fileOf(name, world.loras, "LoRA", warnings) ?? name,
      weight,
    }));
}

/** A file of ours by its stem. */
function fileOf(
  stem: string | undefined,
  files: readonly string[],
  what: string,
  warnings: string[],
): string | undefined {
  if (stem === undefined || stem === "") return undefined;
  const file = files.find((name) => stemOf(name) === stem);
  if (file !== undefined) return file;
  warnings.push(`The ${what} ${stem} is not here.`);
  return `${stem}.safetensors`;
}

/** Only what the contract takes: a picture may say anything. */
function checked(values: Values, warnings: string[]): GenerateRequest {
  const taken: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(values)) {
    if (value === undefined) continue;
    try {
      Object.assign(taken, readBody(CommonRequest, { [field]: value }));
    } catch (thrown) {
      if (!(thrown instanceof InvalidRequest)) throw thrown;
      warnings.push(`${field} was left out: ${thrown.message}.`);
    }
  }
  return taken;
}
