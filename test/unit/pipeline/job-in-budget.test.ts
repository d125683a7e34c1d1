import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent, LoadedModel } from "#/engine/protocol.ts";
import { silentLog } from "#/lib/log.ts";
import { openContext } from "#/pipeline/context.ts";
import { type Fact, generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { tinyCheckpoint } from "../../support/golden.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

/** Whole jobs of two pictures with real networks, and what the engine tells of them in budgets of several sizes. */
const folder = mkdtempSync(join(tmpdir(), "job-in-budget-"));
mkdirSync(join(folder, "checkpoints"));
symlinkSync(await tinyCheckpoint(), join(folder, "checkpoints/base.safetensors"));
afterAll(() => rmSync(folder, { recursive: true }));

const [image] = smallRecipe.images;
const recipe: Recipe = { ...smallRecipe, steps: 1, images: image === undefined ? [] : [image, image] };

async function drawn(memoryBudget: number) {
  const told: (readonly LoadedModel[])[] = [];
  const send = (event: EngineEvent): void => {
    if (event.type === "loaded") told.push(event.models);
  };
  const derived = { folder: join(folder, "derived"), budget: 0 };
  const settings = { modelRoots: [folder], memoryBudget, derived, threads: 1 } as const;
  const context = await openContext(
    { ...settings, providers: ["cpu"], weights: "in-place" },
    send,
    silentLog,
    undefined,
  );
  let thrown: unknown;
  let pictures = 0;
  try {
    const count = (fact: Fact): number => (fact.type === "image" ? 1 : 0);
    for await (const fact of generate({ recipe, inputs: [] }, context, new Run())) pictures += count(fact);
  } catch (error) {
    thrown = error;
  }
  const atEnd = told.at(-1) ?? [];
  const most = told.toSorted((a, b) => b.length - a.length)[0] ?? [];
  await context.close();
  const names = (models: readonly LoadedModel[]) => models.map(({ name }) => name);
  return { thrown, pictures, told: told.slice(0, 4).map(names), most, atEnd };
}

const bytesOf = (models: readonly LoadedModel[]): number => models.reduce((sum, { bytes }) => sum + bytes, 0);
const all = ["text-l", "text-g", "unet", "vae-decoder"];

test("in a budget for all of them every network is opened once and stays", async () => {
  const { pictures, told, atEnd } = await drawn(2 ** 30);
  expect(pictures).toBe(2);
  expect(told).toEqual([all.slice(0, 1), all.slice(0, 2), all.slice(0, 3), all]);
  expect(atEnd.map(({ name }) => name)).toEqual(all);
});

test("in a budget for the largest alone every network is opened once, and the budget holds afterwards", async () => {
  const { most } = await drawn(2 ** 30);
  const largest = Math.max(...most.map(({ bytes }) => bytes));
  const { pictures, told, atEnd } = await drawn(largest);
  expect(pictures).toBe(2);
  expect(told).toEqual([all.slice(0, 1), all.slice(0, 2), all.slice(0, 3), all]);
  expect(bytesOf(atEnd)).toBeLessThanOrEqual(largest);
  expect(atEnd.length).toBeGreaterThan(0);
});

test("in a smaller one the job is refused with both numbers, and nothing was opened", async () => {
  const { most } = await drawn(2 ** 30);
  const largest = Math.max(...most.map(({ bytes }) => bytes));
  const { thrown, pictures, told } = await drawn(largest - 1);
  expect(thrown).toMatchObject({
    code: "out-of-memory",
    details: { needed: largest, budget: largest - 1, setting: "memory_budget" },
  });
  expect([pictures, told]).toEqual([0, []]);
});
