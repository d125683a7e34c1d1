import type { GenerateParams } from "#/api/generate.ts";
import { isImage } from "#/api/stored.ts";
import { chooseCache, idleSavings } from "./choose-cache.ts";
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
import { chooseSource } from "./choose-source.ts";
import { chooseSteps, modeFor } from "./choose-steps.ts";
import { chooseUpscaler } from "./choose-upscaler.ts";
import { drawPrompts } from "./draw-prompts.ts";
import { goalsOf } from "./goals.ts";
import { type InputPicture, inputPictures } from "./input-pictures.ts";
import { inpaintEngines } from "./known-names.ts";
import { leftOutRefiner, pastMaskWarning, refinerWarning, stepsWarning } from "./method-warnings.ts";
import { knownName } from "./names.ts";
import { modeOf, type Performance } from "./performance.ts";
import { ownVae } from "./preset.ts";
import { checkLength, checkSides, refuseHeavyTags } from "./prompt-limits.ts";
import { promptLines, takeInlineLoras } from "./prompt-syntax.ts";
import {
  type ImageSpec,
  type InversionUse,
  type PartFile,
  type Recipe,
  type Source,
  seedEnd,
} from "./recipe.ts";
import type { Resolved, World } from "./resolve.ts";
import { sampledAs } from "./sampled-as.ts";
import { chooseSize } from "./sizes.ts";
import { untakenTags } from "./untaken-tags.ts";
import { workingSizeNumber } from "./working-size-number.ts";

/** How a pass differs from the request that it would be by itself. */
export type AsPass = Readonly<{
  /** The place of its picture: what that one's wildcards, arrays and random styles gave, its texts have. */
  image: number;
  /** Its own place among the passes of that picture. */
  number: number;
  /** The mode of the task, by whose steps the refiner's place is counted, and whether the task itself drops a patch there. */
  mode: Performance;
  dropsPatch: boolean;
}>;

/**
 * What one request makes, without what becomes of it after that.
 *
 * @param pass left out for the request of a task
 * @throws RequestError as {@link resolveRecipe}
 */
export function resolveRun(said: GenerateParams, world: World, pass?: AsPass): Resolved {
  const params = goalsOf(said).inpaint ? { ...said, prompt: inpaintPrompt(said) } : said;
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
  const { chosen, warnings } = chooseLoras(params, base, inline.loras, world);
  const prompt = { main: inline.line, extra: positive.extra };
  const images = imagesOf(params, isDiffused, pass).map((image) =>
    drawPrompts(params, prompt, pass === undefined ? { image } : { image, pass: pass.number }, world),
  );
  const named = inversionsIn(images, mode, world);
  const safety = chooseSafety(params, { source, controls: guiding.controls }, world.safetyFile);
  const ofImages = isDiffused ? chooseParts(images, world) : [];
  const parts = [...ofImages, ...chosenSource.parts, ...guiding.parts, ...safety];
  const steps = isDiffused ? chooseSteps(params, mode, source) : 0;
  const method = chooseMethod(params, mode);
  const refiner = chooseRefiner(params, pass?.mode ?? mode, base, { ...world, ...patching(inpaint, pass) });
  const guidance = chooseGuidance(params, mode);
  const run = { ...method, steps, source, refiner };
  const told = [...warnings, ...untakenTags(images), ...chosenSource.warnings, ...guiding.warnings];
  return {
    warnings: [...told, ...(images.length === 0 ? [] : methodWarnings({ ...run, guidance }, params, base))],
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
      guidance,
      freeU: chooseFreeU(params),
      noise: world.noise,
      precision: params.precision,
      ...chooseCache(params, run),
      ...looked(params, base, world),
      ...(guiding.controls === undefined ? {} : { controls: guiding.controls }),
      inputs: pictures.map(({ name }) => name),
      // Every pass of every picture has the task's own seed, as in Fooocus.
      images: images.map(({ spec }) =>
        pass === undefined ? spec : { ...spec, seed: params.image_seed % seedEnd },
      ),
    },
  };
}

/** Whether pictures are checked, and how previews are made: of what is checked there are none. */
const looked = (
  { black_out_nsfw: checked, disable_preview: blind }: GenerateParams,
  base: string,
  world: World,
) => ({
  ...(checked ? { checked } : {}),
  previews: blind || checked ? null : choosePreviews(base, world),
});

/** Places of the images that are made; a picture that is given to be enhanced takes the place of all. */
function imagesOf(params: GenerateParams, isDiffused: boolean, pass: AsPass | undefined): readonly number[] {
  if (pass !== undefined) return [pass.image];
  const count = isImage(params.enhance_input_image) ? 0 : isDiffused ? params.image_number : 1;
  return Array.from({ length: count }, (_, index) => index);
}

/** What becomes of a patch: a pass keeps it to the end, unless the task itself is one that drops it. */
function patching(inpaint: Readonly<{ patch?: string }> | undefined, pass: AsPass | undefined) {
  const isPatched = inpaint?.patch !== undefined;
  if (pass === undefined) return { patched: isPatched };
  const { dropsPatch } = pass;
  return { patched: isPatched && dropsPatch, early: dropsPatch, keepsPatch: isPatched && !dropsPatch };
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
  const usual = workingSizeNumber(world.sidecar(base));
  const working = params.size_number > 0 ? params.size_number : usual;
  const { pictureSize, inpaintFiles = [], controlFiles: there = [], towers } = world;
  const upscalers = upscalersFor(params, world);
  const upscaler = (field: string) => chooseUpscaler(upscalers.files, upscalers.rule, field);
  const inpaint = chooseInpaint(params, pictures, { working, inpaintFiles, upscalers });
  const chosenSource = inpaint ?? chooseSource(params, pictures, { pictureSize, working, usual, upscaler });
  const { source } = chosenSource;
  const guiding = chooseControls(params, pictures, { source, base, there, towers });
  const isDiffused = !isDirect(source) && guiding.controls?.show !== "preparation";
  return { inpaint, chosenSource, guiding, isDiffused };
}

/** What there is to enlarge with, where a request names one only that. */
function upscalersFor(
  { upscaler_name: said }: GenerateParams,
  { upscalers = noUpscalers }: World,
): NonNullable<World["upscalers"]> {
  if (said === "") return upscalers;
  const named = knownName(said, upscalers.files, "upscaler_name", "upscaler");
  return { ...upscalers, rule: { ...upscalers.rule, named } };
}

const noUpscalers: NonNullable<World["upscalers"]> = { files: [], rule: { named: "", without: "refuse" } };

/** What is otherwise because of how a recipe is sampled. */
const methodWarnings = (
  run: Parameters<typeof refinerWarning>[0] & Pick<Recipe, "guidance">,
  params: GenerateParams,
  base: string,
): readonly string[] =>
  [
    stepsWarning(run),
    refinerWarning(run),
    pastMaskWarning(run),
    leftOutRefiner(params, base),
    ...idleSavings(params, run),
  ].flatMap((said) => said ?? []);

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
