import { describe, expect, test } from "bun:test";
import { sampledSize } from "#/pipeline/base-model.ts";
import type { LatentBeginning } from "#/pipeline/sources/beginning.ts";
import { denoise } from "#/pipeline/stages/denoise.ts";
import { vaesFor } from "#/pipeline/vaes.ts";
import type { Recipe, Refiner } from "#/recipe/recipe.ts";
import type { Networks, UnetInputs } from "#/runtime/models.ts";
import type { RefinerNetworks } from "#/runtime/refiner-networks.ts";
import { admVector } from "#/sampling/guidance/adm.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { type Tensor, zeros } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../support/small-recipe.ts";
import { asTheyAre, stubJob, stubNetworks } from "../../support/stub-job.ts";

/** A run that starts from a latent other than the recipe's size, with networks that say who was asked what. */

const text = { context: zeros([1, 77, 8]), pooled: zeros([1, 4]) };

const latent: Latent = {
  dims: [1, 4, 10, 12],
  data: Float32Array.from({ length: 480 }, (_, at) => Math.cos(at)),
};

type Asked = Readonly<{ who: string; timestep: number; y: Tensor | undefined; sample: Tensor }>;

async function walk(change: Partial<Recipe>, strength: number, refiner?: RefinerNetworks) {
  const asked: Asked[] = [];
  const note =
    (who: string) =>
    async ({ sample, timestep, y }: Pick<UnetInputs, "sample" | "timestep"> & { y?: Tensor }) => {
      asked.push({ who, timestep: timestep.data[0]!, y, sample });
      return { dims: sample.dims, data: sample.data.map((value, at) => 0.7 * value + 0.1 * Math.sin(at)) };
    };
  const second = refiner && { ...refiner, unet: note("r") as Networks["unet"] };
  const recipe: Recipe = { ...smallRecipe, guidance: { ...smallRecipe.guidance, cfg: 1 }, ...change };
  const job = stubJob({ unet: note("b"), refiner: second as RefinerNetworks | undefined }, { recipe });
  const beginning: LatentBeginning = { kind: "latent", latent, denoise: strength };
  const prompts = { positive: text, negative: text };
  const stage = denoise({ job, index: 0, spec: recipe.images[0]!, prompts, beginning });
  for (;;) {
    const next = await stage.next();
    if (next.done === true)
      return { who: asked.map(({ who }) => who).join(""), asked, latent: next.value, beginning };
  }
}

const taking = (swap: Refiner["swap"], at: number) => ({ refiner: { name: "second.safetensors", swap, at } });
const other: RefinerNetworks = {
  family: "sdxl-base",
  prediction: "eps",
  schedule: "scaled-linear",
  textWidth: 8,
  unet: async ({ sample }) => sample,
  tellTexts: asTheyAre,
};
const sd1: RefinerNetworks = {
  ...other,
  family: "sd-1",
  unet: async ({ sample }) => sample,
  textNorm: { weight: new Float32Array(8).fill(1), bias: new Float32Array(8) },
  convert: async (own) => own,
  vae: stubNetworks({}),
};
const thirty = { steps: 30, sampler: "euler", schedule: "karras" } as const;
const farFrom = (a: Latent, b: Latent): number =>
  Math.max(...a.data.map((value, at) => Math.abs(value - b.data[at]!)));

describe("a part of the schedule", () => {
  test("is as many steps as were asked for, from the level that the strength says", async () => {
    // pipeline section 20: vary 0.5 in 30 steps starts at 1.2123858.
    const half = await walk(thirty, 0.5);
    expect(half.asked).toHaveLength(30);
    expect(half.asked[0]?.timestep).toBe(412);
    expect((await walk({ ...thirty, steps: 18 }, 0.382)).asked[0]?.timestep).toBe(199);
    expect((await walk(thirty, 1)).asked[0]?.timestep).toBe(999);
  });

  test("starts from the latent with as much noise as the level has, and not more", async () => {
    const { asked } = await walk(thirty, 0.382);
    const [first] = asked;
    const sigma = 0.568;
    const scaled = 1 / Math.sqrt(1 + sigma ** 2);
    // What is left when the latent is taken away is noise of a deviation of about one.
    const rest = first!.sample.data.map((value, at) => (value / scaled - 0.13025 * latent.data[at]!) / sigma);
    const deviation = Math.sqrt(rest.reduce((sum, value) => sum + value ** 2, 0) / rest.length);
    expect(deviation).toBeGreaterThan(0.85);
    expect(deviation).toBeLessThan(1.15);
  });

  test("is told the size of the latent, whatever size the recipe asks for", async () => {
    const { asked, latent: end, beginning } = await walk(thirty, 0.5);
    expect(end.dims).toEqual([1, 4, 10, 12]);
    expect(sampledSize(beginning)).toEqual({ width: 96, height: 80 });
    const { admPositive: scale, admEnd } = smallRecipe.guidance;
    const vector = admVector(text.pooled, { width: 96, height: 80 }, { scale, end: admEnd });
    expect(asked[0]?.y).toEqual(vector(asked[0]!.timestep));
  });

  test("is the same part for a model that takes over in a run of its own", async () => {
    const plain = await walk(thirty, 0.5);
    const two = await walk({ ...thirty, ...taking("separate", 10) }, 0.5, other);
    expect(two.who).toBe("b".repeat(10) + "r".repeat(20));
    expect(farFrom(two.latent, plain.latent)).toBeLessThan(1e-4);
    const clean = await walk({ ...thirty, ...taking("vae", 10) }, 0.5, other);
    expect(clean.who).toBe("b".repeat(10) + "r".repeat(20));
    // Its levels are 1.4 times those that the first one would have gone on with: below 1.21.
    expect(clean.asked[10]!.timestep).toBeLessThan(412);
    expect(plain.asked[10]!.timestep).toBeLessThan(clean.asked[10]!.timestep);
  });
});

describe("with Stable Diffusion 1.x, whose latents are others", () => {
  const of = (at: number, strength: number) => walk({ ...thirty, ...taking("joint", at) }, strength, sd1);

  test("both have a part of what is as good as a whole run; of less one draws alone", async () => {
    expect((await of(10, 1)).who).toBe("b".repeat(10) + "r".repeat(20));
    expect((await of(10, 0.95)).who).toBe("b".repeat(10) + "r".repeat(20));
    expect((await of(24, 0.5)).who).toBe("b".repeat(30));
    expect((await of(10, 0.5)).who).toBe("r".repeat(30));
  });

  test("the latent is made and read by the VAE of whoever draws", () => {
    const named = (name: string) => stubNetworks({ textKey: name });
    const base = { ...named("base"), refiner: { ...sd1, vae: named("refiner") } } as Networks;
    const vaes = (at: number, strength: number) => {
      const recipe = { ...smallRecipe, ...thirty, ...taking("joint", at) };
      const { encoding, decoding } = vaesFor({ recipe, networks: base }, strength);
      return [encoding, decoding].map((vae) => ("textKey" in vae ? vae.textKey : ""));
    };
    expect(vaes(10, 1)).toEqual(["base", "refiner"]);
    expect(vaes(24, 0.5)).toEqual(["base", "base"]);
    expect(vaes(10, 0.5)).toEqual(["refiner", "refiner"]);
  });
});
