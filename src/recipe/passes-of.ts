import type { GenerateParams } from "#/api/generate.ts";
import type { Pass, PassRun } from "./enhancement.ts";
import type { AskedEnhancement } from "./enhancement-of.ts";
import { inTermsOf, refusedInTermsOf } from "./in-terms-of.ts";
import { type PassRequest, type PassTexts, regionRequest, wholeRequest } from "./pass-request.ts";
import { promptLines } from "./prompt-syntax.ts";
import type { Size } from "./recipe.ts";
import { regionMask } from "./region-mask.ts";
import type { PassTold, Resolved, World } from "./resolve.ts";
import { type AsPass, resolveRun } from "./resolve-run.ts";
import { sizeAfter } from "./size-after.ts";

/** A pass, what is told of it, and what its client must be told. */
export type PlannedPass = Readonly<{ pass: Pass; told: PassTold; warnings: readonly string[] }>;

/** What the passes of one picture are made of. */
export type PassesFrom = Readonly<{
  params: GenerateParams;
  asked: AskedEnhancement;
  /** Of the picture before its first pass, as far as it is known. */
  size: Size | undefined;
  world: World;
}>;

/**
 * The passes of one picture, in their order.
 *
 * @param as which picture it is, and how it was made
 * @throws RequestError for what cannot be made, in the words of the request
 */
export function passesOf(
  { params, asked, size, world }: PassesFrom,
  as: Omit<AsPass, "number">,
): readonly PlannedPass[] {
  const passes: PlannedPass[] = [];
  let before = size;
  const plan = ({ params: own, names }: PassRequest, passOf: (run: PassRun) => Pass): void => {
    const there: World = { ...world, pictureSize: () => before };
    const made = refusedInTermsOf(names, () => resolveRun(own, there, { ...as, number: passes.length }));
    before = sizeAfter(made.recipe, before);
    passes.push(planned(made, names, passOf));
  };
  const whole = (texts: PassTexts): void =>
    plan(wholeRequest(params, texts), (run) => ({ kind: "whole", run }));
  if (asked.whole === "first") whole(taskTexts(params));
  for (const at of asked.regions) {
    const region = params.enhance_ctrls[at];
    if (region === undefined) continue;
    const mask = regionMask(region, at, params, world);
    const grow = Math.trunc(region.enhance_inpaint_erode_or_dilate);
    const invert = region.enhance_mask_invert;
    plan(regionRequest(params, region, at, withOwn(taskTexts(params), params, at)), (run) => ({
      kind: "region",
      region: at,
      mask,
      grow,
      invert,
      run,
    }));
  }
  if (asked.whole === "last") whole(asked.lastPrompts ? lastTexts(params, asked.regions) : taskTexts(params));
  return passes;
}

function planned(
  { recipe, warnings, written, loraFields, partFields, inversionFields }: Resolved,
  names: PassRequest["names"],
  passOf: (run: PassRun) => Pass,
): PlannedPass {
  const { inputs: _, ...run } = recipe;
  const inWords = (fields: readonly string[]): readonly string[] =>
    fields.map((one) => inTermsOf(one, names));
  return {
    pass: passOf(run),
    warnings: inWords(warnings),
    told: {
      loraFields: inWords(loraFields),
      ...(partFields === undefined ? {} : { partFields: inWords(partFields) }),
      ...(inversionFields === undefined ? {} : { inversionFields: inWords(inversionFields) }),
      written: written[0] ?? { prompt: "", negativePrompt: "", styles: [] },
    },
  };
}

const taskTexts = ({ prompt, negative_prompt: negativePrompt }: GenerateParams): PassTexts => ({
  prompt,
  negativePrompt,
  names: { prompt: "prompt", negative_prompt: "negative_prompt" },
});

/** The texts of the last region that has some: the prompt of one, and the negative prompt of maybe another one. */
const lastTexts = (params: GenerateParams, regions: readonly number[]): PassTexts =>
  regions.reduce((texts, at) => withOwn(texts, params, at), taskTexts(params));

/** The texts of a region, or others where its own say nothing. */
function withOwn(texts: PassTexts, { enhance_ctrls }: GenerateParams, at: number): PassTexts {
  const { enhance_prompt: prompt = "", enhance_negative_prompt: negativePrompt = "" } =
    enhance_ctrls[at] ?? {};
  const says = (text: string): boolean => promptLines(text).main !== "";
  const name = (field: string): string => `enhance_ctrls.${at}.${field}`;
  return {
    prompt: says(prompt) ? prompt : texts.prompt,
    negativePrompt: says(negativePrompt) ? negativePrompt : texts.negativePrompt,
    names: {
      prompt: says(prompt) ? name("enhance_prompt") : texts.names.prompt,
      negative_prompt: says(negativePrompt) ? name("enhance_negative_prompt") : texts.names.negative_prompt,
    },
  };
}
