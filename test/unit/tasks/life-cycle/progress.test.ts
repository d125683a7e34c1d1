import { expect, test } from "bun:test";
import { sentenceOf } from "#/doors/fooocus-api/sentence.ts";
import type { Moment } from "#/engine/protocol.ts";
import type { JobOutline, Report } from "#/tasks/life-cycle/job-outline.ts";
import { openingReports, reportsAt, savingPicture, savingReport } from "#/tasks/life-cycle/progress.ts";

const outline = (images: number, steps: number, expansion: boolean): JobOutline => ({
  performance: "Speed",
  expansion,
  source: { kind: "noise" },
  images,
  steps,
  done: 0,
});

/** What clients of FooocusAPI read of a report. */
const said = (report: Report, { images, steps }: JobOutline): string =>
  sentenceOf({ ...report, images, steps });

function stepNumbers(job: JobOutline): number[] {
  const numbers: number[] = [];
  for (let image = 0; image < job.images; image += 1)
    for (let step = 1; step <= job.steps; step += 1)
      numbers.push(
        ...reportsAt({ stage: "denoising", image, step, steps: job.steps }, job).map((r) => r.percent),
      );
  return numbers;
}

// The vectors of http-api section 9, observed on the reference.
test("step numbers are the reference's", () => {
  expect(stepNumbers(outline(1, 4, true))).toEqual([29, 53, 76, 100]);
  expect(stepNumbers(outline(1, 4, false))).toEqual([28, 52, 76, 100]);
  expect(stepNumbers(outline(2, 4, true))).toEqual([17, 29, 41, 53, 64, 76, 88, 100]);
  expect(stepNumbers(outline(1, 8, true))).toEqual([17, 29, 41, 53, 64, 76, 88, 100]);
  expect(stepNumbers(outline(1, 30, true))).toEqual([
    9, 12, 15, 18, 21, 24, 27, 31, 34, 37, 40, 43, 46, 49, 53, 56, 59, 62, 65, 68, 71, 74, 78, 81, 84, 87, 90,
    93, 96, 100,
  ]);
});

test("saving says the number of the image's last step", () => {
  const job = outline(2, 4, true);
  expect(
    [savingReport(0, job), savingReport(1, job)].map((report) => [report.percent, said(report, job)]),
  ).toEqual([
    [53, "Saving image 1/2 to system ..."],
    [100, "Saving image 2/2 to system ..."],
  ]);
});

test("a distilled mode announces its LoRA first", () => {
  const job = { ...outline(1, 4, false), performance: "Lightning" };
  expect(openingReports(job).map((report) => said(report, job))).toEqual([
    "Downloading Lightning components ...",
    "Loading control models ...",
    "Initializing ...",
  ]);
});

test("images an earlier attempt made count in names and numbers", () => {
  const job = { ...outline(2, 4, false), done: 1 };
  const at: Moment = { stage: "denoising", image: 0, step: 4, steps: 4 };
  expect(reportsAt(at, job).map((report) => ({ ...report, message: said(report, job) }))).toMatchObject([
    { percent: 99, message: "Sampling step 4/4, image 2/2 ...", image: 1 },
  ]);
});

test("with expansion the preparation counts one more, and its texts come first", () => {
  const job = outline(2, 4, true);
  const reports = (["expansion", "positive", "negative"] as const).flatMap((texts) =>
    [0, 1].flatMap((image) => reportsAt({ stage: "encoding", image, texts }, job)),
  );
  expect(reports.map((report) => `${report.percent} ${said(report, job)}`)).toEqual([
    "3 Processing prompts ...",
    "4 Preparing Fooocus text #1 ...",
    "4 Preparing Fooocus text #2 ...",
    "5 Encoding positive #1 ...",
    "5 Encoding positive #2 ...",
    "6 Encoding negative #1 ...",
    "6 Encoding negative #2 ...",
  ]);
});

test("a part of a long text is told for itself and moves no number", () => {
  const job = outline(1, 4, false);
  const at: Moment = { stage: "encoding", image: 0, texts: "positive", part: 2, parts: 3 };
  expect(reportsAt(at, job)).toEqual([
    {
      percent: 4,
      moment: { now: "part", of: 3, texts: "positive" },
      stage: "encoding",
      image: 0,
      step: 2,
    },
  ]);
  expect(reportsAt(at, job).map((report) => said(report, job))).toEqual(["Encoding positive #1 ..."]);
});

