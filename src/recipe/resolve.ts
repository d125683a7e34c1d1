import type { GenerateParams } from "#/api/generate.ts";
import type { Sidecar } from "#/catalog/sidecar.ts";
import { RequestError } from "#/lib/errors.ts";
import type { PromptField } from "#/pipeline/text/limits.ts";
import type { Tokenizer } from "#/pipeline/text/tokenizer.ts";
import { inputPictures } from "./input-pictures.ts";
import { inpaintEngines, swapMethods } from "./known-names.ts";
import { sdxlLatentColours } from "./latent-colours.ts";
import { knownName } from "./names.ts";
import { refuseEmbeddings, refuseEmptyTab, refuseNotYet } from "./not-yet.ts";
import { distilledGuidance, type Performance, performanceModes } from "./performance.ts";
import { type ModelFiles, ownVae } from "./preset.ts";
import { checkLength, checkSides, checkStyled, refuseHeavyTags } from "./prompt-limits.ts";
import { pickFromArrays, promptLines, takeInlineLoras } from "./prompt-syntax.ts";
import { PythonRandom } from "./python-random.ts";
import {
  type Guidance,
  type ImageSpec,
  type LoraUse,
  type NoiseRule,
  type Recipe,
  type SamplerName,
  type ScheduleName,
  type Size,
  samplerNames,
  scheduleNames,
  seedEnd,
} from "./recipe.ts";
import { sampledAs } from "./sampled-as.ts";
import { checkSide, parseSize } from "./sizes.ts";
import { applyStyles, drawStyles, expansionStyle, randomStyle, type Style } from "./styles.ts";
import { refuseUnreadable, type Unreadable } from "./unreadable.ts";
import { someOf } from "./warnings.ts";
import { fillWildcards, type Wildcards } from "./wildcards.ts";

/** What is there to make pictures with, as names. */
export type World = ModelFiles &
  Readonly<{
    styles: readonly Style[];
    wildcards: Wildcards;
    /** What a checkpoint says of itself. */
    sidecar: (checkpoint: string) => Sidecar;
    /** What it means to say of itself and cannot. */
    sidecarFaults?: (checkpoint: string) => readonly string[];
    /** Files that lie there and are not among the names. */
    unreadable?: Unreadable;
    noise: NoiseRule;
    /** Counts what long texts cost the encoders; without one only the engine does. */
    tokenizer?: () => Tokenizer;
  }>;

/** What the metadata of one image says of its prompts. */
export type ImageDescription = Readonly<{
  prompt: string;
  negativePrompt: string;
  styles: readonly string[];
}>;

/** A recipe, what its maker must be told of it, and how its images describe themselves. */
export type Resolved = Readonly<{
  recipe: Recipe;
  /** For each LoRA of the recipe the request's field that chose it, as a dotted path. */
  loraFields: readonly string[];
  /** For each input picture of the recipe the request's field that brought it, as a dotted path. */
  inputFields: readonly string[];
  warnings: readonly string[];
  descriptions: readonly ImageDescription[];
}>;

/** LoRAs of request and prompt together, once the prompt names some (Fooocus' default_max_lora_number). */
const loraLimit = 5;

/**
 * A settled request as a recipe: performance mode, sizes, prompts after wildcards and styles, models by name. Pure;
 * the same request in the same world gives the same recipe, so a queue can be rebuilt from its rows.
 *
 * @throws RequestError for everything that cannot be made, naming the field and the way out
 */
