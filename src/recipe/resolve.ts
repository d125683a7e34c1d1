import type { GenerateParams } from "#/api/generate.ts";
import type { ExpansionThere } from "#/catalog/expansion-files.ts";
import type { MatteModel } from "#/catalog/matte-files.ts";
import type { Sidecar } from "#/catalog/sidecar.ts";
import type { NoiseRule } from "#/lib/devices.ts";
import type { Tokenizer } from "#/pipeline/text/tokenizer.ts";
import { chooseControls } from "./choose-controls.ts";
import { chooseFreeU } from "./choose-freeu.ts";
import { chooseGuidance } from "./choose-guidance.ts";
import { chooseInpaint, inpaintPrompt } from "./choose-inpaint.ts";
import { chooseInversions } from "./choose-inversions.ts";
import { chooseLoras } from "./choose-loras.ts";
import { chooseMethod } from "./choose-method.ts";
import { choosePreviews } from "./choose-previews.ts";
import { chooseRefiner } from "./choose-refiner.ts";
import { chooseSafety } from "./choose-safety.ts";
import { chooseSource, type SourceWorld } from "./choose-source.ts";
import { chooseSteps, modeFor } from "./choose-steps.ts";
import { chooseUpscaler, type UpscalerRule } from "./choose-upscaler.ts";
import { drawPrompts, type WrittenPrompts } from "./draw-prompts.ts";
import { goalsOf } from "./goals.ts";
import { type InputPicture, inputPictures } from "./input-pictures.ts";
import { inpaintEngines } from "./known-names.ts";
import { leftOutRefiner, pastMaskWarning, refinerWarning, stepsWarning } from "./method-warnings.ts";
import { knownName } from "./names.ts";
import { refuseEmptyTab, refuseNotYet } from "./not-yet.ts";
import { modeOf, type Performance } from "./performance.ts";
import { type ModelFiles, ownVae } from "./preset.ts";
import { checkLength, checkSides, refuseHeavyTags } from "./prompt-limits.ts";
import { promptLines, takeInlineLoras } from "./prompt-syntax.ts";
import type { ImageSpec, InversionUse, PartFile, Recipe, Source } from "./recipe.ts";
import { sampledAs } from "./sampled-as.ts";
import { chooseSize } from "./sizes.ts";
import type { Style } from "./styles.ts";
import { refuseUnreadable, type Unreadable } from "./unreadable.ts";
import { untakenTags } from "./untaken-tags.ts";
import type { Wildcards } from "./wildcards.ts";
import { workingSizeNumber } from "./working-size-number.ts";

/** What is there to make pictures with, as names. */
export type World = ModelFiles &
  Readonly<{
    styles: readonly Style[];
    wildcards: Wildcards;
    /** Names that have lines, for sentences about one that has none. */
    wildcardNames?: () => readonly string[];
    /** Files of the embeddings folder. */
    inversions?: readonly string[];
    /** The files of prompt expansion; nobody knows of any where this is absent. */
    expansion?: ExpansionThere;
    /** Which of rembg's networks lie in the inpaint folder. */
    mattes?: readonly MatteModel[];
    /** Which of Fooocus' ControlNets lie in the controlnet folder. */
    controlFiles?: readonly string[];
    /** Which files of inpaint engines lie in the inpaint folder. */
    inpaintFiles?: readonly string[];
    /** The file of the safety checker, if it lies in its folder. */
    safetyFile?: string | undefined;
    /** What lies in the vae_approx folder. */
    previewFiles?: readonly string[];
    /** What a checkpoint says of itself. */
    sidecar: (checkpoint: string) => Sidecar;
    /** What it means to say of itself and cannot. */
    sidecarFaults?: (checkpoint: string) => readonly string[];
    /** Files that lie there and are not among the names. */
    unreadable?: Unreadable;
    noise: NoiseRule;
    /** The size of a picture that was taken in. */
    pictureSize?: SourceWorld["pictureSize"];
    /** What there is to enlarge pictures with, and what the configuration says of it. */
    upscalers?: Readonly<{ files: readonly string[]; rule: UpscalerRule }>;
    /** Counts what long texts cost the encoders; without one only the engine does. */
    tokenizer?: () => Tokenizer;
  }>;

/** A recipe, what its maker must be told of it, and what its images' metadata will say of their prompts. */
export type Resolved = Readonly<{
  recipe: Recipe;
  /** For each LoRA of the recipe the request's field that chose it, as a dotted path. */
  loraFields: readonly string[];
  /** For each file of the recipe's `parts` the request's field that chose it, as a dotted path. */
  partFields?: readonly string[];
  /** The same for each textual inversion. */
  inversionFields?: readonly string[];
  /** For each input picture of the recipe the request's field that brought it, as a dotted path. */
  inputFields: readonly string[];
  warnings: readonly string[];
  written: readonly WrittenPrompts[];
}>;

/**
 * A settled request as a recipe: performance mode, sizes, prompts after wildcards and styles, models by name. Pure;
 * the same request in the same world gives the same recipe, so a queue can be rebuilt from its rows.
 *
 * @throws RequestError for everything that cannot be made, naming the field and the way out
 */
