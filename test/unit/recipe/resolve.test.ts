import { describe, expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import { performances } from "#/api/generate-objects.ts";
import { AppError } from "#/lib/errors.ts";
import { sdxlLatentColours } from "#/recipe/latent-colours.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { plainParams } from "../../support/plain-request.ts";

const demoColours = [0, 1, 2, 3, 4].map((c): [number, number, number] => [c, 0, 0.5]);

const world: World = {
  checkpoints: ["base.safetensors", "demo.safetensors"],
  loras: ["a.safetensors", "sub/b.safetensors", "c.safetensors", "sdxl_lightning_4step_lora.safetensors"],
  vaes: ["soft.safetensors"],
  styles: [
    { name: "Wrap", prompt: "photo of {prompt}", negative_prompt: "blurry" },
    { name: "Plain", prompt: "fine", negative_prompt: "" },
  ],
  wildcards: (name) => (name === "color" ? ["red", "green", "blue"] : undefined),
  sidecar: (base) =>
    base === "demo.safetensors"
      ? {
          performance_loras: Object.fromEntries(
            performances.map((mode) => [mode, `demo-${mode.toLowerCase()}.safetensors`]),
          ),
          latent_colours: demoColours,
        }
      : {},
  noise: "gpu",
};

const slot = (model_name: string, weight = 1, enabled = true) => ({ enabled, model_name, weight });
const resolve = (said: Partial<GenerateParams> = {}, there = world) =>
  resolveRecipe(
    {
      ...plainParams,
      refiner_model_name: "None",
      prompt: "a cat",
      negative_prompt: "",
      ...said,
    },
    there,
  );

function refusal(said: Partial<GenerateParams>, there = world): Record<string, unknown> {
  try {
    resolve(said, there);
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message, ...error.details };
    throw error;
  }
  throw new Error("nothing was refused");
}

test("how a checkpoint is sampled is part of the recipe where the file beside it says so", () => {
  const said = (sidecar: ReturnType<World["sidecar"]>) =>
    resolve({}, { ...world, sidecar: () => sidecar }).recipe.sampledAs;
  expect(said({})).toBeUndefined();
  expect(said({ prediction_type: "v" })).toEqual({ prediction: "v" });
  expect(said({ zero_terminal_snr: false })).toEqual({ zeroTerminalSnr: false });
  expect(said({ prediction_type: "eps", zero_terminal_snr: true })).toEqual({
    prediction: "eps",
    zeroTerminalSnr: true,
  });
});

test("the modes: steps, overrides and their own LoRA, last and with its weight", () => {
  const { recipe } = resolve({ performance_selection: "Lightning", loras: [slot("a.safetensors", 0.5)] });
  expect(recipe).toMatchObject({
    steps: 4,
    sampler: "euler",
    schedule: "sgm_uniform",
    guidance: { cfg: 1, sharpness: 0, adaptiveCfg: 1, admPositive: 1, admNegative: 1, admEnd: 0 },
    loras: [
      { name: "a.safetensors", weight: 0.5 },
      { name: "sdxl_lightning_4step_lora.safetensors", weight: 1 },
    ],
  });
  expect(resolve({ performance_selection: "Quality" }).recipe).toMatchObject({ steps: 60, loras: [] });
  expect(resolve({ performance_selection: "Lightning", overwrite_step: 9 }).recipe.steps).toBe(9);
});

test("a checkpoint's own LoRA for a mode wins; one that is missing refuses the request, by name", () => {
  const demo = { base_model_name: "demo.safetensors", performance_selection: "Hyper-SD" } as const;
  expect(refusal(demo)).toMatchObject({ code: "missing-model", name: "demo-hyper-sd.safetensors" });
  const there = { ...world, loras: [...world.loras, "demo-hyper-sd.safetensors"] };
  expect(resolve(demo, there).recipe.loras).toEqual([{ name: "demo-hyper-sd.safetensors", weight: 0.8 }]);
});

test("seeds go up with the images and turn over at 2^63, unless told not to", () => {
  const last = 2n ** 63n - 1n;
  const seeds = (said: Partial<GenerateParams>) => resolve(said).recipe.images.map(({ seed }) => seed);
  expect(seeds({ image_seed: last, image_number: 3 })).toEqual([last, 0n, 1n]);
  expect(seeds({ image_seed: 7n, image_number: 2, disable_seed_increment: true })).toEqual([7n, 7n]);
});

