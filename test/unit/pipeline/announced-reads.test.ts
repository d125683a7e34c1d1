import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "#/lib/log.ts";
import type { FileStretch } from "#/lib/read-ahead.ts";
import { openContext } from "#/pipeline/context.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { machineOf, made } from "../../support/fast-engine.ts";
import { tinyCheckpoint } from "../../support/golden.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

/** What an engine says of the parts of files that a job is about to map. */
setDefaultTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "announced-reads-"));
mkdirSync(join(folder, "checkpoints"));
const path = await tinyCheckpoint();
symlinkSync(path, join(folder, "checkpoints/base.safetensors"));
const checkpoint = sdxlCheckpoint(openWeights(path));

const told: (readonly FileStretch[])[] = [];
const settings = { modelRoots: [folder], memoryBudget: 2 ** 30, threads: 1, providers: ["cpu"] } as const;
const context = await openContext(
  { ...settings, weights: "in-place", derived: { folder: join(folder, "derived"), budget: 2 ** 30 } },
  (event) => {
    if (event.type === "reads") told.push(event.stretches);
  },
  silentLog,
  { machine: machineOf() },
);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

const recipe: Recipe = { ...smallRecipe, steps: 1 };
const isTold = ({ offset, length }: WeightRef): boolean =>
  (told.at(-1) ?? []).some(({ start, end }) => start <= offset && offset + length <= end);
const all = (tensors: Iterable<WeightRef>): boolean => [...tensors].every(isTold);

test("a job says all of its checkpoint that is not open, and another one with the same files nothing", async () => {
  await made(recipe, context);
  expect(told).toHaveLength(1);
  expect(new Set(told[0]?.map((stretch) => stretch.path))).toEqual(new Set([realpathSync(path)]));
  const { unet, textL, textG, vae } = checkpoint;
  for (const part of [unet, textL, textG]) expect(all(part.values())).toBe(true);
  expect(all(vae.values().filter(({ key }) => key.includes("decoder")))).toBe(true);
  await made({ ...recipe, steps: 2 }, context);
  expect(told).toHaveLength(1);
  await context.unload();
  await made(recipe, context);
  expect(told).toHaveLength(2);
});

test("weights in 8 bits are read when they are proved: of the checkpoint only the rest is said", async () => {
  await context.unload();
  await made({ ...recipe, precision: "fast" }, context);
  const { vae, unet } = checkpoint;
  expect(all(vae.values().filter(({ key }) => key.includes("decoder")))).toBe(true);
  expect([...unet.values()].some(isTold)).toBe(false);
});
