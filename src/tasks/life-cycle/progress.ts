import type { Moment } from "#/engine/protocol.ts";
import { performanceModes } from "#/recipe/performance.ts";
import type { Source } from "#/recipe/recipe.ts";
import type { Progress, Stage, TaskMoment } from "./task.ts";

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
}>;

/** A moment of a job, and how far it is then: FooocusAPI's number (http-api section 9), which the history keeps. */
export type Report = Pick<Progress, "percent" | "moment" | "stage" | "image" | "step">;

/** Number of the preparation counter when all texts are encoded. */
const encoded = ({ expansion, source }: JobOutline): number =>
  source.direct === true ? 1 : expansion ? 6 : 5;

/** By how much it grows with what is done with pictures. */
const ofPictures: Readonly<Record<Source["kind"], number>> = { noise: 0, vary: 1, upscale: 3, inpaint: 3 };

/** Its number when sampling starts. */
const prepared = (outline: JobOutline): number =>
  encoded(outline) + Math.max(ofPictures[outline.source.kind], outline.controls === true ? 1 : 0);

/** What has come to pass before the engine has said anything. */
export function openingReports(outline: JobOutline): readonly Report[] {
  const { performance: mode, source, patched, controls } = outline;
  const moments: readonly TaskMoment[] = [
    ...(hasOwnLora(mode) ? [{ now: "mode", mode } as const] : []),
    ...(source.kind === "upscale" || source.kind === "inpaint" ? [{ now: "upscalers" } as const] : []),
    ...(patched === true ? [{ now: "inpainter" } as const] : []),
    ...(controls === true ? [{ now: "controls" } as const] : []),
    { now: "files" },
    { now: "engine" },
  ];
  return moments.map((moment) => ({ percent: 1, moment, stage: "loading", image: 0, step: 0 }));
}

const hasOwnLora = (mode: string): boolean =>
  Object.entries(performanceModes).some(([name, settings]) => name === mode && "distilled" in settings);

/** What a moment of the engine's is to its task. */
export function reportsAt(at: Moment, outline: JobOutline): readonly Report[] {
  const image = at.image + outline.done;
  const report = (percent: number, moment: TaskMoment, step = 0): Report => ({
    percent,
    moment,
    stage: stageOf(at),
    image,
    step,
  });
  switch (at.stage) {
    case "loading":
      // What needs no texts needs no networks of a checkpoint, and the reference says nothing of them.
      return outline.source.direct === true ? [] : [report(2, { now: "networks" })];
    case "encoding":
      return encodingReports(at, outline, report);
    case "denoising":
      if (at.step > 0)
        return [report(percentAt(image, at.step, outline), { now: "step", of: at.steps }, at.step)];
      return [
        ...(at.image === 0 ? [report(prepared(outline), { now: "sampling" })] : []),
        report(base(image, outline), { now: "image" }),
      ];
    case "decoding": {
      const { strip: done, strips: of } = at;
      return [report(percentAt(image, outline.steps, outline), { now: "decoding", done, of }, outline.steps)];
    }
    case "checking": {
      // What was made of pictures alone has no other step before it.
      const percent = outline.source.direct === true ? 100 : percentAt(image, outline.steps, outline);
      return [report(percent, { now: "checking" }, outline.steps)];
    }
    case "preparing":
      return [report(encoded(outline) + 1, { now: "pictures" })];
    case "upscaling": {
      const { width, height, part: done, parts: of } = at;
      const began = encoded(outline) + 2;
      // Where that is all there is, minutes of it for a large picture, its tiles move the number on.
      const grown = outline.source.direct === true ? ((100 - began) * done) / of : 0;
      return [report(whole(began + grown), { now: "upscaling", width, height, done, of })];
    }
    case "encoding-picture": {
      const { gives, strip: done, strips: of } = at;
      const before = outline.source.kind === "inpaint" && gives === "holes" ? 1 : 0;
      return [report(prepared(outline) - before, { now: "latent", gives, done, of })];
    }
  }
}

/** What clients are told that is going on. */
function stageOf({ stage }: Moment): Stage {
  switch (stage) {
    case "preparing":
      return "loading";
    case "encoding-picture":
      return "encoding";
    case "checking":
      return "saving";
    case "loading":
    case "encoding":
    case "upscaling":
    case "denoising":
    case "decoding":
      return stage;
  }
}

/** The texts of an image; what is done of a long one is told for itself, and moves no number. */
function encodingReports(
  { image, texts, part, parts }: Extract<Moment, { stage: "encoding" }>,
  outline: JobOutline,
  report: (percent: number, moment: TaskMoment, step?: number) => Report,
): readonly Report[] {
  const last = encoded(outline);
  const percent = { expansion: last - 2, positive: last - 1, negative: last }[texts];
  if (part !== undefined && parts !== undefined)
    return [report(percent, { now: "part", of: parts, texts }, part)];
  const isFirst = image === 0 && texts === (outline.expansion ? "expansion" : "positive");
  return [...(isFirst ? [report(3, { now: "prompts" })] : []), report(percent, { now: texts })];
}

/** An image is about to be kept. */
export const savingReport = (image: number, outline: JobOutline): Report => ({
  percent: percentAt(image, outline.steps, outline),
  moment: { now: "saving" },
  stage: "saving",
  image,
  step: outline.steps,
});

/** What was made of its pictures alone is about to be kept. */
export const savingPicture: Report = {
  percent: 100,
  moment: { now: "saving-picture" },
  stage: "saving",
  image: 0,
  step: 0,
};

const share = (outline: JobOutline): number =>
  (100 - prepared(outline)) / Math.max(1, outline.images * outline.steps);

/** A product of fractions may end a hair below the whole number it stands for. */
const whole = (value: number): number => Math.floor(value + 1e-9);

const base = (image: number, outline: JobOutline): number =>
  whole(prepared(outline) + image * outline.steps * share(outline));

const percentAt = (image: number, step: number, outline: JobOutline): number =>
  Math.min(100, whole(base(image, outline) + step * share(outline)));
