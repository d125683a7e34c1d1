import { describe, expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import { AppError } from "#/lib/errors.ts";
import type { Pass } from "#/recipe/enhancement.ts";
import { readKeptRecipe, writeKeptRecipe } from "#/recipe/kept-recipe.ts";
import { allPasses, passResolved } from "#/recipe/pass-resolved.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { plainParams, plainWorld } from "../../support/plain-request.ts";
import { region } from "../../support/regions.ts";

const world: World = {
  ...plainWorld,
  loras: ["a.safetensors", "sdxl_lightning_4step_lora.safetensors"],
  styles: [{ name: "Wrap", prompt: "photo of {prompt}", negative_prompt: "blurry" }],
  wildcards: (name) => (name === "color" ? ["red", "green", "blue"] : undefined),
  mattes: ["u2net", "u2netp", "u2net_cloth_seg"],
  inpaintFiles: ["fooocus_inpaint_head.pth", "inpaint_v26.fooocus.patch"],
  upscalers: {
    files: ["fooocus_upscaler_s409985e5.bin"],
    rule: { named: "", without: "refuse" },
  },
  pictureSize: () => ({ width: 512, height: 512 }),
};

const resolve = (said: Partial<GenerateParams> = {}, there = world) =>
  resolveRecipe(
    { ...plainParams, prompt: "a cat", negative_prompt: "bad", enhance_checkbox: true, ...said },
    there,
  );

const plan = (said: Partial<GenerateParams> = {}, there = world): readonly (readonly Pass[])[] =>
  resolve(said, there).recipe.enhance?.pictures.map(({ passes }) => passes) ?? [];

function refusal(said: Partial<GenerateParams>, there = world): Record<string, unknown> {
  try {
    resolve(said, there);
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message, ...error.details };
    throw error;
  }
  throw new Error("nothing was refused");
}

const textsOf = ({ run }: Pass): string => run.images[0]?.positive.texts.join(" | ") ?? "";
const given = "http://127.0.0.1/inputs/picture.png";

test("nothing is planned where nothing is asked for: the box is off, or on with nothing enabled", () => {
  for (const said of [
    { enhance_checkbox: false, enhance_ctrls: [region({ enhance_enabled: true })] },
    {},
    { enhance_ctrls: [region({ enhance_enabled: false })] },
  ])
    expect(resolve(said).recipe.enhance).toBeUndefined();
});

test("a picture that nothing would be done with is refused, with the field that would", () => {
  expect(refusal({ enhance_input_image: given, enhance_checkbox: false })).toMatchObject({
    code: "invalid-value",
    field: "enhance_checkbox",
  });
  expect(refusal({ enhance_input_image: given })).toMatchObject({
    code: "invalid-value",
    field: "enhance_ctrls",
  });
});

test("regions come in their order, and what varies the picture before or after all of them", () => {
  const said: Partial<GenerateParams> = {
    enhance_ctrls: [
      region({ enhance_prompt: "eyes" }),
      region({ enhance_enabled: false }),
      region({ enhance_prompt: "hands" }),
    ],
    enhance_uov_method: "Vary (Subtle)",
  };
  const shapes = (passes: readonly Pass[] = []) =>
    passes.map((pass) => [pass.kind, pass.kind === "region" ? pass.region : pass.run.source.kind]);
  expect(shapes(plan(said)[0])).toEqual([
    ["whole", "vary"],
    ["region", 0],
    ["region", 2],
  ]);
  expect(shapes(plan({ ...said, enhance_uov_processing_order: "After Last Enhancement" })[0])).toEqual([
    ["region", 0],
    ["region", 2],
    ["whole", "vary"],
  ]);
});

