import { expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import { withEngineThere } from "#/recipe/inpaint-engine.ts";
import { resolveRecipe } from "#/recipe/resolve.ts";
import { plainParams, plainWorld } from "../../support/plain-request.ts";

const address = (digit: string): string => `http://127.0.0.1:7866/inputs/${digit.repeat(64)}.png`;
const pictures = { inpaint_input_image: address("a"), inpaint_mask_image_upload: address("b") };
const head = "fooocus_inpaint_head.pth";
const patches = ["inpaint.fooocus.patch", "inpaint_v25.fooocus.patch", "inpaint_v26.fooocus.patch"];
const world = {
  ...plainWorld,
  checkpoints: ["base.safetensors", "other.safetensors"],
  inpaintFiles: [head, ...patches],
};

const resolved = (said: Partial<GenerateParams>, there = world) =>
  resolveRecipe(
    { ...plainParams, refiner_model_name: "None", inpaint_engine: "None", ...pictures, ...said },
    there,
  );
const source = (said: Partial<GenerateParams>) => resolved(said).recipe.source;

test("every field of inpainting has its place in the source", () => {
  expect(source({})).toEqual({
    kind: "inpaint",
    picture: 0,
    mask: 1,
    grow: 0,
    invert: false,
    outpaint: {},
    field: 0.618,
    strength: 1,
    startEmpty: false,
    working: 1024,
    enlarge: { by: "lanczos", tell: true },
    show: "result",
  });
  const said = source({
    inpaint_strength: 0.5,
    inpaint_respective_field: 0,
    inpaint_erode_or_dilate: -7,
    invert_mask_checkbox: true,
    debugging_inpaint_preprocessor: true,
  });
  expect(said).toMatchObject({ strength: 0.5, field: 0, grow: -7, invert: true, show: "preparation" });
  const other = { ...world, sidecar: () => ({ size_number: 256 }) };
  expect(resolved({}, other).recipe.source).toMatchObject({ working: 256 });
});

test("without a mask and a side, or beside another picture, nothing is painted anew", () => {
  expect(source({ inpaint_mask_image_upload: "None" })).toEqual({ kind: "noise" });
  const { recipe } = resolved({ inpaint_mask_image_upload: "None", inpaint_additional_prompt: "a hat" });
  expect(recipe.images[0]?.positive.texts.join()).not.toContain("a hat");
});

test("a picture that is continued is painted whole and at full strength; a distance that is said counts on a chosen side", () => {
  const outpaint = { outpaint_selections: ["Left", "Bottom"], outpaint_distance: [0, 50, 9, 40] } as const;
  const { recipe, warnings } = resolved({
    ...outpaint,
    outpaint_selections: [...outpaint.outpaint_selections],
    outpaint_distance: [...outpaint.outpaint_distance],
    inpaint_mask_image_upload: "None",
    inpaint_strength: 0.7,
    inpaint_respective_field: 0.2,
  });
  expect(recipe.source).toMatchObject({ outpaint: { left: null, bottom: 40 }, strength: 1, field: 1 });
  expect(recipe.source).not.toHaveProperty("mask");
  expect(warnings.join()).toContain("0.7 was not used");
});

test("no initial latent acts as full strength, and says so; strength 0 is refused", () => {
  const { recipe, warnings } = resolved({ inpaint_disable_initial_latent: true, inpaint_strength: 0.5 });
  expect(recipe.source).toMatchObject({ startEmpty: true, strength: 1 });
  expect(warnings.join()).toContain("inpaint_strength 0.5 was taken as 1");
  expect(() => source({ inpaint_strength: 0 })).toThrow("more than 0");
});

test("words for the place come first, and styles go around them; the prompt is a further line", () => {
  const { recipe, written } = resolved({ prompt: "a garden", inpaint_additional_prompt: "a red gate" });
  expect(recipe.images[0]?.positive.texts).toEqual(["a red gate", "a garden"]);
  expect(written[0]?.prompt).toBe("a red gate\na garden");
  expect(
    resolved({ prompt: "", inpaint_additional_prompt: "a gate" }).recipe.images[0]?.positive.texts,
  ).toEqual(["a gate"]);
});

test("UniPC asks past the mask, as in the reference, and the record says so", () => {
  expect(resolved({ sampler_name: "uni_pc" }).warnings.join()).toContain("uni_pc paints without looking");
  expect(resolved({ sampler_name: "euler" }).warnings).toEqual([]);
  expect(resolved({ sampler_name: "uni_pc", inpaint_mask_image_upload: "None" }).warnings).toEqual([]);
});

test("a small part is enlarged by the network that there is; having none is no reason to refuse", () => {
  const files = ["fooocus_upscaler_s409985e5.bin"];
  const there = { ...world, upscalers: { files, rule: { named: "", without: "refuse" } as const } };
  const { recipe, partFields } = resolved({}, there);
  expect(recipe.parts).toEqual([{ kind: "upscale_models", name: files[0]! }]);
  expect(partFields).toEqual(["inpaint_input_image"]);
  expect(recipe.source).toMatchObject({ enlarge: { by: "network", tell: false } });
  const demo = { ...there, upscalers: { ...there.upscalers, files: ["fooocusd-demo-upscaler.safetensors"] } };
  expect(resolved({}, demo).recipe.source).toMatchObject({ enlarge: { by: "network", tell: true } });
});

test("an engine is a head and a patch, and the base model takes over from it at four fifths", () => {
  for (const [engine, patch] of [
    ["v1", patches[0]],
    ["v2.5", patches[1]],
    ["v2.6", patches[2]],
  ] as const) {
    const { recipe, partFields } = resolved({ inpaint_engine: engine });
    expect([recipe.patch, recipe.parts]).toEqual([patch, [{ kind: "inpaint", name: head }]]);
    expect(partFields).toEqual(["inpaint_engine"]);
    expect(recipe.refiner).toEqual({ name: null, swap: "joint", at: 24 });
  }
  expect(resolved({}).recipe).not.toHaveProperty("patch");
  expect(resolved({}).recipe.refiner).toBeNull();
});

test("another refiner, or a step that is said, decides where the engine ends; a fast mode has four fifths too", () => {
  const engine = { inpaint_engine: "v2.6" };
  expect(
    resolved({ ...engine, refiner_model_name: "other.safetensors", refiner_switch: 0.5 }).recipe.refiner,
  ).toEqual({
    name: "other.safetensors",
    swap: "joint",
    at: 15,
  });
  expect(resolved({ ...engine, overwrite_switch: 7 }).recipe.refiner?.at).toBe(7);
  expect(resolved({ ...engine, refiner_swap_method: "vae" }).recipe.refiner).toMatchObject({
    swap: "vae",
    at: 24,
  });
  const fast = { ...world, loras: ["sdxl_lightning_4step_lora.safetensors"] };
  expect(resolved({ ...engine, performance_selection: "Lightning" }, fast).recipe.refiner).toMatchObject({
    at: 3,
  });
});

test("an engine whose files are not there is refused with what is missing, where from, and the way without", () => {
  const without = { ...world, inpaintFiles: [head] };
  const refused = () => resolved({ inpaint_engine: "v2.5" }, without);
  for (const words of [
    "inpaint_v25.fooocus.patch (2.58 GB)",
    "models/inpaint",
    "https://",
    'inpaint_engine: "None"',
  ])
    expect(refused).toThrow(words);
  expect(refused).not.toThrow(head);
});

test("who chose no engine paints without one where its files are missing, and is told; who chose one is not helped so", () => {
  const params = { ...plainParams, ...pictures };
  for (const said of [{}, { inpaint_engine: "v2.6" }]) {
    const found = withEngineThere(params, said, []);
    expect(found.params.inpaint_engine).toBe("None");
    expect(found.warnings.join()).toContain(
      `${head} (53 kB) and inpaint_v26.fooocus.patch (1.32 GB) are not in models/inpaint`,
    );
  }
  const chosen = { ...params, inpaint_engine: "v1" };
  expect(withEngineThere(chosen, { inpaint_engine: "v1" }, [])).toEqual({ params: chosen, warnings: [] });
  expect(withEngineThere(params, {}, [head, ...patches])).toEqual({ params, warnings: [] });
  expect(withEngineThere(plainParams, {}, [])).toEqual({ params: plainParams, warnings: [] });
});
