import { describe, expect, test } from "bun:test";
import type { TObject } from "@sinclair/typebox";
import { InvalidRequest } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { formBodies, jsonBodies } from "#/doors/legacy/api/bodies.ts";
import { advancedFields } from "#/doors/legacy/api/body-objects.ts";
import { checkForm, readForm } from "#/doors/legacy/api/form.ts";
import type { LegacyJob } from "#/doors/legacy/api/job.ts";
import { legacyField, toGenerateRequest } from "#/doors/legacy/api/to-generate.ts";
import { readLegacy } from "#/doors/legacy/api/words.ts";
import { formOf } from "#/routes/http/form.ts";

const json = (job: LegacyJob, schema: TObject, body: Json) =>
  toGenerateRequest(job, readLegacy(schema, body));

/** A form sent as a client sends it, read back from the wire. */
async function form(job: LegacyJob, schema: TObject, fields: readonly (readonly [string, string | File])[]) {
  const sent = new FormData();
  for (const [name, value] of fields) sent.append(name, value);
  const request = new Request("http://localhost/", { method: "POST", body: sent });
  return toGenerateRequest(job, checkForm(schema, await readForm(await formOf(request), schema)));
}
const cat = new File([new Uint8Array([1, 2, 3])], "cat.png");
const catUri = "data:image;base64,AQID";

const issuesOf = (run: () => unknown): readonly string[] => {
  try {
    run();
    return [];
  } catch (thrown) {
    if (!(thrown instanceof InvalidRequest)) throw thrown;
    return thrown.issues.map(({ type, loc }) => `${type} ${loc.slice(1).join(".")}`);
  }
};

describe("text to image", () => {
  const read = (body: Json) => json("text-to-image", jsonBodies.textToImage, body);

  test("nothing said is nothing said, but for what the legacy API has otherwise", () => {
    expect(read({})).toEqual({ inpaint_respective_field: 1, inpaint_advanced_masking_checkbox: true });
  });

  test("fields have their newer names, advanced ones move up", () => {
    expect(
      read({
        prompt: "a cat",
        save_meta: false,
        meta_scheme: "a111",
        save_extension: "jpg",
        save_name: "mine",
        require_base64: true,
        image_seed: 9223372036854775807n,
        advanced_params: { sampler_name: "euler", overwrite_step: 4, inpaint_respective_field: 0.5 },
      }),
    ).toEqual({
      prompt: "a cat",
      save_metadata_to_images: false,
      metadata_scheme: "a1111",
      output_format: "jpg",
      save_name: "mine",
      require_base64: true,
      image_seed: 9223372036854775807n,
      sampler_name: "euler",
      overwrite_step: 4,
      inpaint_respective_field: 0.5,
      inpaint_advanced_masking_checkbox: true,
    });
  });

  test.each([
    [-1, -1],
    [0, -1],
    [0.3, 1],
    [1, 1],
  ])("an overwritten switch of %p is step %p", (legacy, newer) => {
    expect(read({ advanced_params: { overwrite_switch: legacy } }).overwrite_switch).toBe(newer);
  });

  test("there are 42 advanced fields and ours behind them, with bounds of their own, both sides of each", () => {
    expect(new Set(advancedFields.slice(0, 42)).size).toBe(42);
    expect(advancedFields.slice(42)).toEqual([
      "precision",
      "cache",
      "cfg_until",
      "size_number",
      "upscaler_name",
      "upscale_alone",
    ]);
    expect(read({ advanced_params: { precision: "fast" } }).precision).toBe("fast");
    const bounds = [
      ["adm_scaler_positive", 0.1, 3, 0.01],
      ["adm_scaler_negative", 0.1, 3, 0.01],
      ["adm_scaler_end", 0, 1, 0.01],
      ["adaptive_cfg", 1, 30, 0.01],
      ["clip_skip", 1, 12, 1],
      ["overwrite_step", -1, 200, 1],
      ["overwrite_switch", -1, 1, 0.01],
      ["overwrite_width", -1, 2048, 1],
      ["overwrite_height", -1, 2048, 1],
      ["overwrite_vary_strength", -1, 1, 0.01],
      ["overwrite_upscale_strength", -1, 1, 0.01],
      ["canny_low_threshold", 1, 255, 1],
      ["canny_high_threshold", 1, 255, 1],
      ["controlnet_softness", 0, 1, 0.01],
      ["inpaint_strength", 0, 1, 0.01],
      ["inpaint_respective_field", 0, 1, 0.01],
      ["inpaint_erode_or_dilate", -64, 64, 1],
      ["dino_erode_or_dilate", -64, 64, 1],
      ["cache", 0, 1, 0.01],
      ["cfg_until", 0, 1, 0.01],
      ["size_number", 0, 8192, 1],
    ] as const;
    for (const [field, low, high, step] of bounds) {
      const say = (value: number) => issuesOf(() => read({ advanced_params: { [field]: value } }));
      expect([field, say(low), say(high)]).toEqual([field, [], []]);
      expect(say(low - step)).toEqual([`greater_than_equal advanced_params.${field}`]);
      expect(say(high + step)).toEqual([`less_than_equal advanced_params.${field}`]);
    }
  });

  test("an unknown scheme is refused, where the legacy server died of it", () => {
    expect(issuesOf(() => read({ meta_scheme: "exif" }))).toEqual(["enum meta_scheme"]);
  });
});

