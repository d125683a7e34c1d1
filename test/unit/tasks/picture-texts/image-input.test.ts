import { expect, test } from "bun:test";
import { goneInputs, imageInputOf, readImageInput } from "#/tasks/picture-texts/image-input.ts";
import { plainParams } from "../../../support/plain-request.ts";
import { region } from "../../../support/regions.ts";

const hash = (digit: string): string => `${digit.repeat(64)}.png`;
const address = (digit: string): string => `https://draw.example/inputs/${hash(digit)}`;

test("a request that starts from no picture says none, also where it brings one that is not used", () => {
  expect(imageInputOf(plainParams)).toBeUndefined();
  expect(
    imageInputOf({ ...plainParams, uov_input_image: address("a"), uov_method: "Disabled" }),
  ).toBeUndefined();
});

test("what is said of the picture that is used comes back as the fields of a request", () => {
  const vary = {
    uov_input_image: address("a"),
    uov_method: "Vary (Strong)",
    overwrite_vary_strength: 0.4,
  } as const;
  expect(readImageInput(imageInputOf({ ...plainParams, ...vary }))).toEqual({
    uov_input_image: hash("a"),
    uov_method: "Vary (Strong)",
    upscale_multiple: plainParams.upscale_multiple,
    overwrite_vary_strength: 0.4,
    overwrite_upscale_strength: plainParams.overwrite_upscale_strength,
  });
  const inpaint = imageInputOf({
    ...plainParams,
    inpaint_input_image: address("b"),
    inpaint_mask_image_upload: address("c"),
    outpaint_selections: ["Left"],
    outpaint_distance: [5, 0, 0, 0],
  });
  expect(readImageInput(inpaint)).toMatchObject({
    inpaint_input_image: hash("b"),
    inpaint_mask_image_upload: hash("c"),
    inpaint_strength: plainParams.inpaint_strength,
    outpaint_selections: ["Left"],
    outpaint_distance: [5, 0, 0, 0],
  });
});

test("of what others wrote there only our fields are taken, and no address to go to", () => {
  const said = {
    prompt: "x",
    uov_input_image: "http://127.0.0.1/secret",
    uov_method: 7,
    inpaint_input_image: hash("A"),
  };
  expect(readImageInput(JSON.stringify(said))).toEqual({ uov_method: 7 });
  for (const odd of ["[1]", "null", "{", "7"]) expect(readImageInput(odd)).toBeUndefined();
});

test("a picture that is gone is named with its field and the way out", async () => {
  const request = { uov_input_image: hash("a"), inpaint_mask_image_upload: hash("b"), prompt: "x" };
  expect(await goneInputs(request, async (name) => name === hash("a"))).toEqual([
    `The picture that it started from, ${hash("b")} of inpaint_mask_image_upload, is not in the inputs folder of this server: it was removed, or was never sent here. Put the picture itself into inpaint_mask_image_upload.`,
  ]);
});

test("what guides is said by name, weight and end, with how it is prepared; an address in a slot is not taken", async () => {
  const [empty] = plainParams.controlnet_image;
  const slot = { ...empty!, cn_img: address("d"), cn_type: "CPDS", cn_weight: null } as const;
  const params = {
    ...plainParams,
    controlnet_image: [{ ...empty!, cn_img: null }, slot],
    controlnet_softness: 0.5,
  };
  const read = readImageInput(imageInputOf(params));
  expect(read).toMatchObject({
    controlnet_image: [{ cn_img: hash("d"), cn_stop: 0.6, cn_weight: 1, cn_type: "CPDS" }],
    controlnet_softness: 0.5,
    canny_low_threshold: plainParams.canny_low_threshold,
  });
  const gone = await goneInputs({ controlnet_image: [{ ...slot, cn_img: hash("d") }] }, async () => false);
  expect(gone[0]).toContain("controlnet_image.0.cn_img");
  const odd = { controlnet_image: [{ cn_img: "http://127.0.0.1/secret" }], controlnet_softness: 1 };
  expect(readImageInput(JSON.stringify(odd))).toEqual({ controlnet_softness: 1 });
});

test("what was enhanced says all of its request that a pass does not: texts, sizes, steps, and the seed to its last digit", () => {
  const params = {
    ...plainParams,
    prompt: "a cat, <lora:a:1>",
    image_seed: 2n ** 63n - 1n,
    image_number: 3,
    enhance_checkbox: true,
    enhance_ctrls: [region({ enhance_prompt: "eyes" })],
    enhance_input_image: address("a"),
  };
  const read = readImageInput(imageInputOf(params));
  expect(read).toMatchObject({
    enhance_input_image: `${"a".repeat(64)}.png`,
    prompt: "a cat, <lora:a:1>",
    image_seed: "9223372036854775807",
    image_number: 3,
    overwrite_step: -1,
    enhance_ctrls: [{ enhance_prompt: "eyes" }],
  });
  expect(imageInputOf({ ...params, enhance_input_image: null, enhance_checkbox: false })).toBeUndefined();
});