describe("texts of passes", () => {
  test("a region has its own prompts, or the task's where its own are nothing once they are cleaned", () => {
    const [passes = []] = plan({
      style_selections: ["Wrap"],
      enhance_ctrls: [
        region({ enhance_prompt: "eyes", enhance_negative_prompt: "closed" }),
        region({ enhance_prompt: " ,. \n" }),
      ],
    });
    expect(passes.map(textsOf)).toEqual(["photo of eyes", "photo of a cat"]);
    expect(passes.map(({ run }) => run.images[0]?.negative.texts)).toEqual([
      ["blurry", "closed"],
      ["blurry", "bad"],
    ]);
  });

  test("the last pass has the task's prompts, or those of the last region that has some", () => {
    const said: Partial<GenerateParams> = {
      enhance_ctrls: [
        region({ enhance_prompt: "eyes", enhance_negative_prompt: "closed" }),
        region({ enhance_prompt: "hands" }),
        region({}),
      ],
      enhance_uov_method: "Vary (Strong)",
      enhance_uov_processing_order: "After Last Enhancement",
    };
    const last = (more: Partial<GenerateParams> = {}) => plan({ ...said, ...more })[0]?.at(-1)?.run.images[0];
    expect(last()).toMatchObject({ positive: { texts: ["a cat"] }, negative: { texts: ["bad"] } });
    const filled = { enhance_uov_prompt_type: "Last Filled Enhancement Prompts" };
    expect(last(filled)).toMatchObject({ positive: { texts: ["hands"] }, negative: { texts: ["closed"] } });
  });

  test("every picture's passes have its own wildcards and arrays, and all have the task's base seed", () => {
    const { recipe, passes: told } = resolve({
      prompt: "[[cat, dog]] outside, __color__",
      image_number: 2,
      read_wildcards_in_order: true,
      enhance_uov_method: "Upscale (1.5x)",
    });
    const pictures = recipe.enhance?.pictures ?? [];
    expect(pictures.map(({ passes }) => passes.map(textsOf))).toEqual([
      ["cat outside, red"],
      [" dog outside, green"],
    ]);
    expect(recipe.images.map(({ positive }) => positive.texts[0])).toEqual([
      "cat outside, red",
      " dog outside, green",
    ]);
    expect(recipe.images.map(({ seed }) => seed)).toEqual([5n, 6n]);
    expect(pictures.flatMap(({ passes }) => passes.map(({ run }) => run.images[0]?.seed))).toEqual([5n, 5n]);
    expect(told?.map(([one]) => one?.written.prompt)).toEqual(["cat outside, red", " dog outside, green"]);
  });

  test("a LoRA that only a region's prompt names is that pass's alone", () => {
    const [passes = []] = plan({
      enhance_ctrls: [region({ enhance_prompt: "eyes, <lora:a:0.5>" }), region({})],
    });
    expect(passes.map(({ run }) => run.loras)).toEqual([[{ name: "a.safetensors", weight: 0.5 }], []]);
  });
});

test("a region's settings have their places in its pass, and an engine its head and its patch to the end", () => {
  const [passes = []] = plan({
    enhance_ctrls: [
      region({
        enhance_inpaint_engine: "v2.6",
        enhance_inpaint_strength: 0.5,
        enhance_inpaint_respective_field: 0.25,
        enhance_inpaint_erode_or_dilate: -3.7,
        enhance_mask_invert: true,
      }),
    ],
    inpaint_strength: 1,
    inpaint_erode_or_dilate: 9,
    inpaint_disable_initial_latent: true,
  });
  expect(passes[0]).toMatchObject({
    kind: "region",
    mask: { by: "matte", model: "u2net" },
    grow: -3,
    invert: true,
    run: {
      steps: 30,
      patch: "inpaint_v26.fooocus.patch",
      refiner: null,
      source: {
        kind: "inpaint",
        picture: 0,
        mask: 1,
        grow: 0,
        invert: false,
        outpaint: {},
        field: 0.25,
        strength: 0.5,
        startEmpty: false,
        show: "result",
      },
    },
  });
  expect(passes[0]?.run.parts).toContainEqual({ kind: "inpaint", name: "fooocus_inpaint_head.pth" });
  const cut = plan({
    enhance_ctrls: [region({ enhance_inpaint_engine: "v2.6" })],
    refiner_swap_method: "separate",
    refiner_switch: 0.5,
  })[0]?.[0]?.run.refiner;
  expect(cut).toEqual({ name: null, swap: "separate", at: 15, keepsPatch: true });
});

test("behind a picture that was painted in with an engine, a pass drops its patch where that did", () => {
  const said: Partial<GenerateParams> = {
    inpaint_input_image: given,
    inpaint_mask_image_upload: given,
    inpaint_additional_prompt: "a hat",
    current_tab: "inpaint",
    enhance_ctrls: [region({ enhance_inpaint_engine: "v2.6" }), region({})],
  };
  const [passes = []] = plan(said);
  expect(passes.map(({ run }) => run.refiner)).toEqual([{ name: null, swap: "joint", at: 24 }, null]);
  expect(passes.map(textsOf)).toEqual(["a hat | a cat", "a hat | a cat"]);
});

test("each pass is of the size that the ones before left, and what is enlarged too far is not diffused", () => {
  const [passes = []] = plan({
    overwrite_width: 1024,
    overwrite_height: 768,
    enhance_uov_method: "Upscale (2x)",
    enhance_ctrls: [region({})],
  });
  expect(passes[0]?.run).toMatchObject({
    steps: 18,
    size: { width: 2048, height: 1536 },
    source: { kind: "upscale", direct: false },
    parts: [{ kind: "upscale_models", name: "fooocus_upscaler_s409985e5.bin" }],
  });
  const far = resolve(
    { enhance_input_image: given, enhance_uov_method: "Upscale (2x)" },
    {
      ...world,
      pictureSize: () => ({ width: 1500, height: 1500 }),
    },
  );
  expect(far.recipe.enhance?.pictures[0]?.passes[0]?.run).toMatchObject({
    steps: 0,
    size: { width: 3000, height: 3000 },
    source: { direct: true },
  });
  expect(far.warnings.join(" ")).toContain("above 2800 nothing is diffused");
});

