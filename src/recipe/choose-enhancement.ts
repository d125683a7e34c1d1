import type { GenerateParams } from "#/api/generate.ts";
import { isImage } from "#/api/stored.ts";
import { RequestError } from "#/lib/errors.ts";
import { inpaintPrompt } from "./choose-inpaint.ts";
import { modeFor } from "./choose-steps.ts";
import type { EnhancedFrom, EnhancedPicture, Enhancement } from "./enhancement.ts";
import { enhancementOf } from "./enhancement-of.ts";
import { goalsOf } from "./goals.ts";
import { passesOf } from "./passes-of.ts";
import { modeOf } from "./performance.ts";
import type { Recipe, Size } from "./recipe.ts";
import type { PassTold, Resolved, World } from "./resolve.ts";
import { sizeAfter } from "./size-after.ts";

/** What becomes of the pictures of a request after they were made, and what must be told of it. */
export type ChosenEnhancement = Readonly<{
  /** Absent where nothing does, although it was asked for. */
  enhance?: Enhancement;
  passes: readonly (readonly PassTold[])[];
  warnings: readonly string[];
}>;

/** The field that brings a picture to be enhanced. */
const field = "enhance_input_image";

/**
 * Refuses a picture to enhance of which nothing is said that would be done with it.
 *
 * @throws RequestError `invalid-value`
 */
export function refuseIdleEnhancement(params: GenerateParams): void {
  if (!isImage(params.enhance_input_image) || enhancementOf(params) !== undefined) return;
  const missing = params.enhance_checkbox
    ? "no region in enhance_ctrls is enabled and enhance_uov_method is Disabled"
    : "enhance_checkbox is false";
  const message = `There is a picture in ${field}, and ${missing}: nothing would be done with it. Say enhance_checkbox: true, and enable a region (enhance_ctrls) or name a method (enhance_uov_method).`;
  const at = params.enhance_checkbox ? "enhance_ctrls" : "enhance_checkbox";
  throw new RequestError("invalid-value", message, { field: at });
}

/**
 * The passes that the pictures of a request go through once they are made, or the picture that was given (pipeline section
 * 13): all of them, before the first one begins.
 *
 * @param made what the request makes without them
 * @returns undefined where none are asked for
 * @throws RequestError for what cannot be made or found, naming the field
 */
export function chooseEnhancement(
  said: GenerateParams,
  made: Resolved,
  world: World,
): ChosenEnhancement | undefined {
  const asked = enhancementOf(said);
  if (asked === undefined) return undefined;
  const params = goalsOf(said).inpaint ? { ...said, prompt: inpaintPrompt(said) } : said;
  const { recipe } = made;
  const given = made.inputFields.indexOf(field);
  if (given === -1 && !makesImages(recipe)) return { passes: [], warnings: [withoutImages] };
  const size = given === -1 ? sizeAfter(recipe, sizeOf(recipe, world)) : sizeAt(recipe, given, world);
  const starts: readonly EnhancedFrom[] =
    given === -1
      ? recipe.images.map((_, image) => ({ kind: "made", image }))
      : [{ kind: "given", picture: given }];
  const from = { params, asked, size, world };
  const task = {
    mode: modeFor(modeOf(params), recipe.source),
    dropsPatch: recipe.patch !== undefined && recipe.refiner?.name === null,
  };
  const planned = starts.map((_, image) => passesOf(from, { ...task, image }));
  const pictures = starts.map(
    (start, at): EnhancedPicture => ({
      from: start,
      passes: planned[at]?.map(({ pass }) => pass) ?? [],
      done: 0,
    }),
  );
  return {
    enhance: { pictures, showMasks: showsMasks(params) },
    passes: planned.map((passes) => passes.map(({ told }) => told)),
    warnings: [
      ...new Set(planned.flat().flatMap(({ warnings }) => warnings)),
      ...(params.debugging_enhance_masks_checkbox && params.black_out_nsfw ? [unshownMasks] : []),
    ],
  };
}

/** Where pictures are checked nothing else of them is shown. */
const showsMasks = ({
  debugging_enhance_masks_checkbox: asked,
  black_out_nsfw: checked,
}: GenerateParams): boolean => asked && !checked;

const unshownMasks =
  "debugging_enhance_masks_checkbox took no part: with black_out_nsfw nothing is shown but pictures that were checked.";

/** Whether images are diffused: what is shown in their place, or enlarged alone, is not gone on with, as in Fooocus. */
const makesImages = ({ steps, source, controls }: Recipe): boolean =>
  steps > 0 &&
  controls?.show !== "preparation" &&
  !(source.kind === "inpaint" && source.show === "preparation");

const withoutImages =
  "enhance_checkbox took no part: what is enlarged without diffusion, or shown as it is prepared, is not enhanced, as in Fooocus.";

/** The size of the picture that is started from, where there is one and it is known. */
const sizeOf = (recipe: Recipe, world: World): Size | undefined =>
  "picture" in recipe.source ? sizeAt(recipe, recipe.source.picture, world) : undefined;

const sizeAt = ({ inputs }: Recipe, place: number, { pictureSize }: World): Size | undefined =>
  pictureSize?.(inputs[place] ?? "");
