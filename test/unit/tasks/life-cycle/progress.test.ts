import { expect, test } from "bun:test";
import { sentenceOf } from "#/doors/fooocus-api/sentence.ts";
import type { Moment } from "#/engine/protocol.ts";
import {
  type JobOutline,
  openingReports,
  type Report,
  reportsAt,
  savingReport,
} from "#/tasks/life-cycle/progress.ts";

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