test("a picture that was given takes the place of all images, and the request's other pictures have no part", () => {
  const { recipe, inputFields } = resolve({
    enhance_input_image: given,
    uov_input_image: given,
    uov_method: "Vary (Strong)",
    image_number: 4,
    enhance_ctrls: [region({})],
  });
  expect(recipe.images).toEqual([]);
  expect(inputFields).toEqual(["enhance_input_image"]);
  expect(recipe.enhance?.pictures).toMatchObject([{ from: { kind: "given", picture: 0 }, done: 0 }]);
});

describe("refused before anything runs, in the words of the request", () => {
  const cases: readonly (readonly [string, Partial<GenerateParams>, Record<string, unknown>])[] = [
    [
      "a mask's file",
      { enhance_ctrls: [region({}), region({ enhance_mask_model: "silueta" })] },
      { code: "missing-model", field: "enhance_ctrls.1.enhance_mask_model", name: "silueta.onnx" },
    ],
    [
      "a class of clothes",
      {
        enhance_ctrls: [
          region({ enhance_mask_model: "u2net_cloth_seg", enhance_mask_cloth_category: "Full" }),
        ],
      },
      { field: "enhance_ctrls.0.enhance_mask_cloth_category", value: "Full" },
    ],
    [
      "an engine",
      { enhance_ctrls: [region({ enhance_inpaint_engine: "v1" })] },
      { code: "missing-model", field: "enhance_ctrls.0.enhance_inpaint_engine" },
    ],
    [
      "an engine nobody knows",
      { enhance_ctrls: [region({ enhance_inpaint_engine: "v3" })] },
      { code: "unknown-model", field: "enhance_ctrls.0.enhance_inpaint_engine", value: "v3" },
    ],
    [
      "a strength",
      { enhance_ctrls: [region({ enhance_inpaint_strength: 0 })] },
      { field: "enhance_ctrls.0.enhance_inpaint_strength" },
    ],
    [
      "an order",
      { enhance_uov_method: "Vary (Subtle)", enhance_uov_processing_order: "Never" },
      { field: "enhance_uov_processing_order", value: "Never" },
    ],
    [
      "a type of prompts",
      { enhance_uov_method: "Vary (Subtle)", enhance_uov_prompt_type: "Mine" },
      { field: "enhance_uov_prompt_type" },
    ],
    [
      "a region's prompt",
      { enhance_ctrls: [region({ enhance_prompt: "a ".repeat(130_000) })] },
      { field: "enhance_ctrls.0.enhance_prompt" },
    ],
  ];
  for (const [what, said, told] of cases)
    test(what, () => {
      expect(refusal(said)).toMatchObject(told);
    });

  test("the sentence names the request's field, too", () => {
    expect(refusal({ enhance_ctrls: [region({ enhance_inpaint_strength: 0 })] }).message).toContain(
      "enhance_ctrls.0.enhance_inpaint_strength 0 would change nothing",
    );
  });

  test("an upscaler", () => {
    const none = { files: [], rule: { named: "", without: "refuse" } } as const;
    const { upscalers: _, ...rest } = world;
    expect(refusal({ enhance_uov_method: "Upscale (1.5x)" }, { ...rest, upscalers: none })).toMatchObject({
      code: "missing-model",
      field: "enhance_uov_method",
    });
  });
});

test("what is enlarged alone, or shown as it is prepared, is not enhanced, and the record says so", () => {
  const { recipe, warnings } = resolve({
    uov_input_image: given,
    uov_method: "Upscale (Fast 2x)",
    enhance_ctrls: [region({})],
  });
  expect(recipe.enhance).toBeUndefined();
  expect(warnings.join(" ")).toContain("enhance_checkbox took no part");
});

test("a pass as a recipe of its own has the task's method and nothing else that guides its pictures", () => {
  const resolved = resolve({ enhance_ctrls: [region({ enhance_prompt: "eyes" })], freeu_enabled: true });
  const [pass] = resolved.recipe.enhance?.pictures[0]?.passes ?? [];
  if (pass === undefined) throw new Error("there is no pass");
  const own = pass.run;
  expect([own.base, own.freeU, own.guidance, own.sampler]).toEqual([
    resolved.recipe.base,
    resolved.recipe.freeU,
    resolved.recipe.guidance,
    resolved.recipe.sampler,
  ]);
  expect(own.controls).toBeUndefined();
  expect(own.freeU).not.toBeNull();
  expect(passResolved(resolved, { picture: 0, pass: 0 }).written[0]?.prompt).toBe("eyes");
  expect(allPasses(resolved).length).toBe(1);
});

test("a plan is kept with its recipe, to its last digit", () => {
  const resolved = resolve({
    image_number: 2,
    enhance_ctrls: [region({ enhance_prompt: "eyes" })],
    enhance_uov_method: "Vary (Subtle)",
  });
  expect(readKeptRecipe(writeKeptRecipe(resolved))).toEqual({ kind: "kept", resolved });
});
