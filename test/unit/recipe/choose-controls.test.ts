import { expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import { controlFileNames } from "#/catalog/control-files.ts";
import { controlSlots } from "#/recipe/control-slots.ts";
import { pictureWarnings } from "#/recipe/picture-warnings.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { plainParams, plainWorld } from "../../support/plain-request.ts";

type Slot = GenerateParams["controlnet_image"][number];
const address = (digit: string): string => `http://a.test/inputs/${digit.repeat(64)}.png`;
const slot = (digit: string, said: Partial<Slot> = {}): Slot => ({
  cn_img: address(digit),
  cn_stop: 0.5,
  cn_weight: 1,
  cn_type: "PyraCanny",
  ...said,
});
const world: World = { ...plainWorld, controlFiles: Object.values(controlFileNames) };
const params = (said: Partial<GenerateParams>): GenerateParams => ({
  ...plainParams,
  refiner_model_name: "None",
  ...said,
});
const resolved = (said: Partial<GenerateParams>, there = world) => resolveRecipe(params(said), there);
const [canny, cpds] = [controlFileNames.canny, controlFileNames.cpds];

test("each slot with its picture, weight and end; edges first, each file once, with the field that asks for it", () => {
  const { recipe, partFields, inputFields } = resolved({
    controlnet_image: [
      slot("a", { cn_type: "CPDS", cn_weight: 0.5, cn_stop: 1 }),
      slot("b"),
      slot("c", { cn_weight: 2 }),
      slot("d", { cn_img: null }),
    ],
    controlnet_softness: 0.75,
    canny_low_threshold: 30,
  });
  expect(recipe.controls).toEqual({
    uses: [
      { kind: "canny", picture: 1, net: 0, weight: 1, stop: 0.5 },
      { kind: "canny", picture: 2, net: 0, weight: 2, stop: 0.5 },
      { kind: "cpds", picture: 0, net: 1, weight: 0.5, stop: 1 },
    ],
    show: "result",
    softness: 0.75,
    prepare: true,
    canny: { low: 30, high: 128 },
  });
  expect(recipe.parts).toEqual([
    { kind: "controlnet", name: canny },
    { kind: "controlnet", name: cpds },
  ]);
  expect(partFields).toEqual(["controlnet_image.1.cn_type", "controlnet_image.0.cn_type"]);
  expect(inputFields).toEqual([0, 1, 2].map((at) => `controlnet_image.${at}.cn_img`));
});

test("what a slot leaves open is its type's recommended pair", () => {
  const open = { cn_stop: null, cn_weight: null };
  const found = controlSlots(
    params({ controlnet_image: [slot("a", open), slot("b", { ...open, cn_type: "FaceSwap" })] }),
  );
  expect(found.map(({ stop, weight }) => [stop, weight])).toEqual([
    [0.5, 1],
    [0.9, 0.75],
  ]);
});

test("weight 0 and stop 0 are the recipe without the picture, of every type, and warnings say so", () => {
  const off = [
    slot("a", { cn_weight: 0, cn_type: "ImagePrompt" }),
    slot("b", { cn_stop: 0, cn_type: "CPDS" }),
  ];
  expect(resolved({ controlnet_image: off }, plainWorld).recipe).toEqual(resolved({}, plainWorld).recipe);
  expect(pictureWarnings(params({ controlnet_image: off }))).toEqual([
    "controlnet_image.0.cn_img took no part: its cn_weight is 0.",
    "controlnet_image.1.cn_img took no part: its cn_stop is 0.",
  ]);
});

test("a file that is not there is refused by its name and folder, and with where it comes from", () => {
  const refused = () =>
    resolved({ controlnet_image: [slot("a", { cn_type: "CPDS" })] }, { ...world, controlFiles: [canny] });
  expect(refused).toThrow(
    "CPDS needs fooocus_xl_cpds_128.safetensors (396 MB) in models/controlnet, which is not there. Get it from https://huggingface.co/",
  );
  try {
    refused();
  } catch (thrown) {
    expect(thrown).toMatchObject({
      code: "missing-model",
      details: { field: "controlnet_image.0.cn_type", value: "CPDS", name: cpds },
    });
  }
});

test("with debugging_cn_preprocessor preparations are all that is made, without files, and one of each", () => {
  const { recipe, warnings } = resolved(
    { controlnet_image: [slot("a", { cn_weight: 0 })], debugging_cn_preprocessor: true, image_number: 3 },
    plainWorld,
  );
  expect(recipe.controls).toMatchObject({ show: "preparation", uses: [{ kind: "canny", picture: 0 }] });
  expect([recipe.steps, recipe.images.length, recipe.parts]).toEqual([0, 1, undefined]);
  expect(warnings.join(" ")).toContain("image_number 3 was not used");
});

test("what is enlarged without diffusion is guided by nothing, and says so", () => {
  const { recipe, warnings } = resolved(
    {
      controlnet_image: [slot("a")],
      uov_input_image: address("b"),
      uov_method: "Upscale (Fast 2x)",
      mixing_image_prompt_and_vary_upscale: true,
    },
    {
      ...plainWorld,
      pictureSize: () => ({ width: 600, height: 600 }),
      upscalers: { files: ["a.pth"], rule: { named: "a.pth", without: "refuse" } },
    },
  );
  expect(recipe.controls).toBeUndefined();
  expect(warnings.join(" ")).toContain("controlnet_image.0.cn_img took no part");
});

test("thresholds the wrong way round are taken the other way, with a word; none where no edges are drawn", () => {
  const turned = { canny_low_threshold: 200, canny_high_threshold: 100 };
  const said = (more: Partial<GenerateParams>) => resolved({ ...turned, ...more }).warnings.join(" ");
  expect(said({ controlnet_image: [slot("a")] })).toContain("canny_low_threshold 200 is above");
  expect(said({ controlnet_image: [slot("a")], skipping_cn_preprocessor: true })).toBe("");
  expect(said({ controlnet_image: [slot("a", { cn_type: "CPDS" })] })).toBe("");
});

test("with both switches, painting anew leaves nothing of enlarging: steps, size and what is begun with are its own", () => {
  const both = {
    controlnet_image: [slot("a")],
    mixing_image_prompt_and_vary_upscale: true,
    mixing_image_prompt_and_inpaint: true,
    uov_input_image: address("b"),
    inpaint_input_image: address("c"),
    outpaint_selections: ["Left"],
    inpaint_disable_initial_latent: true,
    inpaint_engine: "None",
  } satisfies Partial<GenerateParams>;
  const alone = resolved({ ...both, uov_input_image: null, uov_method: "Disabled" }).recipe;
  expect(alone.source).toMatchObject({ kind: "inpaint", startEmpty: true });
  for (const uov_method of ["Upscale (2x)", "Vary (Subtle)"] as const)
    expect(resolved({ ...both, uov_method }).recipe).toEqual(alone);
});