export function resolveRecipe(said: GenerateParams, world: World): Resolved {
  refuseNotYet(said);
  refuseEmptyTab(said);
  const params = goalsOf(said).inpaint ? { ...said, prompt: inpaintPrompt(said) } : said;
  if (world.unreadable !== undefined) refuseUnreadable(params, world.unreadable);
  checkLength(params.prompt, "prompt");
  checkLength(params.negative_prompt, "negative_prompt");
  knownName(params.inpaint_engine, inpaintEngines, "inpaint_engine", "inpaint engine");
  const base = knownName(params.base_model_name, world.checkpoints, "base_model_name", "checkpoint");
  const positive = promptLines(params.prompt);
  const inline = takeInlineLoras(positive.main);
  refuseHeavyTags(inline.loras);
  const pictures = inputPictures(params);
  const { inpaint, chosenSource, guiding, isDiffused } = usesOf(params, pictures, base, world);
  const { source } = chosenSource;
  const mode = modeFor(modeOf(params), source);
  const count = isDiffused ? params.image_number : 1;
  const { chosen, warnings } = chooseLoras(params, base, inline.loras, world);
  const prompt = { main: inline.line, extra: positive.extra };
  const images = Array.from({ length: count }, (_, index) => drawPrompts(params, prompt, index, world));
  const named = inversionsIn(images, mode, world);
  const safety = chooseSafety(params, { source, controls: guiding.controls }, world.safetyFile);
  const parts = [
    ...(isDiffused ? chooseParts(images, world) : []),
    ...chosenSource.parts,
    ...guiding.parts,
    ...safety,
  ];
  const steps = isDiffused ? chooseSteps(params, mode, source) : 0;
  const method = chooseMethod(params, mode);
  const refiner = chooseRefiner(params, mode, base, { ...world, patched: inpaint?.patch !== undefined });
  const run = { ...method, steps, source, refiner };
  const told = [...warnings, ...untakenTags(images), ...chosenSource.warnings, ...guiding.warnings];
  return {
    warnings: [...told, ...methodWarnings(run, params, base)],
    loraFields: chosen.map(({ field }) => field),
    ...(parts.length === 0 ? {} : { partFields: parts.map(({ field }) => field) }),
    ...(named.length === 0 ? {} : { inversionFields: named.map(({ field }) => field) }),
    inputFields: pictures.map(({ field }) => field),
    written: images.map(({ written }) => written),
    recipe: {
      base,
      ...sampledAs(world.sidecar(base)),
      vae: params.vae_name === ownVae ? null : knownName(params.vae_name, world.vaes, "vae_name", "VAE"),
      loras: chosen.map(({ name, weight }) => ({ name, weight })),
      ...(parts.length === 0 ? {} : { parts: parts.map(({ kind, name }) => ({ kind, name })) }),
      ...(inpaint?.patch === undefined ? {} : { patch: inpaint.patch }),
      ...(named.length === 0 ? {} : { inversions: named.map(({ said, name }) => ({ said, name })) }),
      size: chosenSource.size ?? chooseSize(params),
      ...run,
      clipSkip: params.clip_skip,
      guidance: chooseGuidance(params, mode),
      freeU: chooseFreeU(params),
      noise: world.noise,
      ...(safety.length === 0 ? {} : { checked: true as const }),
      previews: params.disable_preview || safety.length > 0 ? null : choosePreviews(base, world),
      ...(guiding.controls === undefined ? {} : { controls: guiding.controls }),
      inputs: pictures.map(({ name }) => name),
      images: images.map(({ spec }) => spec),
    },
  };
}

/** The textual inversions that the texts of images name, each with the field that names it first; their lengths are checked. */
function inversionsIn(
  images: readonly Readonly<{ spec: ImageSpec }>[],
  { distilled }: Performance,
  world: World,
): readonly (InversionUse & Readonly<{ field: string }>)[] {
  const named: (InversionUse & Readonly<{ field: string }>)[] = [];
  const sides = { prompt: "positive", negative_prompt: "negative" } as const;
  for (const field of ["prompt", "negative_prompt"] as const) {
    // What such a mode never draws is not looked at.
    if (field === "negative_prompt" && distilled !== undefined) continue;
    const texts = images.map(({ spec }) => spec[sides[field]].texts);
    for (const use of chooseInversions([...new Set(texts.flat())], field, world))
      if (named.every(({ said }) => said !== use.said)) named.push({ ...use, field });
    checkSides(texts, field, world.tokenizer);
  }
  return named;
}

/** What the pictures of a request are for, and whether anything is diffused. */
function usesOf(params: GenerateParams, pictures: readonly InputPicture[], base: string, world: World) {
  const working = workingSizeNumber(world.sidecar(base));
  const { upscalers = noUpscalers, pictureSize, inpaintFiles = [], controlFiles: there = [] } = world;
  const upscaler = (field: string) => chooseUpscaler(upscalers.files, upscalers.rule, field);
  const inpaint = chooseInpaint(params, pictures, { working, inpaintFiles, upscalers });
  const chosenSource = inpaint ?? chooseSource(params, pictures, { pictureSize, working, upscaler });
  const { source } = chosenSource;
  const guiding = chooseControls(params, pictures, { source, there });
  const isDiffused = !isDirect(source) && guiding.controls?.show !== "preparation";
  return { inpaint, chosenSource, guiding, isDiffused };
}

const noUpscalers = { files: [], rule: { named: "", without: "refuse" } } as const;

/** What is otherwise because of how a recipe is sampled. */
const methodWarnings = (
  run: Parameters<typeof refinerWarning>[0],
  params: GenerateParams,
  base: string,
): readonly string[] =>
  [stepsWarning(run), refinerWarning(run), pastMaskWarning(run), leftOutRefiner(params, base)].flatMap(
    (said) => said ?? [],
  );

/** Whether a picture is all that is made, without diffusion. */
const isDirect = (source: Source): boolean => source.kind === "upscale" && source.direct;

/** Files that images need beside the checkpoint, and the fields that ask for them. */
function chooseParts(
  images: readonly Readonly<{ spec: ImageSpec }>[],
  { expansion }: World,
): readonly (PartFile & Readonly<{ field: string }>)[] {
  if (expansion === undefined || images.every(({ spec }) => spec.expand === undefined)) return [];
  return [{ kind: "prompt_expansion", name: expansion.model, field: "style_selections" }];
}
