import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NoiseRule } from "#/lib/devices.ts";
import type { ImageSpec, Recipe, SamplerName, ScheduleName } from "#/recipe/recipe.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { writeMarked } from "../support/marked-checkpoint.ts";
import { latentOf, openFolder, pictureOf, pixelErrors } from "../support/whole-image.ts";
import cases from "./prediction-kinds.json";

/**
 * Every mark that says what a network predicts, and every schedule that says so itself or has levels of its own, against
 * the same pipeline in torch (scripts/golden/prediction_kinds.py). Marks are tensors of the file, as they are in real ones.
 *
 * The promise is 1e-3 after thirty steps; as in whole-image.test.ts the bound here is what finds a level off by a last bit.
 */
const latentTolerance = 1e-4;

/** As in whole-image.test.ts, on a quarter of its pixels: a single one more or less is more of all. */
const differingPixels = 4e-3;

const values: Readonly<Record<string, number>> = { "edm_vpred.sigma_max": 120, "edm_vpred.sigma_min": 0.002 };

const golden = goldenTensors("prediction-kinds.safetensors");
const folder = mkdtempSync(join(tmpdir(), "prediction-kinds-"));
mkdirSync(join(folder, "checkpoints"));
const tiny = await tinyCheckpoint();
const context = await openFolder(folder);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

function recipeOf(listed: (typeof cases)[number]): Recipe {
  const base = `marked${listed.marks.map((mark) => `-${mark}`).join("")}.safetensors`;
  const marks = Object.fromEntries(listed.marks.map((mark) => [mark, values[mark] ?? 1]));
  writeMarked(tiny, join(folder, "checkpoints", base), marks);
  const spec: ImageSpec = { ...listed, seed: BigInt(listed.seed) };
  return {
    ...listed,
    base,
    vae: null,
    freeU: null,
    refiner: null,
    loras: [],
    sampler: listed.sampler as SamplerName,
    schedule: listed.schedule as ScheduleName,
    noise: listed.noise as NoiseRule,
    precision: "full",
    previews: null,
    source: { kind: "noise" },
    inputs: [],
    images: [spec],
  };
}

for (const listed of cases) {
  test(`${listed.name}: ${listed.steps} steps from prompt to pixels`, async () => {
    const recipe = recipeOf(listed);
    const latent = await latentOf(recipe, context);
    expectNear(latent, golden(`${listed.name}.latent`), latentTolerance);
    const { worst, share } = pixelErrors(await pictureOf(recipe, context), golden(`${listed.name}.picture`));
    expect(worst).toBeLessThanOrEqual(1);
    expect(share).toBeLessThan(differingPixels);
  }, 300_000);
}

test("what a file predicts is told by its marks, or all of these would be the same pictures", () => {
  const latents = cases.map(({ name }) => golden(`${name}.latent`).data.join());
  expect(new Set(latents).size).toBe(cases.length);
});