/** Everything that clients read of a job that starts from a picture, until it samples. */
function untilSampling(job: JobOutline, moments: readonly Moment[]): string[] {
  const reports = [...openingReports(job), ...moments.flatMap((at) => reportsAt(at, job))];
  return reports.map((report) => `${report.percent} ${said(report, job)}`);
}

const texts: readonly Moment[] = [
  { stage: "loading", image: 0 },
  { stage: "encoding", image: 0, texts: "positive" },
  { stage: "encoding", image: 0, texts: "negative" },
];
const preparing: Moment = { stage: "preparing", image: 0 };
const encodingStart: Moment = { stage: "encoding-picture", image: 0, gives: "start", strip: 0, strips: 9 };
const upscaling: Moment = { stage: "upscaling", image: 0, width: 640, height: 480, part: 0, parts: 2 };
const begins: Moment = { stage: "denoising", image: 0, step: 0, steps: 18 };

// http-api sections 9 and 10.
test("a picture to vary counts one more, and is encoded at the number of its processing", () => {
  const job = { ...outline(1, 18, false), source: { kind: "vary" as const } };
  expect(untilSampling(job, [...texts, preparing, encodingStart, begins])).toEqual([
    "1 Loading control models ...",
    "1 Initializing ...",
    "2 Loading models ...",
    "3 Processing prompts ...",
    "4 Encoding positive #1 ...",
    "5 Encoding negative #1 ...",
    "6 Image processing ...",
    "6 VAE encoding ...",
    "6 Moving model to GPU ...",
    "6 Preparing task 1/1 ...",
  ]);
});

test("a picture to enlarge counts three more, and its steps are the reference's numbers", () => {
  const job = { ...outline(1, 18, true), source: { kind: "upscale" as const, direct: false } };
  const told = untilSampling(job, [...texts, preparing, upscaling, encodingStart, begins]);
  expect(told[0]).toBe("1 Downloading upscale models ...");
  expect(told.slice(-5)).toEqual([
    "7 Image processing ...",
    "8 Upscaling image from (640, 480) ...",
    "9 VAE encoding ...",
    "9 Moving model to GPU ...",
    "9 Preparing task 1/1 ...",
  ]);
  const steps = stepNumbers(job);
  expect([steps.slice(0, 3), steps.slice(-2)]).toEqual([
    [14, 19, 24],
    [94, 100],
  ]);
});

test("a picture of which a part is painted anew counts three more; an engine has a sentence of its own", () => {
  const job = { ...outline(1, 18, false), source: { kind: "inpaint" as const }, patched: true };
  const holes = { ...encodingStart, gives: "holes" } as const;
  const told = untilSampling(job, [...texts, preparing, holes, encodingStart, begins]);
  expect(told.slice(0, 2)).toEqual(["1 Downloading upscale models ...", "1 Downloading inpainter ..."]);
  expect(told.slice(-5)).toEqual([
    "6 Image processing ...",
    "7 VAE Inpaint encoding ...",
    "8 VAE encoding ...",
    "8 Moving model to GPU ...",
    "8 Preparing task 1/1 ...",
  ]);
  expect(untilSampling({ ...job, patched: false }, [])).not.toContain("1 Downloading inpainter ...");
});

test("what is enlarged without diffusion has no texts, and ends with a sentence of its own", () => {
  const job = { ...outline(1, 0, true), source: { kind: "upscale" as const, direct: true } };
  expect(untilSampling(job, [{ stage: "loading", image: 0 }, preparing, upscaling])).toEqual([
    "1 Downloading upscale models ...",
    "1 Loading control models ...",
    "1 Initializing ...",
    "2 Image processing ...",
    "3 Upscaling image from (640, 480) ...",
  ]);
  // The number moves with the tiles; where more is to come it stays.
  const tiles = (direct: boolean) =>
    [0, 1, 2, 3].map((part) => {
      const source = { kind: "upscale", direct } as const;
      return reportsAt({ ...upscaling, part, parts: 4 }, { ...outline(1, 18, false), source })[0]?.percent;
    });
  expect([tiles(true), tiles(false)]).toEqual([
    [3, 27, 51, 75],
    [7, 7, 7, 7],
  ]);
  expect([savingPicture.percent, said(savingPicture, job)]).toEqual([100, "Saving image to system ..."]);
});
