import { expect, test } from "bun:test";
import { inStepsAsked, stepsWalked, stepWalked } from "#/pipeline/fewer-steps.ts";
import type { Fact } from "#/pipeline/generate.ts";

test.each([
  [30, undefined, 30],
  [30, 0.25, 27],
  [30, 0.5, 24],
  [30, 1, 18],
  [60, 0.5, 46],
  [8, 1, 8],
  [4, 1, 4],
  [0, 1, 0],
])("%p steps with cache %p are walked in %p", (steps, cache, walked) => {
  expect(stepsWalked({ steps, ...(cache === undefined ? {} : { cache }) })).toBe(walked);
});

test("where another model takes over moves with them, and leaves each the step that it had", () => {
  const at = (step: number) => stepWalked(step, { steps: 30, cache: 0.5 });
  expect([0, 1, 2, 15, 24, 29, 30].map(at)).toEqual([0, 1, 1, 12, 19, 23, 24]);
  expect(stepWalked(17, { steps: 30 })).toBe(17);
});

test("steps are told as they were asked for, whatever else is told as it is", async () => {
  const at = (step: number): Fact => ({
    type: "progress",
    at: { stage: "denoising", image: 1, step, steps: 24 },
  });
  const other: Fact = { type: "progress", at: { stage: "decoding", image: 1, strip: 0, strips: 1 } };
  async function* walk(): AsyncGenerator<Fact, string, undefined> {
    for (const fact of [at(0), other, at(1), at(2), at(12), at(23), at(24)]) yield fact;
    return "end";
  }
  const told: string[] = [];
  const facts = inStepsAsked(walk(), { steps: 30, cache: 0.5 });
  for (;;) {
    const next = await facts.next();
    if (next.done === true) {
      expect(next.value).toBe("end");
      break;
    }
    const { value } = next;
    told.push(
      value.type === "progress" && value.at.stage === "denoising"
        ? `${value.at.step}/${value.at.steps}`
        : "-",
    );
  }
  expect(told).toEqual(["0/30", "-", "1/30", "3/30", "15/30", "29/30", "30/30"]);
});
