import { expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import { pictureWarnings } from "#/recipe/picture-warnings.ts";
import { plainParams } from "../../support/plain-request.ts";

const a = `http://127.0.0.1:7866/inputs/${"a".repeat(64)}.png`;
const said = (params: Partial<GenerateParams>) => pictureWarnings({ ...plainParams, ...params });

test("a picture that is used is not spoken of", () => {
  expect(said({})).toEqual([]);
  expect(said({ uov_input_image: a, uov_method: "Vary (Subtle)" })).toEqual([]);
  expect(said({ inpaint_input_image: a, inpaint_mask_image_upload: a, invert_mask_checkbox: true })).toEqual(
    [],
  );
  expect(
    said({ inpaint_input_image: a, outpaint_selections: ["Left"], outpaint_distance: [9, 0, 0, 0] }),
  ).toEqual([]);
});

test("one that is not is, with the reason and the way out", () => {
  expect(said({ uov_input_image: a, uov_method: "Disabled" })).toEqual([
    "uov_input_image took no part: uov_method is Disabled; name a method to vary or upscale it.",
  ]);
  expect(said({ inpaint_mask_image_upload: a })).toEqual([
    "inpaint_mask_image_upload took no part: there is no picture in inpaint_input_image that it could be the mask of.",
  ]);
});

test("words about masks and sides that nothing can be done with", () => {
  const picture = { inpaint_input_image: a, outpaint_selections: ["Left"] } as const;
  const sides: Partial<GenerateParams> = {
    ...picture,
    outpaint_selections: [...picture.outpaint_selections],
  };
  expect(said({ ...sides, invert_mask_checkbox: true })).toEqual([
    "invert_mask_checkbox took no part: there is no mask in inpaint_mask_image_upload.",
  ]);
  expect(said({ ...sides, outpaint_distance: [0, 50, 0, 0] })).toEqual([
    "outpaint_distance of Top took no part: Top is not in outpaint_selections.",
  ]);
  expect(said({ ...sides, outpaint_distance: [1, 50, 0, 2] })).toEqual([
    "outpaint_distance of Top and Bottom took no part: Top and Bottom are not in outpaint_selections.",
  ]);
  expect(said({ ...sides, outpaint_distance: [100, 50] })).toEqual([
    "outpaint_distance took no part: it has 2 numbers, not four (left, top, right, bottom).",
  ]);
  expect(said({ outpaint_selections: ["Top"] })).toEqual([
    "outpaint_selections took no part: there is no picture in inpaint_input_image.",
  ]);
  expect(said({ invert_mask_checkbox: true, outpaint_distance: [1, 0, 0, 0] })).toEqual([]);
});

test("a distance below 0 is refused by its place", () => {
  expect(() => said({ outpaint_distance: [0, 0, -5, 0] })).toThrow("outpaint_distance cannot be -5");
});
