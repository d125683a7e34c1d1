import { expect, test } from "bun:test";
import type { Fact } from "#/pipeline/generate.ts";
import { Interruption, Run } from "#/pipeline/run.ts";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { denoise } from "#/pipeline/stages/denoise.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import { zeros } from "#/tensor/tensor.ts";
import { smallRecipe as recipe } from "../../support/small-recipe.ts";
import { stubJob } from "../../support/stub-job.ts";

/** Walks through the stage with a network that answers nothing but zeros, and counts its runs. */
async function walk(guidance: Recipe["guidance"], onRun: (run: number, job: Run) => void) {
  const job = new Run();
  let runs = 0;
  const unet: Networks["unet"] = async ({ sample }) => {
    runs += 1;
    onRun(runs, job);
    return zeros(sample.dims);
  };
  const text = { context: zeros([1, 77, 8]), pooled: zeros([1, 4]) };
  const prompts = { positive: text, negative: text };
  const asked = { ...recipe, guidance };
  const [spec] = recipe.images;
  if (spec === undefined) throw new Error("a recipe has an image");
  const whole = stubJob({ unet }, { recipe: asked, run: job });
  const stage = denoise({ job: whole, index: 0, spec, prompts, beginning: fromNoise(asked) });
  const facts: Fact[] = [];
  try {
    for await (const fact of stage) facts.push(fact);
    return { runs, facts, interrupted: undefined };
  } catch (thrown) {
    if (!(thrown instanceof Interruption)) throw thrown;
    return { runs, facts, interrupted: thrown.action };
  }
}

test("guidance is two network runs a step, one at CFG 1", async () => {
  expect((await walk(recipe.guidance, () => undefined)).runs).toBe(8);
  expect((await walk({ ...recipe.guidance, cfg: 1 }, () => undefined)).runs).toBe(4);
});

for (const action of ["stop", "skip"] as const) {
  test(`a ${action} between the two runs of a step is the last run there is`, async () => {
    const first = await walk(recipe.guidance, (_, job) => job.interrupt(action));
    expect(first).toMatchObject({ runs: 1, interrupted: action });
    const third = await walk(recipe.guidance, (run, job) => {
      if (run === 3) job.interrupt(action);
    });
    expect(third).toMatchObject({ runs: 3, interrupted: action });
    expect(third.facts).toHaveLength(2); // the start and the one step that was finished
  });
}