test("tags in the prompt: unknown ones are noted, the request's own weight wins, five in all", () => {
  const prompt = "cat <lora:a:0.3>, <lora:b:0.4>, <lora:b:0.4>, <lora:nobody:1>";
  const { recipe, warnings } = resolve({ prompt, loras: [slot("a.safetensors", 0.9)] });
  expect(recipe.loras).toEqual([
    { name: "a.safetensors", weight: 0.9 },
    { name: "sub/b.safetensors", weight: 0.4 },
  ]);
  expect(recipe.images[0]?.positive.texts).toEqual(["cat"]);
  expect(warnings).toEqual([
    "There is no LoRA called nobody; its tag in the prompt was dropped.",
    "loras has a already, and its weight is the one that counts; the tag in the prompt was dropped.",
    "The prompt names b with the same weight more than once; it counts once.",
  ]);
  const weights = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
  const many = resolve({ prompt: `x ${weights.map((weight) => `<lora:c:${weight}>`).join(", ")}` });
  expect(many.recipe.loras.map(({ weight }) => weight)).toEqual(weights.slice(0, 5));
  expect(many.warnings).toEqual([
    "Only the first 5 LoRAs are used where the prompt names some, as in Fooocus; left out: c.safetensors (0.6).",
  ]);
});

test("a tag cannot name the mode's own LoRA", () => {
  const prompt = "cat <lora:sdxl_lightning_4step_lora:0.2>";
  const { recipe, warnings } = resolve({ prompt, performance_selection: "Lightning" });
  expect(recipe.loras).toEqual([{ name: "sdxl_lightning_4step_lora.safetensors", weight: 1 }]);
  expect(warnings).toEqual([
    "The performance mode brings sdxl_lightning_4step_lora itself, at its own weight; the tag in the prompt was dropped.",
  ]);
});

test("what looks like a tag and is drawn as text is told, wherever it stands", () => {
  const told = (said: Partial<GenerateParams>) => resolve(said).warnings.join();
  const places: readonly (readonly [string, Partial<GenerateParams>])[] = [
    ["<lora:c:nan>", { prompt: "cat <lora:c:nan>" }],
    ["<lora:c>", { prompt: "cat <lora:c>" }],
    ["<LoRA:c:1>", { prompt: "cat <LoRA:c:1>" }],
    ["<lora:c:1", { prompt: "cat <lora:c:1" }],
    ["<lora:c:1>", { prompt: "cat\n<lora:c:1>" }],
    ["<lora:c:1>", { prompt: "cat", negative_prompt: "dog <lora:c:1>" }],
    ["<lora:c:x>, <lora:c:y>", { prompt: "cat <lora:c:x> <lora:c:x>", negative_prompt: "<lora:c:y>" }],
  ];
  for (const [tag, said] of places)
    expect(told(said)).toStartWith(`Drawn as text: ${tag}. A LoRA's tag is <lora:name:weight>`);
  for (const prompt of ["cat <lora:c:0.5>", "cat <lore:c>", "cat < lora"]) expect(told({ prompt })).toBe("");
});

test("a sampler or schedule that nobody knows is refused in the modes that bring their own, too", () => {
  for (const field of ["sampler_name", "scheduler_name"] as const)
    expect(refusal({ performance_selection: "Lightning", [field]: "eular" })).toMatchObject({ field });
});

// The second blank before "dog" is the reference's: the line's commas are respaced, elements of arrays keep their blanks.
test("prompts of each image: wildcards in order, arrays, styles; texts stay apart", () => {
  const { recipe } = resolve({
    prompt: "__color__ [[cat,dog]]\nmore",
    negative_prompt: "ugly",
    style_selections: ["Wrap", "Plain"],
    read_wildcards_in_order: true,
    image_number: 2,
  });
  expect(recipe.images.map(({ positive }) => positive)).toEqual([
    { texts: ["photo of red cat", "fine", "more"], topK: 3 },
    { texts: ["photo of green  dog", "fine", "more"], topK: 3 },
  ]);
  expect(recipe.images[0]?.negative).toEqual({ texts: ["blurry", "ugly"], topK: 2 });
});

test("the same request gives the same recipe, dice and all", () => {
  const said = { prompt: "__color__ __color__", style_selections: ["Random Style"], image_number: 4 };
  expect(resolve(said)).toEqual(resolve(said));
});

test("FreeU is off, or has the four numbers of the request", () => {
  const numbers = { freeu_b1: 1.3, freeu_b2: 1.4, freeu_s1: 0.9, freeu_s2: 0.2 };
  expect(resolve({ ...numbers }).recipe.freeU).toBeNull();
  expect(resolve({ ...numbers, freeu_enabled: true }).recipe.freeU).toEqual({
    b1: 1.3,
    b2: 1.4,
    s1: 0.9,
    s2: 0.2,
  });
});

