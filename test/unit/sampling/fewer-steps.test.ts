import { expect, test } from "bun:test";
import { stepsWalked, stepWalked } from "#/sampling/fewer-steps.ts";

test.each([
  [30, undefined, 30],
  [30, 0.25, 27],
  [30, 0.5, 23],
  [30, 0.6, 21],
  [30, 1, 15],
  [60, 0.5, 42],
  [8, 1, 8],
  [4, 1, 4],
  [0, 1, 0],
])("%p steps with cache %p are walked in %p", (steps, cache, walked) => {
  expect(stepsWalked({ steps, ...(cache === undefined ? {} : { cache }) })).toBe(walked);
});

test("where another model takes over moves with them, and leaves each the step that it had", () => {
  const at = (step: number) => stepWalked(step, { steps: 30, cache: 0.5 });
  expect([0, 1, 2, 15, 24, 29, 30].map(at)).toEqual([0, 1, 1, 11, 18, 22, 23]);
  expect(stepWalked(17, { steps: 30 })).toBe(17);
});
