import { describe, expect, test } from "bun:test";
import { levelAfter } from "#/pipeline/levels.ts";
import { NetworkRuns } from "#/pipeline/network-runs.ts";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { denoise } from "#/pipeline/stages/denoise.ts";
import type { Guidance, Recipe } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import type { RefinerNetworks } from "#/runtime/refiner-networks.ts";
import { zeros } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../support/small-recipe.ts";
import { asTheyAre, stubJob } from "../../support/stub-job.ts";

const steps = 12;
const plain: Guidance = { ...smallRecipe.guidance, cfg: 4, admEnd: 1 };
const text = { context: zeros([1, 77, 8]), pooled: zeros([1, 4]) };

/** An image by networks that find nothing but noise: the estimate is the same at every level. */
async function walk(change: Partial<Recipe>, refiner = false) {
  let asked = "";
  const named =
    (letter: string): Networks["unet"] =>
    async ({ sample, timestep }) => {
      asked += letter;
      // Of one sign, so that there is something that stands still.
      const level = 1 + (timestep.data[0] ?? 0) / 1000;
      return { dims: sample.dims, data: sample.data.map((value) => value * level) };
    };
  const other: RefinerNetworks = {
    family: "sdxl-base",
    prediction: "eps",
    schedule: "scaled-linear",
    textWidth: 8,
    tellTexts: asTheyAre,
    unet: named("r"),
  };
  const recipe: Recipe = { ...smallRecipe, steps, guidance: plain, ...change };
  const runs = new NetworkRuns();
  const job = stubJob({ unet: named("b"), ...(refiner ? { refiner: other } : {}) }, { recipe, runs });
  const prompts = { positive: text, negative: text };
  const stage = denoise({ job, index: 0, spec: recipe.images[0]!, prompts, beginning: fromNoise(recipe) });
  for (;;) {
    const next = await stage.next();
    if (next.done === true) return { asked, runs: runs.lap(), latent: next.value };
  }
}

describe("the end of the guidance", () => {
  test.each([
    [1, 24],
    [0.75, 21],
    [0.5, 18],
    [0.09, 13],
    [0, 12],
  ])("at %p of 12 steps there are %p runs", async (until, made) => {
    const guidance = until === 1 ? plain : { ...plain, until };
    const { asked, runs } = await walk({ guidance });
    expect(asked).toHaveLength(made);
    expect(runs).toEqual({ made, saved: 24 - made });
  });

  test("at once it is CFG 1, to the bit", async () => {
    const never = await walk({ guidance: { ...plain, until: 0 } });
    expect(never.latent).toEqual((await walk({ guidance: { ...plain, cfg: 1 } })).latent);
  });

  for (const swap of ["joint", "separate", "vae"] as const)
    test(`it is a share of the whole run, whoever draws: ${swap}`, async () => {
      const change = (until: number) => ({
        guidance: { ...plain, until },
        refiner: { name: "second.safetensors", swap, at: 6 },
      });
      const early = await walk(change(0.25), true);
      expect(early.asked).toMatch(/^b+r+$/);
      expect(early.asked).toHaveLength(15);
      const late = await walk(change(0.75), true);
      expect(late.asked).toHaveLength(21);
    });

  test("levels are counted from the image's first step", () => {
    const sigmas = [4, 3, 2, 1, 0];
    expect([0, 0.3, 0.5, 0.9, 1].map((share) => levelAfter(share, { sigmas, before: 0, steps: 4 }))).toEqual([
      Infinity,
      3,
      2,
      1,
      0,
    ]);
    // 0.7 of 30 is 21, though not in doubles.
    const many = Array.from({ length: 31 }, (_, i) => 30 - i);
    expect(levelAfter(0.7, { sigmas: many, before: 0, steps: 30 })).toBe(9);
    expect(levelAfter(0.5, { sigmas: [2, 1, 0], before: 2, steps: 4 })).toBe(Infinity);
    expect(levelAfter(0.75, { sigmas: [2, 1, 0], before: 2, steps: 4 })).toBe(1);
  });
});

describe("held steps", () => {
  test("without the field every step is asked about; with it fewer are, and it says how many", async () => {
    expect((await walk({})).runs).toEqual({ made: 24, saved: 0 });
    const { asked, runs } = await walk({ cache: 1 });
    expect(runs.made).toBe(asked.length);
    expect(runs.made + runs.saved).toBe(24);
    expect(runs.saved).toBeGreaterThan(3);
    expect((await walk({ cache: 0.2 })).runs.saved).toBeLessThan(runs.saved);
  });

  test("the same recipe makes the same bits", async () => {
    expect((await walk({ cache: 0.7 })).latent).toEqual((await walk({ cache: 0.7 })).latent);
  });

  test("where the sizes' emphasis ends nothing is held over it: two steps tell the pace anew", async () => {
    const ended = await walk({ cache: 1, guidance: { ...plain, admEnd: 0.5 } });
    expect(ended.runs.saved).toBeLessThan((await walk({ cache: 1 })).runs.saved);
  });

  for (const swap of ["joint", "separate"] as const)
    test(`a model that takes over answers for itself: ${swap}`, async () => {
      const { asked } = await walk({ cache: 1, refiner: { name: "second.safetensors", swap, at: 6 } }, true);
      // Two steps of both sides at least, and the last one.
      expect(asked.replaceAll("b", "").length).toBeGreaterThanOrEqual(6);
      expect(asked).toMatch(/^b+r+$/);
    });
});