test("sizes: stored or typed, single sides overwritten", () => {
  expect(resolve({ aspect_ratios_selection: "704×1408 | 1:2" }).recipe.size).toEqual({
    width: 704,
    height: 1408,
  });
  const size = resolve({ aspect_ratios_selection: "704*1408", overwrite_width: 333 }).recipe.size;
  expect(size).toEqual({ width: 333, height: 1408 });
});

describe("refused, each naming its field", () => {
  const image = "data:image/png;base64,AA==";
  const cases: readonly (readonly [string, string, Partial<GenerateParams>])[] = [
    ["unknown-model", "base_model_name", { base_model_name: "bass.safetensors" }],
    ["unknown-model", "loras.1.model_name", { loras: [slot("None"), slot("z.safetensors")] }],
    ["unknown-model", "style_selections", { style_selections: ["Rap"] }],
    ["unknown-model", "vae_name", { vae_name: "hard.safetensors" }],
    ["unknown-model", "sampler_name", { sampler_name: "eular" }],
    ["unknown-model", "refiner_model_name", { refiner_model_name: "refine.safetensors" }],
    ["invalid-value", "enhance_checkbox", { enhance_input_image: image }],
    ["missing-model", "black_out_nsfw", { black_out_nsfw: true }],
    ["invalid-value", "aspect_ratios_selection", { aspect_ratios_selection: "wide" }],
    ["invalid-value", "overwrite_width", { overwrite_width: 16 }],
    ["invalid-value", "overwrite_height", { overwrite_height: 63 }],
    ["invalid-value", "aspect_ratios_selection", { aspect_ratios_selection: "64*63", overwrite_width: 64 }],
    ["invalid-value", "overwrite_step", { overwrite_step: 1001 }],
    ["invalid-value", "prompt", { prompt: "a (cat:1e300)" }],
    ["invalid-value", "prompt", { prompt: `a <lora:demo:${"9".repeat(400)}>` }],
    ["invalid-value", "negative_prompt", { negative_prompt: "(dog:-1e99)" }],
  ];
  for (const [code, field, said] of cases) {
    test(`${code}: ${field} ${JSON.stringify(Object.values(said)[0])}`, () => {
      expect(refusal(said)).toMatchObject({ code, field });
    });
  }

  test("the nearest names are told", () => {
    expect(String(refusal({ base_model_name: "bass.safetensors" })["message"])).toContain("base.safetensors");
  });
});

test("values that stand at their default use nothing", () => {
  expect(resolve({ uov_input_image: "None", refiner_model_name: "base.safetensors" }).warnings).toEqual([]);
});

test("a refiner that the run ends before is told, with the step and the number of steps", () => {
  const told = (said: Partial<GenerateParams>): readonly string[] =>
    resolve({ refiner_model_name: "demo.safetensors", ...said }).warnings;
  expect(told({ overwrite_step: 15 })).toEqual([
    "The refiner demo.safetensors draws no step: it takes over at step 15, and 15 are made. Ask for more steps, for an earlier switch (overwrite_switch), or for no refiner.",
  ]);
  expect(told({ overwrite_step: 16 })).toEqual([]);
  expect(told({ overwrite_step: 6, overwrite_switch: 3 })).toEqual([]);
  expect(told({ refiner_model_name: "None", overwrite_step: 6, refiner_swap_method: "vae" })).toEqual([]);
});

test("a refiner takes over at a step of the mode's own; distilled modes have none", () => {
  const refiner = (said: Partial<GenerateParams>) => resolve(said).recipe.refiner;
  expect(refiner({})).toBeNull();
  expect(refiner({ refiner_model_name: "base.safetensors" })).toBeNull();
  const other = { refiner_model_name: "demo.safetensors" };
  expect(refiner(other)).toEqual({ name: "demo.safetensors", swap: "joint", at: 15 });
  // Rounded half to even: 10.5 is 10; by the mode's 30 steps, whatever overwrites them.
  const at = { ...other, refiner_switch: 0.35, overwrite_step: 12 };
  expect(refiner({ ...at, refiner_swap_method: "separate" })).toMatchObject({ swap: "separate", at: 10 });
  expect(refiner({ ...at, overwrite_switch: 7, refiner_swap_method: "vae" })).toMatchObject({
    swap: "vae",
    at: 7,
  });
  expect(refiner({ ...other, performance_selection: "Quality", refiner_switch: 0.8 })).toMatchObject({
    at: 48,
  });
});

