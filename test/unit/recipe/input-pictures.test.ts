import { expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import { fromStored, toStored } from "#/api/stored.ts";
import { inputPictures } from "#/recipe/input-pictures.ts";
import { resolveRecipe } from "#/recipe/resolve.ts";
import { plainParams, plainWorld } from "../../support/plain-request.ts";

const hash = (digit: string): string => `${digit.repeat(64)}.png`;
const address = (digit: string, base = "http://127.0.0.1:7866"): string => `${base}/inputs/${hash(digit)}`;
const slot = (cn_img: string | null) => ({ ...plainParams.controlnet_image[0]!, cn_img });
const picturesOf = (said: Partial<GenerateParams>) => inputPictures({ ...plainParams, ...said });

test("the pictures of a request, by field and name, each with a place of its own", () => {
  const found = picturesOf({
    uov_input_image: address("a", "https://draw.example/api"),
    uov_method: "Vary (Subtle)",
    inpaint_input_image: address("b"),
    inpaint_mask_image_upload: address("c"),
    mixing_image_prompt_and_inpaint: true,
    controlnet_image: [slot(null), slot(address("d", "http://[::1]:80"))],
  });
  expect(found).toEqual([
    { field: "inpaint_input_image", name: hash("b") },
    { field: "inpaint_mask_image_upload", name: hash("c") },
    { field: "controlnet_image.1.cn_img", name: hash("d") },
  ]);
});

test("a picture to vary is used where no other one comes first, or the switch lets both act", () => {
  const vary = { uov_input_image: address("a", "http://[::1]:80"), uov_method: "Vary (Subtle)" } as const;
  const control = { controlnet_image: [slot(address("d"))] };
  const names = (said: Partial<GenerateParams>) => picturesOf(said).map(({ field }) => field);
  expect(names(vary)).toEqual(["uov_input_image"]);
  expect(names({ ...vary, ...control })).toEqual(["controlnet_image.0.cn_img"]);
  expect(names({ ...vary, ...control, mixing_image_prompt_and_vary_upscale: true })).toEqual([
    "uov_input_image",
    "controlnet_image.0.cn_img",
  ]);
});

test("a picture that a request brings and does not use is not looked for", () => {
  const unused = { uov_input_image: address("a"), inpaint_mask_image_upload: address("c") };
  expect(picturesOf(unused)).toEqual([]);
  expect(resolveRecipe({ ...plainParams, ...unused, refiner_model_name: "None" }, plainWorld)).toMatchObject({
    inputFields: [],
    recipe: { inputs: [] },
  });
});

test("no spelling of no picture is one", () => {
  for (const none of ["", "None", "null", "string", null])
    expect(picturesOf({ inpaint_input_image: none, controlnet_image: [slot(none)] })).toEqual([]);
});

test("a request that was stored names the same pictures when it is read again", () => {
  const params = {
    ...plainParams,
    inpaint_input_image: address("b"),
    controlnet_image: [slot(address("d"))],
  };
  expect(inputPictures(fromStored(toStored(params)))).toEqual(inputPictures(params));
});

test("what was not taken in yet has no name, and keeps its place", () => {
  const raw = [
    "data:image/png;base64,iVBORw0KGgo/inputs/x",
    "iVBORw0KGgo/inputs/x",
    "http://elsewhere/a.png",
  ];
  for (const value of raw)
    expect(picturesOf({ inpaint_input_image: value, inpaint_mask_image_upload: address("b") })).toEqual([
      { field: "inpaint_input_image", name: "" },
      { field: "inpaint_mask_image_upload", name: hash("b") },
    ]);
});

test("a picture that is enhanced is named", () => {
  expect(picturesOf({ enhance_input_image: address("a") })).toEqual([
    { field: "enhance_input_image", name: hash("a") },
  ]);
});
