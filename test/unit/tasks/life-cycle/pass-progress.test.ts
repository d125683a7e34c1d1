import { expect, test } from "bun:test";
import { sentenceOf } from "#/doors/fooocus-api/sentence.ts";
import type { Moment } from "#/engine/protocol.ts";
import type { PassPlace } from "#/recipe/enhancement.ts";
import type { JobOutline, Report } from "#/tasks/life-cycle/job-outline.ts";
import { reportsAt, savingResult } from "#/tasks/life-cycle/progress.ts";
import { TimeLeft } from "#/tasks/life-cycle/time-left.ts";

const region = { kind: "region", steps: 4, enlarges: false, direct: false, patched: true } as const;
const enlarged = { kind: "whole", steps: 2, enlarges: true, direct: false, patched: false } as const;
const outline: JobOutline = {
  performance: "Speed",
  expansion: false,
  source: { kind: "noise" },
  images: 2,
  steps: 4,
  done: 0,
  enhance: { pictures: 2, passes: [enlarged, region] },
};

const said = (report: Report): readonly [number, string] => [
  report.percent,
  sentenceOf({ ...report, images: report.images ?? outline.images, steps: report.steps ?? outline.steps }),
];
const at = (moment: Moment, pass: PassPlace, job = outline) => reportsAt(moment, job, pass).map(said);
const step = (number: number, steps: number): Moment => ({
  stage: "denoising",
  image: 0,
  step: number,
  steps,
});

test("numbers grow with the steps of images and passes alike, and stand while a pass is prepared", () => {
  // P = 5; A = 2 x 4 steps of images, and 2 x (2 + 4) of passes.
  expect(at({ stage: "enhancing", image: 0 }, { picture: 0, pass: 0 })).toEqual([
    [43, "Processing enhance ..."],
    [43, "Downloading upscale models ..."],
  ]);
  expect(at(step(1, 2), { picture: 0, pass: 0 })).toEqual([[47, "Sampling step 1/2, image 1/4 ..."]]);
  expect(at({ stage: "enhancing", image: 0 }, { picture: 0, pass: 1 })).toEqual([
    [52, "Preparing enhancement 2/4 ..."],
  ]);
  expect(at({ stage: "masking", image: 0, shown: true }, { picture: 0, pass: 1 })).toEqual([
    [52, "Loading ..."],
  ]);
  expect(at({ stage: "loading", image: 0 }, { picture: 0, pass: 1 })).toEqual([
    [52, "Downloading inpainter ..."],
    [52, "Preparing enhance prompts ..."],
    [52, "Loading models ..."],
    [52, "Processing prompts ..."],
  ]);
  const positive = { stage: "encoding", image: 0, texts: "positive" } as const;
  expect(at(positive, { picture: 0, pass: 1 })).toEqual([[52, "Encoding positive #1 ..."]]);
  const holes = { stage: "encoding-picture", image: 0, gives: "holes", strip: 0, strips: 1 } as const;
  expect(at(holes, { picture: 0, pass: 1 })).toEqual([[52, "VAE Inpaint encoding ..."]]);
  expect(at(step(4, 4), { picture: 1, pass: 1 })).toEqual([[100, "Sampling step 4/4, image 4/4 ..."]]);
});

test("a result of a pass is saved with the pass's number; a mask, and a picture that was given, without a word", () => {
  const result = { index: 3, seed: 5n, pass: { picture: 0, pass: 1, shows: "result" } } as const;
  const saving = savingResult(result, outline);
  expect(saving === undefined ? undefined : said(saving)).toEqual([71, "Saving image 2/4 to system ..."]);
  expect(savingResult({ ...result, pass: { ...result.pass, shows: "mask" } }, outline)).toBeUndefined();
  expect(savingResult({ index: 0, seed: null }, { ...outline, images: 0 })).toBeUndefined();
});

test("a picture that was given is prepared in two numbers, and all the rest are its passes'", () => {
  const given = { ...outline, images: 0, enhance: { pictures: 1, passes: [region] } };
  expect(reportsAt({ stage: "enhancing", image: 0 }, given, { picture: 0, pass: 0 }).map(said)).toEqual([
    [2, "Image processing ..."],
    [2, "Moving model to GPU ..."],
    [2, "Processing enhance ..."],
    [2, "Preparing enhancement 1/1 ..."],
  ]);
  expect(reportsAt(step(2, 4), given, { picture: 0, pass: 0 }).map(({ percent }) => percent)).toEqual([51]);
});

test("the time that is left counts the steps of passes, too", () => {
  const left = new TimeLeft(outline, () => 0);
  const heard = (pass: PassPlace, number: number, now: number) =>
    left.at(reportsAt(step(number, 4), outline, pass)[0] as Report, now);
  heard({ picture: 1, pass: 1 }, 1, 0);
  heard({ picture: 1, pass: 1 }, 2, 1000);
  expect(heard({ picture: 1, pass: 1 }, 3, 2000)).toBe(1000);
});
