import type { Moment } from "#/engine/protocol.ts";
import type { Stage } from "./task.ts";

/** What a job will do, as far as its sentences and numbers depend on it. */
export type JobOutline = Readonly<{
  /** A distilled mode announces its LoRA. */
  performance: string;
  /** Prompt expansion counts as one more step of the preparation. */
  expansion: boolean;
  images: number;
  steps: number;
  /** Images made by an earlier attempt. */
  done: number;
}>;

/** FooocusAPI's number and sentence (http-api sections 9 and 10), and where that is for everybody else. */
export type Report = Readonly<{
  percent: number;
  message: string;
  stage: Stage;
  image: number;
  step: number;
}>;

const announcements: Readonly<Record<string, string>> = {
  "Extreme Speed": "Downloading LCM components ...",
  Lightning: "Downloading Lightning components ...",
  "Hyper-SD": "Downloading Hyper-SD components ...",
};

/** Number of the preparation counter when sampling starts. */
const prepared = ({ expansion }: JobOutline): number => (expansion ? 6 : 5);

/** What is said before the engine has said anything. */
export function openingReports({ performance }: JobOutline): readonly Report[] {
  const said = announcements[performance];
  return [...(said === undefined ? [] : [said]), "Loading control models ...", "Initializing ..."].map(
    (message) => ({
      percent: 1,
      message,
      stage: "loading",
      image: 0,
      step: 0,
    }),
  );
}

/** What is said at a moment of the engine's; several sentences where the reference says several. */
export function reportsAt(at: Moment, outline: JobOutline): readonly Report[] {
  const image = at.image + outline.done;
  const say = (percent: number, message: string, step = 0): Report => ({
    percent,
    message,
    stage: at.stage,
    image,
    step,
  });
  switch (at.stage) {
    case "loading":
      return [say(2, "Loading models ...")];
    case "encoding":
      if (at.texts === "negative") return [say(prepared(outline), `Encoding negative #${image + 1} ...`)];
      return [
        ...(at.image === 0 ? [say(3, "Processing prompts ...")] : []),
        say(prepared(outline) - 1, `Encoding positive #${image + 1} ...`),
      ];
    case "denoising": {
      if (at.step > 0) {
        const message = `Sampling step ${at.step}/${at.steps}, image ${image + 1}/${outline.images} ...`;
        return [say(percentAt(image, at.step, outline), message, at.step)];
      }
      return [
        ...(at.image === 0 ? [say(prepared(outline), "Moving model to GPU ...")] : []),
        say(base(image, outline), `Preparing task ${image + 1}/${outline.images} ...`),
      ];
    }
    case "decoding":
    case "upscaling":
    case "masking":
      return [];
  }
}

/** What is said when an image is about to be kept. */
export function savingReport(image: number, outline: JobOutline): Report {
  const message = `Saving image ${image + 1}/${outline.images} to system ...`;
  return {
    percent: percentAt(image, outline.steps, outline),
    message,
    stage: "saving",
    image,
    step: outline.steps,
  };
}

const share = (outline: JobOutline): number =>
  (100 - prepared(outline)) / Math.max(1, outline.images * outline.steps);

/** A product of fractions may end a hair below the whole number it stands for. */
const whole = (value: number): number => Math.floor(value + 1e-9);

const base = (image: number, outline: JobOutline): number =>
  whole(prepared(outline) + image * outline.steps * share(outline));

const percentAt = (image: number, step: number, outline: JobOutline): number =>
  Math.min(100, whole(base(image, outline) + step * share(outline)));
