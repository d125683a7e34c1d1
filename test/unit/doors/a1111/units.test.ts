import { describe, expect, test } from "bun:test";
import { InvalidRequest, type Issue } from "#/api/issues.ts";
import { controlModels, controlModules } from "#/doors/a1111/reading/control-kinds.ts";
import { unitsOf } from "#/doors/a1111/reading/scripts.ts";
import { readUnits } from "#/doors/a1111/reading/units.ts";

const unit = (more: object) => ({ image: "aGk=", ...more });
const slots = (...units: readonly object[]) => readUnits(units.map(unit), undefined).request;

describe("a unit", () => {
  test.each([
    [{ module: "canny", model: "control_v11p_sd15_canny [d14c016b]" }, "PyraCanny", false],
    [{ module: "canny", model: "None" }, "PyraCanny", false],
    [{ module: "none", model: "diffusers_xl_canny_full" }, "PyraCanny", true],
    [{ module: "None", model: "cpds" }, "CPDS", true],
    [{ module: "CPDS" }, "CPDS", false],
    [{ module: "ip-adapter_clip_sdxl", model: "ip-adapter_xl [4209e9f7]" }, "ImagePrompt", false],
    [{ module: "ip-adapter_face_id", model: "ip-adapter-faceid_sdxl" }, "FaceSwap", false],
    [{ module: "none", model: "ip-adapter-plus-face_sdxl_vit-h" }, "FaceSwap", false],
  ])("%j is %s", (said, cn_type, skipping_cn_preprocessor) => {
    expect(slots(said)).toMatchObject({
      controlnet_image: [{ cn_img: "aGk=", cn_type, cn_weight: 1, cn_stop: 1 }],
      skipping_cn_preprocessor,
    });
  });

  test.each([
    [{ module: "depth_midas", model: "control_v11f1p_sd15_depth" }, "depth_midas"],
    [{ module: "lineart", model: "control_canny" }, "lineart"],
    [{ module: "canny", model: "control_openpose" }, "control_openpose"],
    [{ module: "none", model: "t2iadapter_sketch" }, "t2iadapter_sketch"],
    [{ module: "canny", weight: 3 }, "weight"],
    [{ module: "canny", weight: "much" }, "weight"],
    [{ module: "canny", guidance_end: -1 }, "guidance_end"],
    [{ module: "canny", threshold_a: 500 }, "threshold_a"],
    [{ module: "canny", image: "" }, "brings no picture"],
  ])("%j is refused, by its number", (said, why) => {
    expect(() => slots(said)).toThrow("ControlNet unit 1");
    expect(() => slots(said)).toThrow(why);
  });

  test("every module and model that is listed is taken", () => {
    for (const model of controlModels)
      expect(slots({ module: "none", model }).controlnet_image).toHaveLength(1);
    for (const module of controlModules.filter((name) => name !== "none"))
      expect(slots({ module }).controlnet_image).toHaveLength(1);
  });

  test("its picture under any of its names, or the one of img2img", () => {
    const of = (said: object) =>
      readUnits([{ module: "canny", ...said }], "first").request.controlnet_image?.[0]?.cn_img;
    expect(of({ input_image: "a" })).toBe("a");
    expect(of({ image: { image: "b", mask: "c" } })).toBe("b");
    expect(of({ image: null })).toBe("first");
  });

  test("thresholds: A1111's own below 0, one pair for all units", () => {
    expect(slots({ module: "canny", threshold_a: -1, threshold_b: -1 })).toMatchObject({
      canny_low_threshold: 100,
      canny_high_threshold: 200,
    });
    expect(slots({ module: "canny", threshold_a: 0, threshold_b: "90.4" })).toMatchObject({
      canny_low_threshold: 1,
      canny_high_threshold: 90,
    });
    expect(() => slots({ module: "canny" }, { module: "canny", threshold_a: 5 })).toThrow(
      "ControlNet unit 2",
    );
    expect(() => slots({ module: "canny" }, { module: "none", model: "cpds" })).toThrow("ControlNet unit 2");
  });

  test("what is not done with it is told", () => {
    const { warnings } = readUnits(
      [
        unit({
          ...{ module: "canny", guidance_start: 0.2, control_mode: 2, mask: "x", guess_mode: true },
          ...{ resize_mode: "Resize and Fill", hr_option: "Low res only", weigth: 0.2, nonsense: 1 },
        }),
        unit({ module: "cpds", control_mode: "Balanced", resize_mode: 1, hr_option: "Both", mask: null }),
        unit({ module: "ip-adapter", resize_mode: "Resize and Fill", guidance_start: 0 }),
      ],
      undefined,
    );
    expect(warnings.map((told) => told.replace("Not used: ControlNet unit ", ""))).toEqual([
      "1, guidance_start: pictures guide from the first step on here.",
      "1, control_mode: it is Balanced here.",
      "1, mask: a picture guides as a whole here.",
      "1, guess_mode: say control_mode, which is Balanced here.",
      "1, hr_option: both passes are guided here.",
      "1, resize_mode: a picture of another shape is cut here (Crop and Resize).",
      "1, weigth: there is no such field (here: weight).",
      "1, nonsense: there is no such field.",
    ]);
  });

  test("is off where its switch says so in any way", () => {
    for (const enabled of [false, 0, "false", "No", "off", "0"])
      expect(readUnits([{ module: "depth", enabled }], undefined).request).toEqual({});
    expect(() => readUnits([{ module: "depth", enabled: "yes" }], undefined)).toThrow("depth");
  });
});

