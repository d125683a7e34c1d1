import type { GenerateParams } from "#/api/generate.ts";
import type { Moment } from "#/engine/protocol.ts";
import type { Pass } from "#/recipe/enhancement.ts";
import type { Source } from "#/recipe/recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { Progress, Stage } from "./task.ts";

/** What a job will do, as far as its moments and numbers depend on it. */
export type JobOutline = Readonly<{
  /** A mode with a LoRA of its own has one moment more. */
  performance: string;
  /** Prompt expansion counts as one more step of the preparation. */
  expansion: boolean;
  /** What pictures are started from, and what is done with them. */
  source: Pick<Source, "kind"> & Readonly<{ direct?: boolean }>;
  /** Whether pictures guide it; left out they do not. */
  controls?: boolean;
  /** Whether the network is patched for what is painted anew; left out is not. */
  patched?: boolean;
  images: number;
  steps: number;
  /** Images made by an earlier attempt. */
  done: number;
  /** What is done with each of them afterwards; absent where nothing is. */
  enhance?: Readonly<{ pictures: number; passes: readonly PassOutline[] }>;
}>;

/** What a pass of the enhancement will do. */
export type PassOutline = Readonly<{
  kind: Pass["kind"];
  steps: number;
  /** Whether an upscaling network has a part, and whether that is all there is. */
  enlarges: boolean;
  direct: boolean;
  patched: boolean;
}>;

/** What a request's recipe will do. @param done images made by an earlier attempt */
export function outlineOf(
  { performance_selection: performance }: GenerateParams,
  { recipe }: Resolved,
  done: number,
): JobOutline {
  const { images, source, controls, patch, steps, enhance } = recipe;
  return {
    performance,
    expansion: images.some(({ expand }) => expand !== undefined),
    source,
    controls: controls !== undefined,
    patched: patch !== undefined,
    images: images.length,
    steps,
    done,
    ...(enhance === undefined
      ? {}
      : {
          enhance: {
            pictures: enhance.pictures.length,
            passes: enhance.pictures[0]?.passes.map(passOutline) ?? [],
          },
        }),
  };
}

const passOutline = ({ kind, run: { steps, source, patch } }: Pass): PassOutline => ({
  kind,
  steps,
  enlarges: source.kind === "upscale",
  direct: source.kind === "upscale" && source.direct,
  patched: patch !== undefined,
});

/** A moment of a job, and how far it is then: FooocusAPI's number (http-api section 9), which the history keeps. */
export type Report = Pick<Progress, "percent" | "moment" | "stage" | "image" | "step"> &
  /** What is counted in a pass of the enhancement, and its place among all that is denoised; left out, images and theirs. */
  Readonly<{ images?: number; steps?: number; item?: number }>;

/** Number of the preparation counter when all texts are encoded. */
export const encoded = ({ expansion, source, images }: JobOutline): number =>
  source.direct === true || images === 0 ? 1 : expansion ? 6 : 5;

/** By how much it grows with what is done with pictures. */
const ofPictures: Readonly<Record<Source["kind"], number>> = { noise: 0, vary: 1, upscale: 3, inpaint: 3 };

/** Its number when sampling starts. */
export const prepared = (outline: JobOutline): number =>
  encoded(outline) +
  (outline.images === 0 ? 1 : Math.max(ofPictures[outline.source.kind], outline.controls === true ? 1 : 0));

/** What clients are told that is going on. */
export function stageOf({ stage }: Moment): Stage {
  switch (stage) {
    case "preparing":
    case "enhancing":
    case "coding":
      return "loading";
    case "encoding-picture":
      return "encoding";
    case "checking":
      return "saving";
    case "loading":
    case "encoding":
    case "upscaling":
    case "masking":
    case "denoising":
    case "decoding":
      return stage;
  }
}

/** Steps of all passes of one picture. */
const stepsOfPasses = (passes: readonly PassOutline[]): number =>
  passes.reduce((sum, { steps }) => sum + steps, 0);

/** By how much the number grows with a step. */
export function share(outline: JobOutline): number {
  const { images, steps, enhance = { pictures: 0, passes: [] } } = outline;
  const all = images * steps + enhance.pictures * stepsOfPasses(enhance.passes);
  return (100 - prepared(outline)) / Math.max(1, all);
}

/** A product of fractions may end a hair below the whole number it stands for. */
export const whole = (value: number): number => Math.floor(value + 1e-9);

/** The number when an image begins; behind the last one, when the enhancement does. */
export const base = (image: number, outline: JobOutline): number =>
  whole(prepared(outline) + image * outline.steps * share(outline));
