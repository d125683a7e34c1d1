import { expect, test } from "bun:test";
import type { Fact } from "#/pipeline/generate.ts";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { denoise } from "#/pipeline/stages/denoise.ts";
import type { Recipe, Refiner } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import type { RefinerNetworks } from "#/runtime/refiner-networks.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { smallRecipe } from "../../support/small-recipe.ts";
import { asTheyAre, stubJob } from "../../support/stub-job.ts";

/** Who is asked in which call, and what the way to the picture looks like, with networks that answer the same. */

type Walked = Readonly<{ asked: string; steps: readonly number[]; latent: Latent }>;

const answer: Networks["unet"] = async ({ sample }) => ({
  dims: sample.dims,
  data: sample.data.map((value, at) => 0.7 * value + 0.1 * Math.sin(at)),
});

async function walk(change: Partial<Recipe>, other = true): Promise<Walked> {
  let asked = "";
  const named =
    (letter: string): Networks["unet"] =>
    async (inputs) => {
      asked += letter;
      return answer(inputs);
    };
  const refiner: RefinerNetworks = {
    family: "sdxl-base",
    prediction: "eps",
    schedule: "scaled-linear",
    textWidth: 8,
    unet: named("r"),
    tellTexts: asTheyAre,
  };
  const recipe = { ...smallRecipe, guidance: { ...smallRecipe.guidance, cfg: 1 }, ...change };
  const job = stubJob({ unet: named("b"), ...(other ? { refiner } : {}) }, { recipe });
  const text = {
    context: { dims: [1, 77, 8], data: new Float32Array(77 * 8) },
    pooled: { dims: [1, 4], data: new Float32Array(4) },
  };
  const [spec] = recipe.images;
  if (spec === undefined) throw new Error("a recipe has an image");
  const prompts = { positive: text, negative: text };
  const stage = denoise({ job, index: 0, spec, prompts, beginning: fromNoise(recipe) });
  const facts: Fact[] = [];
  for (;;) {
    const next = await stage.next();
    if (next.done === true) {
      const steps = facts.flatMap((fact) =>
        fact.type === "progress" && fact.at.stage === "denoising" ? [fact.at.step] : [],
      );
      return { asked, steps, latent: next.value };
    }
    facts.push(next.value);
  }
}

const taking = (swap: Refiner["swap"], at: number, name: string | null = "second.safetensors") => ({
  refiner: { name, swap, at },
});
const six = { steps: 6, sampler: "dpmpp_2m" } as const;
const farFrom = (a: Latent, b: Latent): number =>
  Math.max(...a.data.map((value, at) => Math.abs(value - b.data[at]!)));

test("jointly, the first model answers up to and including the step of the switch", async () => {
  expect((await walk({ ...six, ...taking("joint", 0) })).asked).toBe("brrrrr");
  expect((await walk({ ...six, ...taking("joint", 2) })).asked).toBe("bbbrrr");
  expect((await walk({ ...six, ...taking("joint", 5) })).asked).toBe("bbbbbb");
  expect((await walk({ ...six, ...taking("joint", 6) })).asked).toBe("bbbbbb");
});

test("of a step of two calls the second one is the other model's", async () => {
  const { asked } = await walk({ steps: 3, sampler: "heun", ...taking("joint", 1) });
  expect(asked).toBe("bbbrr");
});

for (const sampler of [
  "euler",
  "dpmpp_2m",
  "dpmpp_2m_sde_gpu",
  "heun",
  "dpmpp_sde",
  "euler_ancestral",
] as const)
  test(`${sampler}: a model that takes over from itself jointly changes no bit`, async () => {
    const plain = await walk({ steps: 6, sampler });
    for (const at of [0, 1, 4, 6]) {
      const { latent, steps } = await walk({ steps: 6, sampler, ...taking("joint", at) });
      expect(latent).toEqual(plain.latent);
      expect(steps).toEqual(plain.steps);
    }
  });

test("separately, the second model begins with the step of the switch, and its history anew", async () => {
  const plain = await walk(six);
  const cut = await walk({ ...six, ...taking("separate", 2) });
  expect([cut.asked, cut.steps]).toEqual(["bbrrrr", [0, 1, 2, 3, 4, 5, 6]]);
  expect(farFrom(cut.latent, plain.latent)).toBeGreaterThan(1e-3);
  // A sampler without a history goes on as if nothing had been.
  const euler = { ...six, sampler: "euler" } as const;
  const same = await walk({ ...euler, ...taking("separate", 2) });
  expect(farFrom(same.latent, (await walk(euler)).latent)).toBeLessThan(1e-4);
  expect((await walk({ ...six, ...taking("separate", 6) })).latent).toEqual(plain.latent);
});

test("over a clean latent, each model has its own run, the second with the seed after the first's", async () => {
  const plain = await walk(six);
  const two = await walk({ ...six, ...taking("vae", 2) });
  expect([two.asked, two.steps]).toEqual(["bbrrrr", [0, 1, 2, 3, 4, 5, 6]]);
  expect(farFrom(two.latent, plain.latent)).toBeGreaterThan(1e-3);
  expect((await walk({ ...six, ...taking("vae", 6) })).latent).toEqual(plain.latent);
});

test("without another model the first one goes on itself", async () => {
  for (const swap of ["separate", "vae"] as const)
    expect((await walk({ ...six, ...taking(swap, 2, null) }, false)).asked).toBe("bbbbbb");
});

test("a table that is longer than its steps is cut where one run would end", async () => {
  const uniform = { steps: 30, sampler: "euler", schedule: "ddim_uniform" } as const;
  const plain = await walk(uniform);
  const { latent, asked } = await walk({ ...uniform, ...taking("separate", 10) });
  expect(asked).toBe("b".repeat(10) + "r".repeat(20));
  expect(farFrom(latent, plain.latent)).toBeLessThan(1e-4);
  expect((await walk({ ...uniform, ...taking("separate", 30) })).latent).toEqual(plain.latent);
});

test("a stop is heard in the second run, too", async () => {
  const recipe = { ...smallRecipe, ...six, ...taking("separate", 2) };
  const text = {
    context: { dims: [1, 77, 8], data: new Float32Array(77 * 8) },
    pooled: { dims: [1, 4], data: new Float32Array(4) },
  };
  let runs = 0;
  const job = stubJob(
    {
      unet: async (inputs) => {
        runs += 1;
        if (runs === 7) job.run.interrupt("stop");
        return answer(inputs);
      },
    },
    { recipe },
  );
  const prompts = { positive: text, negative: text };
  const beginning = fromNoise(recipe);
  const stage = denoise({ job, index: 0, spec: recipe.images[0]!, prompts, beginning });
  const drained = (async () => {
    for await (const _ of stage);
  })();
  await expect(drained).rejects.toMatchObject({ action: "stop" });
  expect(runs).toBe(7);
});

test("a base model that keeps its patch is the one that goes on behind the cut", async () => {
  const cut = { name: null, swap: "separate", at: 2 } as const;
  const dropped = await walk({ refiner: cut });
  const kept = await walk({ refiner: { ...cut, keepsPatch: true } });
  expect([dropped.asked.includes("r"), kept.asked.includes("r")]).toEqual([true, false]);
  expect(kept.asked.length).toBe(dropped.asked.length);
});