export function resolveRecipe(params: GenerateParams, world: World): Resolved {
  refuseNotYet(params);
  refuseEmptyTab(params);
  if (world.unreadable !== undefined) refuseUnreadable(params, world.unreadable);
  checkLength(params.prompt, "prompt");
  checkLength(params.negative_prompt, "negative_prompt");
  knownName(params.inpaint_engine, inpaintEngines, "inpaint_engine", "inpaint engine");
  knownName(params.refiner_swap_method, swapMethods, "refiner_swap_method", "swap method");
  const base = knownName(params.base_model_name, world.checkpoints, "base_model_name", "checkpoint");
  const mode: Performance = performanceModes[params.performance_selection];
  const positive = promptLines(params.prompt);
  const inline = takeInlineLoras(positive.main);
  refuseHeavyTags(inline.loras);
  const pictures = inputPictures(params);
  const { chosen, warnings } = chooseLoras(params, base, mode, inline.loras, world);
  const prompt = { main: inline.line, extra: positive.extra };
  const images = Array.from({ length: params.image_number }, (_, index) =>
    describeImage(params, prompt, index, world),
  );
  const sides = { prompt: "positive", negative_prompt: "negative" } as const;
  for (const field of ["prompt", "negative_prompt"] as const) {
    // What such a mode never draws is not looked at.
    if (field === "negative_prompt" && mode.distilled !== undefined) continue;
    const texts = images.map(({ spec }) => spec[sides[field]].texts);
    refuseEmbeddings([...new Set(texts.flat())], field);
    checkSides(texts, field, world.tokenizer);
  }
  return {
    warnings,
    loraFields: chosen.map(({ field }) => field),
    inputFields: pictures.map(({ field }) => field),
    descriptions: images.map(({ description }) => description),
    recipe: {
      base,
      ...sampledAs(world.sidecar(base)),
      vae: params.vae_name === ownVae ? null : knownName(params.vae_name, world.vaes, "vae_name", "VAE"),
      loras: chosen.map(({ name, weight }) => ({ name, weight })),
      size: chooseSize(params),
      steps: params.overwrite_step > 0 ? checkSteps(params.overwrite_step) : mode.steps,
      ...chooseMethod(params, mode),
      clipSkip: params.clip_skip,
      guidance: mode.distilled === undefined ? guidanceOf(params) : distilledGuidance,
      noise: world.noise,
      previews: params.disable_preview ? null : (world.sidecar(base).latent_colours ?? sdxlLatentColours),
      source: { kind: "noise" },
      inputs: pictures.map(({ name }) => name),
      images: images.map(({ spec }) => spec),
    },
  };
}

function describeImage(
  params: GenerateParams,
  prompt: Readonly<{ main: string; extra: readonly string[] }>,
  index: number,
  world: World,
): { spec: ImageSpec; description: ImageDescription } {
  const seed = (params.image_seed + (params.disable_seed_increment ? 0n : BigInt(index))) % seedEnd;
  const random = new PythonRandom(seed);
  const fill = (text: string, field: PromptField): string =>
    fillWildcards(text, world.wildcards, random, index, params.read_wildcards_in_order, field);
  const negative = promptLines(params.negative_prompt);
  // In this order: each of them draws from the same generator.
  const main = pickFromArrays(fill(prompt.main, "prompt"), index);
  const negativeMain = fill(negative.main, "negative_prompt");
  const extra = prompt.extra.map((text) => fill(text, "prompt"));
  const negativeExtra = negative.extra.map((text) => fill(text, "negative_prompt"));

  const names = drawStyles(params.style_selections, world.styles, random);
  const chosen = names.filter((name) => name !== expansionStyle).map((name) => styleOf(name, world.styles));
  checkStyled(chosen, main);
  const texts = applyStyles(chosen, { main, extra }, { main: negativeMain, extra: negativeExtra });
  return {
    spec: { seed, positive: texts.positive, negative: texts.negative },
    description: {
      prompt: [main, ...extra].join("\n"),
      negativePrompt: [negativeMain, ...negativeExtra].join("\n"),
      styles: chosen.map(({ name }) => name),
    },
  };
}

function styleOf(name: string, styles: readonly Style[]): Style {
  const names = [expansionStyle, randomStyle, ...styles.map((style) => style.name)];
  const known = knownName(name, names, "style_selections", "style");
  const style = styles.find((candidate) => candidate.name === known);
  if (style === undefined)
    throw new RequestError("unknown-model", `There are no styles to draw from.`, {
      field: "style_selections",
    });
  return style;
}

/** A LoRA and the field that chose it. */
type ChosenLora = LoraUse & Readonly<{ field: string }>;