test("scripts: ControlNet's units in every form, others refused unless they are off", () => {
  const nothing = { script_name: null, alwayson_scripts: null, controlnet_units: null };
  const of = (alwayson_scripts: object) => unitsOf({ ...nothing, alwayson_scripts } as never);
  expect(of({ ControlNet: { args: [1] }, controlnet: [2] })).toEqual([1, 2]);
  expect(of({ controlnet: { args: { 0: 1, 1: 2 } } })).toEqual([1, 2]);
  expect(
    of({
      AnimateDiff: { args: [{ enable: false }] },
      roop: {},
      x: null,
      "Dynamic Prompts": { args: [false, 1] },
      ADetailer: { args: [true, false, { ad_model: "None" }, { ad_model: "None" }] },
    }),
  ).toEqual([]);
  const used = { ADetailer: { args: [{ ad_model: "None" }, { ad_model: "face_yolov8n.pt" }] } };
  expect(() => of(used)).toThrow("ADetailer");
  expect(() => of({ "Dynamic Prompts": { args: [true] } })).toThrow("Dynamic Prompts");
  expect(() => unitsOf({ ...nothing, script_name: "Loopback" })).toThrow("Loopback");
});

test("scripts that are said in a way that would do nothing are refused by their place", () => {
  const wrongs = [
    [{ alwayson_scripts: "controlnet" }, "alwayson_scripts"],
    [{ alwayson_scripts: ["controlnet"] }, "alwayson_scripts"],
    [{ alwayson_scripts: { controlnet: "canny" } }, "alwayson_scripts.controlnet"],
    [{ alwayson_scripts: { controlnet: { args: "canny" } } }, "alwayson_scripts.controlnet.args"],
    [{ alwayson_scripts: { controlnet: { arg: [] } } }, "alwayson_scripts.controlnet.args"],
    [{ controlnet_units: "canny" }, "controlnet_units"],
  ] as const;
  for (const [said, where] of wrongs) {
    const given = { script_name: null, alwayson_scripts: null, controlnet_units: null, ...said };
    let issues: readonly Issue[] = [];
    try {
      unitsOf(given);
    } catch (thrown) {
      if (!(thrown instanceof InvalidRequest)) throw thrown;
      issues = thrown.issues;
    }
    expect(issues.map(({ loc }) => loc.join("."))).toEqual([`body.${where}`]);
  }
});
