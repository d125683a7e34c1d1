import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "#/lib/log.ts";
import { openContext } from "#/pipeline/context.ts";
import { type Fact, generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import { distilledGuidance } from "#/recipe/performance.ts";
import { type Recipe, samplerNames, scheduleNames } from "#/recipe/recipe.ts";
import { tinyCheckpoint } from "../../support/golden.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

/** Every sampler with every schedule makes a picture of numbers, on a real network that is small and draws nothing. */

const folder = mkdtempSync(join(tmpdir(), "methods-"));
mkdirSync(join(folder, "checkpoints"));
symlinkSync(await tinyCheckpoint(), join(folder, "checkpoints/tiny.safetensors"));
const settings = {
  modelRoots: [folder],
  providers: ["cpu"],
  weights: "in-place",
  memoryBudget: 2 ** 30,
  derived: { folder: join(folder, "derived"), budget: 2 ** 30 },
  threads: 1,
} as const;
const context = await openContext(settings, () => undefined, createLog("error"), undefined);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

async function drawn(method: Pick<Recipe, "sampler" | "schedule" | "steps">) {
  const facts: Fact[] = [];
  const small = { base: "tiny.safetensors", size: { width: 32, height: 32 }, guidance: distilledGuidance };
  const recipe = { ...smallRecipe, ...small, ...method };
  for await (const fact of generate({ recipe, inputs: [] }, context, new Run())) facts.push(fact);
  const moments = facts.flatMap((fact) => (fact.type === "progress" ? [fact.at] : []));
  return {
    levels: new Set(facts.flatMap((fact) => (fact.type === "image" ? [...fact.image.data] : []))).size,
    steps: moments.flatMap((at) => (at.stage === "denoising" ? [at.step] : [])),
  };
}

for (const sampler of samplerNames) {
  test(`${sampler} makes a picture with every schedule`, async () => {
    for (const schedule of scheduleNames) {
      const { levels, steps } = await drawn({ sampler, schedule, steps: 3 });
      // A latent that is not finite fails the job; one that ran away would be black and white.
      expect({ schedule, isPicture: levels > 20 }).toEqual({ schedule, isPicture: true });
      expect({ schedule, steps }).toEqual({ schedule, steps: [...steps].sort((a, b) => a - b) });
      expect(steps[0]).toBe(0);
      expect(steps.at(-1)!).toBeLessThanOrEqual(3);
    }
  });

  test(`${sampler} makes a picture in one step`, async () => {
    const { levels, steps } = await drawn({ sampler, schedule: "karras", steps: 1 });
    expect(levels).toBeGreaterThan(20);
    expect(steps).toEqual([0, 1]);
  });
}
