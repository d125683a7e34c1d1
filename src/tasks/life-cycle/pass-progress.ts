import type { Moment } from "#/engine/protocol.ts";
import type { PassPlace } from "#/recipe/enhancement.ts";
import { base, type JobOutline, prepared, type Report, share, stageOf, whole } from "./job-outline.ts";
import type { TaskMoment } from "./task.ts";

type Enhance = NonNullable<JobOutline["enhance"]>;
const none: Enhance = { pictures: 0, passes: [] };

/**
 * What a moment of a pass of the enhancement is to its task (pipeline section 17.2): the number grows with the steps of all
 * passes, and stands while a pass is prepared.
 */
export function passReports(at: Moment, place: PassPlace, outline: JobOutline): readonly Report[] {
  const { enhance = none } = outline;
  const pass = enhance.passes[place.pass];
  const steps = pass?.steps ?? 0;
  const report = (moment: TaskMoment, step = 0): Report => reportIn(at, place, outline, { moment, step });
  switch (at.stage) {
    case "enhancing":
      return [
        ...(place.picture + place.pass === 0 ? beginning(outline) : []).map((moment) => report(moment)),
        ...(pass?.enlarges === true ? [report({ now: "upscalers" })] : []),
        ...(pass?.kind === "region" ? [report({ now: "enhancement" })] : []),
      ];
    case "masking":
      return [report({ now: at.shown ? "mask" : "enhancement" })];
    case "loading":
      if (pass?.direct === true) return [];
      return [
        ...(pass?.patched === true ? [report({ now: "inpainter" })] : []),
        ...(["enhance-prompts", "networks", "prompts"] as const).map((now) => report({ now })),
      ];
    case "encoding": {
      const { texts, part, parts: of } = at;
      const isPart = part !== undefined && of !== undefined;
      // As in the reference each pass has one text, its first.
      return [{ ...report(isPart ? { now: "part", of, texts } : { now: texts }, part ?? 0), image: 0 }];
    }
    case "coding":
      return [report({ now: "coding", done: at.part, of: at.parts })];
    case "checking":
      return [report({ now: "checking" }, steps)];
    case "preparing":
      return [];
    case "upscaling": {
      const { width, height, part: done, parts: of } = at;
      return [report({ now: "upscaling", width, height, done, of })];
    }
    case "encoding-picture": {
      const { gives, strip: done, strips: of } = at;
      return [report({ now: "latent", gives, done, of })];
    }
    case "denoising":
      return at.step === 0 ? [] : [report({ now: "step", of: at.steps }, at.step)];
    case "decoding": {
      const { strip: done, strips: of } = at;
      return [report({ now: "decoding", done, of }, steps)];
    }
  }
}

/** What a pass made is about to be kept. */
export const savingPass = (place: PassPlace, outline: JobOutline): Report => ({
  ...reportIn({ stage: "decoding", image: 0, strip: 0, strips: 1 }, place, outline, {
    moment: { now: "saving" },
    step: outline.enhance?.passes[place.pass]?.steps ?? 0,
  }),
  stage: "saving",
});

/** What is told before the first pass: of a picture that was given, all that would have come before it. */
const beginning = ({ images }: JobOutline): readonly TaskMoment[] => [
  ...(images === 0 ? ([{ now: "pictures" }, { now: "sampling" }] as const) : []),
  { now: "enhance" },
];

function reportIn(
  at: Moment,
  { picture, pass }: PassPlace,
  outline: JobOutline,
  { moment, step }: Pick<Report, "moment" | "step">,
): Report {
  const { images, enhance = none } = outline;
  const { pictures, passes } = enhance;
  const stepsOf = (some: Enhance["passes"]): number => some.reduce((sum, { steps }) => sum + steps, 0);
  const before = picture * stepsOf(passes) + stepsOf(passes.slice(0, pass));
  const from = whole((images === 0 ? prepared(outline) : base(images, outline)) + before * share(outline));
  const image = picture * passes.length + pass;
  return {
    percent: Math.min(100, whole(from + step * share(outline))),
    moment,
    stage: stageOf(at),
    image,
    images: pictures * passes.length,
    step,
    steps: passes[pass]?.steps ?? 0,
    item: images + image,
  };
}
