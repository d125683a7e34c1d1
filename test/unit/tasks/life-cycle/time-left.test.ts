import { expect, test } from "bun:test";
import type { JobOutline, Report } from "#/tasks/life-cycle/job-outline.ts";
import { DecodingPace, TimeLeft } from "#/tasks/life-cycle/time-left.ts";

const outline: JobOutline = {
  performance: "Speed",
  expansion: false,
  source: { kind: "noise" },
  images: 2,
  steps: 4,
  done: 0,
};
const pixels = 1000;
const at = (stage: Report["stage"], image: number, step: number): Report => ({
  percent: 0,
  moment: { now: "sampling" },
  stage,
  image,
  step,
});
const step = (image: number, number: number): Report => at("denoising", image, number);

/** Two pictures of four steps, a step a second, decoded in five; what is left at each report. */
function told(pace: DecodingPace): readonly (number | null)[] {
  const left = new TimeLeft(outline, () => pace.expected(pixels));
  return [
    left.at(step(0, 1), 0),
    left.at(step(0, 2), 1000),
    left.at(step(0, 3), 2000),
    left.at(step(0, 4), 3000),
    left.at(at("decoding", 0, 4), 3000),
    left.at(at("decoding", 0, 4), 5000),
    left.at(step(1, 1), 9000),
    left.at(step(1, 4), 12_000),
    left.at(at("decoding", 1, 4), 13_000),
    left.at(at("decoding", 1, 4), 20_000),
  ];
}

test("where nothing was decoded before, only steps are counted, and nothing is said of decoding", () => {
  expect(told(new DecodingPace())).toEqual([null, null, 5000, 4000, null, null, 3000, null, null, null]);
});

test("where a picture was decoded before, decoding is part of what is left, by pixels", () => {
  const pace = new DecodingPace();
  pace.took(10_000, 2 * pixels);
  expect(told(pace)).toEqual([null, null, 15_000, 14_000, 14_000, 12_000, 8000, 5000, 5000, 0]);
});

test("the newest picture counts", () => {
  const pace = new DecodingPace();
  pace.took(10_000, pixels);
  pace.took(3000, pixels);
  expect(pace.expected(2 * pixels)).toBe(6000);
});