/** The request's LoRAs, those of the prompt, then the performance mode's own. */
function chooseLoras(
  params: GenerateParams,
  base: string,
  mode: Performance,
  inline: readonly Readonly<{ stem: string; weight: number }>[],
  world: World,
): { chosen: readonly ChosenLora[]; warnings: string[] } {
  const { distilled } = mode;
  const own =
    distilled && (world.sidecar(base).performance_loras?.[params.performance_selection] ?? distilled.lora);
  const asked = params.loras.flatMap(({ enabled, model_name, weight }, index): readonly ChosenLora[] => {
    const field = `loras.${index}.model_name`;
    return enabled && model_name !== "None"
      ? [{ name: knownName(model_name, world.loras, field, "LoRA"), weight, field }]
      : [];
  });
  // A tag cannot name the LoRA that the mode brings along, and the request's own choice wins over a tag.
  const { tagged, warnings } = findTagged(
    inline,
    world.loras.filter((name) => name !== own),
  );
  const added = tagged.filter(({ name }) => asked.every((lora) => lora.name !== name));
  const chosen = added.length === 0 ? asked : [...asked, ...added].slice(0, loraLimit);
  if (asked.length + added.length > chosen.length) {
    warnings.push(`Only the first ${loraLimit} LoRAs are used where the prompt names some.`);
  }
  if (distilled === undefined || own === undefined) return { chosen, warnings };
  if (!world.loras.includes(own)) {
    const message = `${params.performance_selection} with ${base} needs the LoRA ${own}, which is not in the loras folder.`;
    throw new RequestError("missing-model", message, { field: "performance_selection", name: own });
  }
  const { weight } = distilled;
  return { chosen: [...chosen, { name: own, weight, field: "performance_selection" }], warnings };
}

/** The LoRAs of the prompt's tags, each name with each weight once. */
function findTagged(
  inline: readonly Readonly<{ stem: string; weight: number }>[],
  names: readonly string[],
): { tagged: readonly ChosenLora[]; warnings: string[] } {
  const byStem = new Map(names.toReversed().map((name) => [stemOf(name), name]));
  const unknown = new Set<string>();
  const tagged = new Map<string, ChosenLora>();
  for (const { stem, weight } of inline) {
    const name = byStem.get(stem);
    if (name === undefined) unknown.add(stem);
    else if (!tagged.has(`${weight} ${name}`))
      tagged.set(`${weight} ${name}`, { name, weight, field: "prompt" });
  }
  return { tagged: [...tagged.values()], warnings: unknownTags([...unknown]) };
}

/** A warning for each of a few; one for all of many. */
function unknownTags(stems: readonly string[]): string[] {
  if (stems.length > severalTags)
    return [`There are no LoRAs called ${someOf(stems)}; their tags in the prompt were dropped.`];
  return stems.map((stem) => `There is no LoRA called ${someOf([stem])}; its tag in the prompt was dropped.`);
}

const severalTags = 5;

/** A file name without folders and extension. */
export const stemOf = (name: string): string => name.replace(/^.*\//, "").replace(/\.[^.]+$/, "");

function chooseSize(params: GenerateParams): Size {
  const chosen = parseSize(params.aspect_ratios_selection, "aspect_ratios_selection");
  const side = (own: "overwrite_width" | "overwrite_height", other: number): number =>
    params[own] > 0 ? checkSide(params[own], own) : checkSide(other, "aspect_ratios_selection");
  return { width: side("overwrite_width", chosen.width), height: side("overwrite_height", chosen.height) };
}

const mostSteps = 1000;

function checkSteps(steps: number): number {
  if (steps <= mostSteps) return steps;
  const message = `${steps} steps are more than the network has timesteps (${mostSteps}).`;
  throw new RequestError("invalid-value", message, { field: "overwrite_step", value: steps });
}

function chooseMethod(
  params: GenerateParams,
  { distilled }: Performance,
): { sampler: SamplerName; schedule: ScheduleName } {
  return {
    sampler: distilled?.sampler ?? oneOf(params.sampler_name, samplerNames, "sampler_name", "sampler"),
    schedule:
      distilled?.schedule ?? oneOf(params.scheduler_name, scheduleNames, "scheduler_name", "scheduler"),
  };
}

function oneOf<const T extends string>(value: string, list: readonly T[], field: string, what: string): T {
  const known = knownName(value, list, field, what);
  const found = list.find((candidate) => candidate === known);
  if (found === undefined) throw new RangeError(`${known} was just found`);
  return found;
}

const guidanceOf = (params: GenerateParams): Guidance => ({
  cfg: params.guidance_scale,
  sharpness: params.sharpness,
  adaptiveCfg: params.adaptive_cfg,
  admPositive: params.adm_scaler_positive,
  admNegative: params.adm_scaler_negative,
  admEnd: params.adm_scaler_end,
});