test("where nothing takes over, the methods other than joint cut the run in two all the same", () => {
  const refiner = (said: Partial<GenerateParams>) => resolve(said).recipe.refiner;
  expect(refiner({ refiner_swap_method: "separate" })).toEqual({ name: null, swap: "separate", at: 15 });
  const lightning = { performance_selection: "Lightning", refiner_model_name: "demo.safetensors" } as const;
  expect(refiner(lightning)).toBeNull();
  expect(refiner({ ...lightning, refiner_swap_method: "vae" })).toEqual({ name: null, swap: "vae", at: 4 });
});

test("names that the contract leaves unchecked are checked, with those that are near", () => {
  for (const [field, name, near] of [
    ["inpaint_engine", "v2", "v2.6"],
    ["refiner_swap_method", "joined", "joint"],
  ] as const) {
    const { code, message, field: where } = refusal({ [field]: name });
    expect([code, where]).toEqual(["unknown-model", field]);
    expect(message).toContain(near);
  }
});

test("a request about an image that it does not bring is refused", () => {
  for (const tab of ["inpaint", "enhance"])
    expect(refusal({ current_tab: tab })).toMatchObject({ code: "invalid-value", field: "current_tab" });
  for (const tab of ["uov", "ip", "anything"]) expect(resolve({ current_tab: tab }).warnings).toEqual([]);
});

test("a textual inversion is found by its name, and one that is not there is refused with the nearest names", () => {
  const there = { ...world, inversions: ["sub/cute.pt", "bad-hands.safetensors", "cute.bin"] };
  const { recipe, inversionFields } = resolve(
    {
      prompt: "a cat, embedding:cute, soft",
      negative_prompt: "(embedding:bad-hands:1.2) embedding:sub/cute",
    },
    there,
  );
  expect(recipe.inversions).toEqual([
    { said: "cute", name: "cute.bin" },
    { said: "bad-hands", name: "bad-hands.safetensors" },
    { said: "sub/cute", name: "sub/cute.pt" },
  ]);
  expect(inversionFields).toEqual(["prompt", "negative_prompt", "negative_prompt"]);
  expect(resolve({}, there).recipe.inversions).toBeUndefined();
  const refused = refusal({ negative_prompt: "(embedding:bad-hand:1.2)" }, there);
  expect(refused).toMatchObject({
    code: "unknown-model",
    field: "negative_prompt",
    value: "embedding:bad-hand",
  });
  expect(refused["near"]).toContain("bad-hands.safetensors");
  expect(refusal({ prompt: "a cat, embedding:cute" })).toMatchObject({
    code: "unknown-model",
    field: "prompt",
    value: "embedding:cute",
  });
  const unreadable = (_kind: string, name: string) => (name === "old.pt" ? "it is empty" : undefined);
  expect(refusal({ prompt: "embedding:old" }, { ...there, unreadable })["message"]).toStartWith(
    'The textual inversion "old" cannot be read: it is empty.',
  );
  const said = { negative_prompt: "embedding:bad", performance_selection: "Lightning" } as const;
  expect(resolve(said).recipe.steps).toBe(4);
  expect(resolve({ prompt: "word embedding: a picture" }).recipe.images).toHaveLength(1);
  expect(refusal({ negative_prompt: "a cat,embedding:cute" }, there)).toMatchObject({
    code: "invalid-value",
    field: "negative_prompt",
    value: "cat,embedding:cute",
  });
});

test("a prompt is expanded where the style says so, its files are there and there is a prompt", () => {
  const expand = (prompt: string, lacks: readonly string[] | undefined, styles = ["Fooocus V2"]) =>
    resolve(
      { prompt, style_selections: styles, image_number: 2 },
      {
        ...world,
        ...(lacks === undefined ? {} : { expansion: { model: "e/m.bin", lacks } }),
      },
    ).recipe.images.map((spec) => spec.expand);
  expect(expand("a [[red,blue]] cat", [])).toEqual(["a red cat", "a  blue cat"]);
  expect(expand("a cat", [], ["Wrap", "Fooocus V2"])).toEqual(["a cat", "a cat"]);
  expect(expand("a cat", [], ["Wrap"])).toEqual([undefined, undefined]);
  expect(expand("a cat", ["merges.txt"])).toEqual([undefined, undefined]);
  expect(expand("a cat", undefined)).toEqual([undefined, undefined]);
  expect(expand(" , ", [])).toEqual([undefined, undefined]);
  expect(expand("<lora:a:1>", [])).toEqual(["", ""]);
});

test("previews are coloured as the checkpoint says, else as SDXL's, or not made", () => {
  expect(resolve().recipe.previews).toEqual({ by: "colours", colours: sdxlLatentColours });
  expect(resolve({ base_model_name: "demo.safetensors" }).recipe.previews).toEqual({
    by: "colours",
    colours: demoColours,
  });
  expect(resolve({ disable_preview: true }).recipe.previews).toBeNull();
});
