import type { GenerateParams } from "#/api/generate.ts";
import type { DetectionFiles } from "#/catalog/detection-files.ts";
import type { ExpansionThere } from "#/catalog/expansion-files.ts";
import type { MatteModel } from "#/catalog/matte-files.ts";
import type { Sidecar } from "#/catalog/sidecar.ts";
import type { NoiseRule } from "#/lib/devices.ts";
import type { Tokenizer } from "#/pipeline/text/tokenizer.ts";
import { chooseEnhancement, refuseIdleEnhancement } from "./choose-enhancement.ts";
import type { SourceWorld } from "./choose-source.ts";
import type { UpscalerRule } from "./choose-upscaler.ts";
import type { TowerShelf } from "./control-shelf.ts";
import type { WrittenPrompts } from "./draw-prompts.ts";
import type { ModelFiles } from "./preset.ts";
import type { Recipe } from "./recipe.ts";
import { refuseEmptyTab } from "./refuse-empty-tab.ts";
import { resolveRun } from "./resolve-run.ts";
import type { Style } from "./styles.ts";
import type { TextPlace, ToldTexts } from "./told-texts.ts";
import { refuseUnreadable, type Unreadable } from "./unreadable.ts";
import type { Wildcards } from "./wildcards.ts";

/** What is there to make pictures with, as names. */
export type World = ModelFiles &
  Readonly<{
    styles: readonly Style[];
    wildcards: Wildcards;
    /** Texts of images and passes that are given, in the place of what would be drawn. */
    toldTexts?: (place: TextPlace) => ToldTexts | undefined;
    /** Names that have lines, for sentences about one that has none. */
    wildcardNames?: () => readonly string[];
    /** Files of the embeddings folder. */
    inversions?: readonly string[];
    /** The files of prompt expansion; nobody knows of any where this is absent. */
    expansion?: ExpansionThere;
    /** Which files that guide by pictures, Fooocus' and the demo's, lie in the controlnet folder. */
    controlFiles?: readonly string[];
    /** What looks at the pictures of image prompts. */
    towers?: TowerShelf;
    /** Which files of inpaint engines lie in the inpaint folder. */
    inpaintFiles?: readonly string[];
    /** Which of rembg's networks lie in the inpaint folder. */
    mattes?: readonly MatteModel[];
    /** What finds and outlines what is described. */
    detection?: DetectionFiles;
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
  /** What else decides the bytes of the files; absent where the settings do. */
  signed?: Signed;
  /** For each picture that is enhanced what is told of its passes. */
  passes?: readonly (readonly PassTold[])[];
}>;

/** What is written into pictures beside what they were made of: whether anything is, by whom, and what goes without saying. */
export type Signed = Readonly<{ metadata: boolean; createdBy: string; adaptiveCfg: number }>;

/** Of one pass what {@link Resolved} has of all images: which fields chose its files, and what its metadata will say. */
export type PassTold = Pick<Resolved, "loraFields" | "partFields" | "inversionFields"> &
  Readonly<{ written: WrittenPrompts }>;

/**
 * A settled request as a recipe: performance mode, sizes, prompts after wildcards and styles, models by name. Pure;
 * the same request in the same world gives the same recipe, so a queue can be rebuilt from its rows.
 *
 * @throws RequestError for everything that cannot be made, naming the field and the way out
 */
export function resolveRecipe(said: GenerateParams, world: World): Resolved {
  refuseEmptyTab(said);
  refuseIdleEnhancement(said);
  if (world.unreadable !== undefined) refuseUnreadable(said, world.unreadable);
  const made = resolveRun(said, world);
  const enhanced = chooseEnhancement(said, made, world);
  if (enhanced === undefined) return made;
  const { enhance, passes, warnings } = enhanced;
  return {
    ...made,
    warnings: [...new Set([...made.warnings, ...warnings])],
    ...(enhance === undefined ? {} : { recipe: { ...made.recipe, enhance }, passes }),
  };
}
