import { CommonRequest, type GenerateParams, type GenerateRequest } from "#/api/generate.ts";
import { InvalidRequest } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { readBody } from "#/api/read.ts";
import { findStylesOrExpansion } from "#/recipe/find-styles.ts";
import { stemOf } from "#/recipe/names.ts";
import { type Performance, performanceModes } from "#/recipe/performance.ts";
import { ownVae } from "#/recipe/preset.ts";
import { promptLines } from "#/recipe/prompt-syntax.ts";
import type { World as WholeWorld } from "#/recipe/resolve.ts";
import type { ImageMetadata, ReadMetadata } from "#/stores/metadata/metadata.ts";
import { readImageInput } from "./image-input.ts";

/** A picture's making as a request that makes it again, and what of it could not be told. */
export type RequestOfImage = Readonly<{ request: GenerateRequest; warnings: readonly string[] }>;

/** What is there, as far as names of pictures are compared with it. */
type World = Pick<WholeWorld, "styles" | "checkpoints" | "loras" | "vaes" | "sidecar">;

type Facts = Partial<ImageMetadata>;
type Values = { [K in keyof GenerateParams]?: Json | undefined };

/**
 * The way back of `embeddedText`: a picture's facts as the body of a generate request. Names are those of this
 * server's files where it has them, else the picture's own with the usual extension, so that the request is refused
 * by name rather than made with something else. What a performance mode forces is left out: it would say nothing of
 * the request, and hold it to numbers that are wrong for every other mode.
 */
export function requestOfImage(read: ReadMetadata, world: World): RequestOfImage {
  const { scheme, facts } = read;
  const warnings: string[] = [...lost(read)];
  const mode: Performance | undefined = Object.hasOwn(performanceModes, facts.performance ?? "")
    ? performanceModes[facts.performance as keyof typeof performanceModes]
    : undefined;
  const base = fileOf(facts.baseModel, world.checkpoints);
  const refiner = facts.refinerModel ?? "None";
  const start = readImageInput(facts.imageInput);
  const values: Values = {
    ...promptOf(facts, scheme, world, warnings),
    performance_selection: facts.performance,
    // What starts from a picture has a size of its own, which may be none that can be asked for.
    aspect_ratios_selection:
      facts.width === undefined || startsElsewhere(start) ? undefined : `${facts.width}*${facts.height}`,
    image_number: 1,
    image_seed: facts.seed,
    base_model_name: base,
    refiner_model_name: refiner === "None" ? refiner : fileOf(refiner, world.checkpoints),
    loras: lorasOf(facts, base, mode, world),
    // With SDXL the A1111 web UI takes the layer before the last, whatever its own setting says.
    clip_skip: isForeign(read) ? 2 : (facts.clipSkip ?? (facts.version === undefined ? undefined : 1)),
    vae_name: noVae.includes(facts.vae ?? "") ? ownVae : fileOf(facts.vae, world.vaes),
    overwrite_step: facts.steps === usualSteps(mode ?? performanceModes.Speed, start) ? -1 : facts.steps,
    overwrite_switch: facts.overwriteSwitch,
    refiner_swap_method: facts.refinerSwapMethod,
    ...(mode?.distilled === undefined ? samplingOf(facts) : {}),
    ...freeuOf(facts),
    // Said in any case: the server's own may be another one.
    precision: facts.precision ?? "full",
    cache: facts.cache,
    cfg_until: facts.cfgUntil,
    ...(start as Values | undefined),
  };
  return { request: checked(values, warnings), warnings };
}

/** What is guided by pictures alone starts from noise, at the size that was asked for. */
const startsElsewhere = (start: ReturnType<typeof readImageInput>): boolean =>
  start?.uov_input_image !== undefined ||
  start?.inpaint_input_image !== undefined ||
  start?.enhance_checkbox !== undefined;

/** The steps that a mode makes by itself of what a picture says it started from. */
const usualSteps = ({ steps, upscaling }: Performance, start: ReturnType<typeof readImageInput>): number =>
  String(start?.uov_method).startsWith("Upscale") ? upscaling : steps;

/** What A1111's programs write for the checkpoint's own VAE, and Fooocus. */
const noVae: readonly string[] = [ownVae, "None", "Automatic"];

/** What changed a picture of other programs and cannot be asked for here; the picture will be another. */
const beyondUs =
  /^(Hires|Denoising|Variation|Face restoration|Tiling|ControlNet|ADetailer|Refiner switch|ENSD|RNG)/;

/** Whether the A1111 web UI or a relative of it made the picture: Fooocus writes the same scheme with the raw prompts. */
const isForeign = ({ scheme, values }: ReadMetadata): boolean =>
  scheme === "a1111" && values["Raw prompt"] === undefined;

/** What a picture of the A1111 web UI says that its request cannot say again. */
function lost(read: ReadMetadata): readonly string[] {
  const { values, facts } = read;
  if (!isForeign(read)) return [];
  const names = Object.keys(values).filter((name) => beyondUs.test(name));
  return [
    ...(names.length === 0 ? [] : [`What these say cannot be made again here: ${names.join(", ")}.`]),
    ...(facts.scheduler === undefined
      ? ["The picture does not say its schedule; the request leaves it to the server."]
      : []),
  ];
}

/** The prompt before the styles, and the styles: named in one scheme, found by their texts in the other. */
function promptOf(facts: Facts, scheme: ReadMetadata["scheme"], world: World, warnings: string[]): Values {
  const { prompt, negativePrompt: negative_prompt, styles, fullPrompt, fullNegativePrompt } = facts;
  if (scheme === "fooocus") return { prompt, negative_prompt, style_selections: styles };
  const texts = { positive: (fullPrompt ?? []).join(", "), negative: (fullNegativePrompt ?? []).join(", ") };
  const [own, against] = [promptLines(prompt ?? ""), promptLines(negative_prompt ?? "")];
  const found = findStylesOrExpansion(world.styles, own, against, texts);
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
): Json | undefined {
  const forced = [mode?.distilled?.lora, world.sidecar(base ?? "").performance_loras?.[performance ?? ""]];
  const stems =
    mode?.distilled === undefined ? [] : forced.flatMap((name) => (name === undefined ? [] : stemOf(name)));
  return loras
    ?.filter(({ name }) => !stems.includes(name.replace(extension, "")))
    .map(({ name, weight }) => ({
      enabled: true,
      model_name: fileOf(name, world.loras) ?? name,
      weight,
    }));
}

/** Extensions of model files; what else stands behind a dot is part of a name. */
const extension = /\.(safetensors|sft|ckpt|pt|pth|bin|gguf)$/i;

/**
 * A file of ours by what a picture calls it: with or without folders, in either system's manner, with or without its
 * extension. One that is not here gets the usual extension if it has none, so that the request is refused by its name.
 */
function fileOf(said: string | undefined, files: readonly string[]): string | undefined {
  const named = said?.trim().replaceAll("\\", "/") ?? "";
  if (named === "") return undefined;
  const bare = (name: string): string => name.replace(extension, "");
  const stem = bare(named).replace(/^.*\//, "");
  return (
    files.find((name) => name === named || bare(name) === bare(named)) ??
    files.find((name) => stemOf(name) === stem) ??
    (extension.test(named) ? named : `${named}.safetensors`)
  );
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