describe("pictures in JSON", () => {
  test("vary and upscale: the legacy default is twice the size, null and 5 act as 2", () => {
    const read = (more: Record<string, Json>) =>
      json("upscale-vary", jsonBodies.upscaleVary, { input_image: "AQID", ...more });
    expect(read({})).toMatchObject({ uov_input_image: "AQID", uov_method: "Upscale (2x)" });
    for (const [legacy, newer] of [
      [null, 2],
      [5, 2],
      [4.9, 4.9],
      [1, 1],
    ] as const)
      expect(read({ upscale_value: legacy }).upscale_multiple).toBe(newer);
    expect(issuesOf(() => json("upscale-vary", jsonBodies.upscaleVary, {}))).toEqual(["missing input_image"]);
    expect(issuesOf(() => read({ input_image: "None" }))).toEqual(["value_error input_image"]);
  });

  test("four distances become one list from the left around; below 0 and null are 0", () => {
    const read = (more: Record<string, Json>) =>
      json("inpaint-outpaint", jsonBodies.inpaintOutpaint, { input_image: "AQID", ...more });
    expect(
      read({ outpaint_distance_left: 10, outpaint_distance_top: -1, outpaint_distance_bottom: 7 }),
    ).toMatchObject({
      inpaint_input_image: "AQID",
      outpaint_distance: [10, 0, 0, 7],
    });
    expect(read({ outpaint_distance_right: null }).outpaint_distance).toEqual([0, 0, 0, 0]);
    expect(read({}).outpaint_distance).toBeUndefined();
    expect(read({ input_mask: "BAUG", inpaint_additional_prompt: null })).toMatchObject({
      inpaint_mask_image_upload: "BAUG",
      inpaint_additional_prompt: "",
    });
    expect(issuesOf(() => json("inpaint-outpaint", jsonBodies.inpaintOutpaint, {}))).toEqual([
      "value_error input_image",
    ]);
  });

  test("a control image takes its type's pair where it says 0, null or nothing", () => {
    const slot = (more: Record<string, Json>) =>
      json("image-prompt", jsonBodies.imagePrompt, { image_prompts: [{ cn_img: "AQID", ...more }] })
        .controlnet_image?.[0];
    expect(slot({})).toMatchObject({ cn_stop: 0.5, cn_weight: 0.6, cn_type: "ImagePrompt" });
    expect(slot({ cn_type: "FaceSwap", cn_stop: null })).toMatchObject({ cn_stop: 0.9, cn_weight: 0.75 });
    expect(slot({ cn_type: "PyraCanny", cn_stop: 0 })).toMatchObject({ cn_stop: 0.5, cn_weight: 1 });
    expect(slot({ cn_type: "CPDS", cn_weight: 0.2 })).toMatchObject({ cn_stop: 0.5, cn_weight: 0.2 });
  });

  test("control images beside a picture mix with it; empty slots do not, and more than four are refused", () => {
    const prompts = (...images: readonly Json[]) => images.map((cn_img) => ({ cn_img }));
    const uov = (image_prompts: Json) =>
      json("upscale-vary", jsonBodies.upscaleVary, { input_image: "AQID", image_prompts });
    expect(uov(prompts("AQID")).mixing_image_prompt_and_vary_upscale).toBe(true);
    expect(uov(prompts("", null, "None"))).not.toHaveProperty("mixing_image_prompt_and_vary_upscale");
    const inpaint = json("inpaint-outpaint", jsonBodies.inpaintOutpaint, {
      input_image: "AQID",
      image_prompts: prompts("AQID"),
    });
    expect(inpaint.mixing_image_prompt_and_inpaint).toBe(true);
    expect(
      json("image-prompt", jsonBodies.imagePrompt, { image_prompts: prompts("AQID") }),
    ).not.toHaveProperty("mixing_image_prompt_and_inpaint");
    expect(uov(prompts("", "AQID", "", "AQID", "AQID", "AQID")).controlnet_image).toHaveLength(4);
    expect(issuesOf(() => uov(prompts("A", "B", "C", "D", "E")))).toEqual(["too_long image_prompts"]);
  });

  test("enhance: always on, strong vary, faces; at most three regions", () => {
    const read = (regions: Json) =>
      json("enhance", jsonBodies.enhance, {
        enhance_input_image: "AQID",
        enhance_checkbox: false,
        save_final_enhanced_image_only: false,
        enhance_ctrlnets: regions,
      });
    expect(read([{ enhance_enabled: true }])).toMatchObject({
      enhance_checkbox: true,
      save_final_enhanced_image_only: true,
      enhance_uov_method: "Vary (Strong)",
      enhance_input_image: "AQID",
      enhance_ctrls: [{ enhance_enabled: true, enhance_mask_dino_prompt: "face", enhance_mask_model: "sam" }],
    });
    expect(issuesOf(() => read([{}, {}, {}, {}]))).toEqual(["too_long enhance_ctrlnets"]);
    expect(issuesOf(() => json("enhance", jsonBodies.enhance, {}))).toEqual(["missing enhance_ctrlnets"]);
  });
});

