import { expect, test } from "bun:test";
import { draftOf, emptyDraft, requestOf } from "#/web/dashboard/draft.ts";
import { emptyEnhance, enhanceFields, enhanceOf } from "#/web/dashboard/enhance/enhance-draft.ts";

const [first, ...others] = emptyEnhance.regions;
const draft = {
  ...emptyEnhance,
  on: true,
  method: "Upscale (2x)",
  last: true,
  finalOnly: true,
  regions: [{ ...first!, on: true, model: "u2net", prompt: "eyes", strength: 0.5 } as const, ...others],
} as const;

test("what is off says nothing, and empty regions at the end are not sent", () => {
  expect(enhanceFields({ ...draft, on: false })).toEqual({});
  expect(enhanceFields(draft)).toEqual({
    enhance_checkbox: true,
    enhance_uov_method: "Upscale (2x)",
    enhance_uov_processing_order: "After Last Enhancement",
    save_final_enhanced_image_only: true,
    enhance_ctrls: [
      {
        enhance_enabled: true,
        enhance_mask_model: "u2net",
        enhance_prompt: "eyes",
        enhance_inpaint_strength: 0.5,
      },
    ],
  });
});

test("a record's settings fill it again, and are told once", () => {
  const regions = draft.regions.map((region, at) => (at === 0 ? region : first!));
  expect(enhanceOf(enhanceFields(draft))).toEqual({ ...draft, regions });
  const params = requestOf({ ...emptyDraft, enhance: draft });
  const defaults = Object.fromEntries(Object.keys(params).map((name) => [name, ""]));
  expect(draftOf(params, defaults).settings).toEqual({});
});

test("a region that sam finds says what to look for", () => {
  const regions = [{ ...first!, on: true, find: "face . hand" }];
  expect(enhanceFields({ ...emptyEnhance, on: true, regions })).toMatchObject({
    enhance_ctrls: [{ enhance_mask_model: "sam", enhance_mask_dino_prompt: "face . hand" }],
  });
});

test("a region keeps its place, and what the page has no field for", () => {
  const said = [
    { enhance_enabled: false, enhance_prompt: "hat" },
    { enhance_enabled: true, enhance_mask_invert: true, enhance_mask_box_threshold: 0.3 },
    {},
    { enhance_enabled: true, enhance_negative_prompt: "blur" },
  ];
  const defaults = {
    enhance_mask_invert: false,
    enhance_mask_box_threshold: 0.3,
    enhance_negative_prompt: "",
  };
  const kept = enhanceOf({ enhance_checkbox: true, enhance_ctrls: said }, defaults);
  expect(kept.regions.map(({ more }) => more)).toEqual([
    {},
    { enhance_mask_invert: true },
    {},
    { enhance_negative_prompt: "blur" },
  ]);
  expect(enhanceFields(kept)).toMatchObject({
    enhance_ctrls: [
      { enhance_enabled: false, enhance_prompt: "hat" },
      { enhance_enabled: true, enhance_mask_invert: true },
      { enhance_enabled: false },
      { enhance_enabled: true, enhance_negative_prompt: "blur" },
    ],
  });
});
