import { expect, test } from "bun:test";
import { CommonRequest } from "#/api/generate.ts";
import type { Json } from "#/api/json.ts";
import { unknownKeysWarning } from "#/api/unknown-keys.ts";

const said = (body: Json) => unknownKeysWarning(CommonRequest, body);

test("what a schema knows is not spoken of, however deep", () => {
  expect(said({})).toBeUndefined();
  const loras = [{ enabled: true, model_name: "None", weight: 1 }];
  expect(
    said({ prompt: "x", loras, controlnet_image: [{ cn_img: "" }, { cn_type: "CPDS" }] }),
  ).toBeUndefined();
});

test("a slip is told with the name that was meant, at every depth", () => {
  expect(said({ inpaint_mask_image_uplaod: "x" })).toBe(
    "There is no field inpaint_mask_image_uplaod (here: inpaint_mask_image_upload); it was passed over.",
  );
  expect(said({ zzz: 1, controlnet_image: [{}, { cn_image: "x" }], loras: [{ modelname: "x" }] })).toBe(
    "There are no such fields: zzz, controlnet_image.1.cn_image (here: cn_img), loras.0.modelname (here: model_name); they were passed over.",
  );
});

test("a name of another time is told by what it is called now, and a harmless one not at all", () => {
  const others = { called: { input_image: "uov_input_image or another" }, harmless: ["quiet"] };
  const warning = unknownKeysWarning(CommonRequest, { input_image: "x", quiet: true }, others);
  expect(warning).toBe(
    "There is no field input_image (here: uov_input_image or another); it was passed over.",
  );
});

test("of many and long ones some are told, cut", () => {
  const body = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`q${i}${"y".repeat(500)}`, null]));
  const warning = said(body) ?? "";
  expect(warning).toContain(" and 15 more; they were passed over.");
  expect(warning.length).toBeLessThan(1500);
  expect(said({ constructor: 1, toString: 2 })).toContain("constructor, toString");
});
