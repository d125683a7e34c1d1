import type { Moment, PassImage } from "#/engine/protocol.ts";
import type { PassPlace } from "#/recipe/enhancement.ts";
import { performanceModes } from "#/recipe/performance.ts";
import {
  base,
  encoded,
  type JobOutline,
  prepared,
  type Report,
  share,
  stageOf,
  whole,
} from "./job-outline.ts";
import { passReports, savingPass } from "./pass-progress.ts";
import type { TaskMoment } from "./task.ts";

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
export function reportsAt(at: Moment, outline: JobOutline, pass?: PassPlace): readonly Report[] {
  if (pass !== undefined) return passReports(at, pass, outline);
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
    case "coding":
      return [report(2, { now: "coding", done: at.part, of: at.parts })];
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
    case "enhancing":
    case "masking":
      // These belong to passes.
      return [];
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

/**
 * A result is about to be kept, of a pass or none; nothing is said of a picture that was given, nor of a mask.
 *
 * @param seed null of what was made without noise
 */
export function savingResult(
  { index, seed, pass }: Readonly<{ index: number; seed: bigint | null; pass?: PassImage | undefined }>,
  outline: JobOutline,
): Report | undefined {
  if (pass !== undefined) return pass.shows === "mask" ? undefined : savingPass(pass, outline);
  if (seed !== null) return savingReport(index, outline);
  return outline.enhance === undefined ? savingPicture : undefined;
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

const percentAt = (image: number, step: number, outline: JobOutline): number =>
  Math.min(100, whole(base(image, outline) + step * share(outline)));
