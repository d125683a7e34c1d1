import { expect, test } from "bun:test";
import { openJob } from "#/pipeline/job.ts";
import { Run } from "#/pipeline/run.ts";
import { smallRecipe } from "../../support/small-recipe.ts";
import { stubContext, stubNetworks } from "../../support/stub-job.ts";

const networks = stubNetworks({});
const context = stubContext(networks);
const picture = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };

test("a job is its order, the engine's texts, its own networks, run and clock", async () => {
  const recipe = { ...smallRecipe, inputs: ["a.png", "b.png"] };
  const run = new Run();
  const job = await openJob({ recipe, inputs: [picture, { ...picture, width: 0 }] }, context, run);
  expect(job.recipe).toBe(recipe);
  expect(job.inputs[0]).toBe(picture);
  expect(job.inputs[1]?.width).toBe(0);
  expect([job.networks, job.run, job.tokenizer]).toEqual([networks, run, context.tokenizer]);
  expect(job.clock.lap()).toMatchObject({ encoding: 0, denoising: 0, decoding: 0 });
});

test("a recipe whose pictures did not come with it is our mistake, and is told as such", async () => {
  const recipe = { ...smallRecipe, inputs: ["a.png"] };
  await expect(openJob({ recipe, inputs: [] }, context, new Run())).rejects.toMatchObject({
    code: "bug",
    message: "A recipe names 1 pictures and came with 0.",
  });
});
