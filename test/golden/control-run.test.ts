import { afterAll, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controlFileNames } from "#/catalog/control-files.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import type { Controls, Recipe } from "#/recipe/recipe.ts";
import { Residency } from "#/runtime/residency.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { packedModel } from "../support/packed-model.ts";
import { latentOf, openFolder } from "../support/whole-image.ts";
import listed from "./control-run.json";

/** A whole run that two ControlNets guide, against torch and diffusers (scripts/golden/control_run.py). */
setDefaultTimeout(600_000);

const folder = mkdtempSync(join(tmpdir(), "control-run-"));
for (const kind of ["checkpoints", "loras", "controlnet"]) mkdirSync(join(folder, kind));
symlinkSync(await tinyCheckpoint(), join(folder, "checkpoints/tiny.safetensors"));
symlinkSync(goldenPath("tiny-lora-sgm.safetensors"), join(folder, "loras/tiny-lora-sgm.safetensors"));
symlinkSync(packedModel("control-lora.safetensors"), join(folder, "controlnet", controlFileNames.canny));
symlinkSync(packedModel("control-ldm.safetensors"), join(folder, "controlnet", controlFileNames.cpds));
const context = await openFolder(folder);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

/** As the script draws it. */
function picture(seed: number, { width, height } = listed.size): Pixmap {
  const data = new Uint8Array(3 * width * height);
  for (let at = 0; at < width * height; at += 1) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const value = (Math.floor((x * (3 + seed)) / 7) + Math.floor((y * (2 + seed)) / 5)) % 64;
    data.fill(value < 12 ? 255 : 0, 3 * at, 3 * at + 3);
  }
  return { width, height, data };
}
const inputs = [picture(1), picture(4)];

const uses = listed.controls.uses.map((use, at) => ({
  ...use,
  kind: at === 0 ? ("canny" as const) : ("cpds" as const),
  picture: at,
  net: at,
}));
const controls: Controls = {
  uses,
  show: "result",
  softness: listed.controls.softness,
  prepare: false,
  canny: { low: 64, high: 128 },
};
const { name: _name, controls: _controls, seed, ...settings } = listed;
const spec = { seed: BigInt(seed), positive: listed.positive, negative: listed.negative };
const plain = {
  ...settings,
  base: "tiny.safetensors",
  vae: null,
  freeU: null,
  refiner: null,
  sampler: "dpmpp_2m_sde_gpu",
  schedule: "karras",
  noise: "gpu",
  precision: "full",
  previews: null,
  source: { kind: "noise" },
  inputs: ["a", "b"],
  images: [spec],
} as const satisfies Recipe;
const parts = [
  { kind: "controlnet", name: controlFileNames.canny },
  { kind: "controlnet", name: controlFileNames.cpds },
] as const;
const recipe: Recipe = { ...plain, parts, controls };

test("thirty steps that two controls guide, one of them for half of the way", async () => {
  const latent = await latentOf(recipe, context, inputs);
  expectNear(latent, goldenTensors("control-run.safetensors")("latent"), 1e-4);
});

const short: Recipe = { ...recipe, sampler: "euler", steps: 3, size: { width: 64, height: 80 } };

async function images(made: Recipe): Promise<readonly Pixmap[]> {
  const found: Pixmap[] = [];
  for await (const fact of generate({ recipe: made, inputs }, context, new Run()))
    if (fact.type === "image") found.push(fact.image);
  return found;
}

test("all images of a job are guided: two of one seed are equal, and are not what nothing guides", async () => {
  const once = spyOn(Residency.prototype, "runOnce");
  const two = await images({ ...short, images: [spec, spec] });
  // Keys and values of the texts: once for both sides, in every network.
  const made = once.mock.calls.map(([{ name }]) => name).toSorted();
  expect(made).toEqual(["control-text-keys", "control-text-keys", "text-keys"]);
  once.mockRestore();
  expect(two.length).toBe(2);
  expect(two[0]?.data).toEqual(two[1]!.data);
  const { controls: _none, parts: _files, ...unguided } = short;
  const [free] = await images({ ...unguided });
  expect(free?.data).not.toEqual(two[0]!.data);
});

test("one file guides by two pictures, and their weights add up", async () => {
  const one = [{ ...uses[0]!, weight: 1, stop: 1 }];
  const two = [0.25, 0.75].map((weight) => ({ ...uses[0]!, weight, stop: 1 }));
  const latent = (wanted: Controls["uses"]) =>
    latentOf({ ...short, controls: { ...controls, uses: wanted } }, context, inputs);
  expectNear(await latent(two), await latent(one), 1e-4);
});

test("where only preparations are shown they are all that is made, one for each picture", async () => {
  const { parts: _files, ...unopened } = short;
  const shown = { ...controls, show: "preparation", prepare: true } as const;
  const made = await images({ ...unopened, controls: shown });
  expect(made.map(({ width, height }) => [width, height])).toEqual([
    [64, 80],
    [64, 80],
  ]);
  expect(new Set(made[0]?.data).size).toBeGreaterThan(1);
});
