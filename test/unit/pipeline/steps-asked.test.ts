import { expect, test } from "bun:test";
import type { Fact } from "#/pipeline/generate.ts";
import { inStepsAsked } from "#/pipeline/steps-asked.ts";

test("steps are told as they were asked for, whatever else is told as it is", async () => {
  const at = (step: number): Fact => ({
    type: "progress",
    at: { stage: "denoising", image: 1, step, steps: 23 },
  });
  const other: Fact = { type: "progress", at: { stage: "decoding", image: 1, strip: 0, strips: 1 } };
  async function* walk(): AsyncGenerator<Fact, string, undefined> {
    for (const fact of [at(0), other, at(1), at(2), at(12), at(22), at(23)]) yield fact;
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
  expect(told).toEqual(["0/30", "-", "1/30", "3/30", "16/30", "29/30", "30/30"]);
});