describe("forms", () => {
  test("texts are converted, lists repeated or with commas, JSON in fields, empty is not given", async () => {
    expect(
      await form("inpaint-outpaint", formBodies.inpaintOutpaint, [
        ["input_image", cat],
        ["input_mask", cat],
        ["image_number", "2"],
        ["sharpness", ""],
        ["style_selections", "Fooocus V2, Fooocus Sharp"],
        ["style_selections", "Random Style"],
        ["outpaint_selections", "Left"],
        ["outpaint_selections", "Top,Bottom"],
        ["outpaint_distance_left", "30"],
        ["loras", '[{"enabled": true, "model_name": "a", "weight": "0.25"}]'],
        ["advanced_params", '{"overwrite_step": 7}'],
        ["save_meta", "true"],
      ]),
    ).toEqual({
      inpaint_input_image: catUri,
      inpaint_mask_image_upload: catUri,
      image_number: 2,
      style_selections: ["Fooocus V2", "Fooocus Sharp", "Random Style"],
      outpaint_selections: ["Left", "Top", "Bottom"],
      outpaint_distance: [30, 0, 0, 0],
      loras: [{ enabled: true, model_name: "a", weight: 0.25 }],
      overwrite_step: 7,
      save_metadata_to_images: true,
      inpaint_respective_field: 1,
      inpaint_advanced_masking_checkbox: true,
    });
  });

  test("an empty list is one, an invalid advanced_params is the defaults, an invalid loras is not", async () => {
    const start = [["input_image", cat] as const, ["uov_method", "Disabled"] as const];
    for (const text of ["{", "[]", "null", '{"clip_skip": 99}', '{"freeu_b1": "x"}']) {
      const read = await form("upscale-vary", formBodies.upscaleVary, [
        ...start,
        ["style_selections", ""],
        ["advanced_params", text],
      ]);
      expect(read).toMatchObject({ style_selections: [], inpaint_respective_field: 1 });
      expect(read).not.toHaveProperty("clip_skip");
    }
    for (const [text, issue] of [
      ["{", "json_invalid loras"],
      ["{}", "list_type loras"],
      ['[{"enabled": true, "model_name": "a", "weight": 9}]', "less_than_equal loras.0.weight"],
      ['[{"enabled": true}]', "missing loras.0.model_name"],
    ] as const) {
      const thrown = await form("upscale-vary", formBodies.upscaleVary, [...start, ["loras", text]]).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(
        issuesOf(() => {
          throw thrown;
        }),
      ).toEqual([issue]);
    }
    const legacy = [["loras", '[{"model_name": "a"}]'] as const];
    expect(await form("upscale-vary", formBodies.upscaleVary, [...start, ...legacy])).toMatchObject({
      loras: [{ enabled: true, model_name: "a", weight: 0.5 }],
    });
  });

  test("numbered slots and regions; a missing weight is the type's own", async () => {
    const read = await form("image-prompt", formBodies.imagePrompt, [
      ["cn_img2", cat],
      ["cn_type2", "FaceSwap"],
      ["cn_stop2", "0.4"],
      ["input_image", cat],
    ]);
    expect(read.controlnet_image?.[0]).toMatchObject({ cn_img: null });
    expect(read.controlnet_image?.[1]).toEqual({
      cn_img: catUri,
      cn_stop: 0.4,
      cn_weight: 0.75,
      cn_type: "FaceSwap",
    });
    expect(read.mixing_image_prompt_and_inpaint).toBe(true);
    const enhanced = await form("enhance", formBodies.enhance, [
      ["enhance_input_image", cat],
      ["enhance_enabled_2", "on"],
      ["enhance_prompt_2", "eyes"],
    ]);
    expect(enhanced.enhance_ctrls?.map(({ enhance_enabled }) => enhance_enabled)).toEqual([
      false,
      true,
      false,
    ]);
    expect(enhanced.enhance_ctrls?.[1]).toMatchObject({
      enhance_prompt: "eyes",
      enhance_mask_dino_prompt: "face",
    });
    expect(enhanced).not.toHaveProperty("enhance_prompt_2");
  });
});

test("every field that changes its name is found again for error messages", () => {
  for (const [newer, json, form] of [
    ["uov_input_image", "input_image", "input_image"],
    ["inpaint_mask_image_upload", "input_mask", "input_mask"],
    ["controlnet_image.1.cn_img", "image_prompts.1.cn_img", "cn_img2"],
    ["controlnet_image", "image_prompts", "cn_img1"],
    ["enhance_ctrls.2.enhance_prompt", "enhance_ctrlnets.2.enhance_prompt", "enhance_prompt_3"],
    ["output_format", "save_extension", "save_extension"],
    ["upscale_multiple", "upscale_value", "upscale_value"],
    ["sampler_name", "advanced_params.sampler_name", "advanced_params.sampler_name"],
    ["loras.0.model_name", "loras.0.model_name", "loras.0.model_name"],
    ["aspect_ratios_selection", "aspect_ratios_selection", "aspect_ratios_selection"],
  ] as const)
    expect([legacyField(newer, false), legacyField(newer, true)]).toEqual([json, form]);
});
