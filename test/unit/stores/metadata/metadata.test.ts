import { expect, test } from "bun:test";
import fc from "fast-check";
import { readA1111, writeA1111 } from "#/stores/metadata/a1111.ts";
import { factsOf } from "#/stores/metadata/facts.ts";
import { readFooocus, writeFooocus } from "#/stores/metadata/fooocus.ts";
import type { ImageMetadata } from "#/stores/metadata/metadata.ts";
import { pyFloat, pyList, readPyList } from "#/stores/metadata/python-text.ts";

const metadata: ImageMetadata = {
  prompt: 'a "red" circle, über: 月',
  negativePrompt: "",
  promptExpansion: "",
  styles: ["Fooocus Enhance", "it's"],
  performance: "Speed",
  steps: 30,
  width: 256,
  height: 192,
  guidanceScale: 4,
  sharpness: 2,
  adm: { positive: 1.5, negative: 0.8, end: 0.3 },
  baseModel: "base",
  baseModelHash: "0123456789",
  refinerModel: "None",
  refinerSwitch: 0.5,
  clipSkip: 2,
  sampler: "dpmpp_2m_sde_gpu",
  scheduler: "karras",
  vae: "Default (model)",
  seed: 9223372036854775807n,
  loras: [{ name: "neon", weight: 0.5, hash: "abc" }],
  fullPrompt: ["one", "two, three"],
  fullNegativePrompt: ["bad"],
  version: "Fooocus v2.5.5",
};

test("the fooocus scheme is the text Python's json.dumps writes with sorted keys", () => {
  const text = writeFooocus(metadata);
  expect(text).toStartWith('{"adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "base", ');
  expect(text).toContain('"guidance_scale": 4.0');
  expect(text).toContain('"loras": [["neon", 0.5, "abc"]]');
  expect(text).toContain(String.raw`\u00fcber: \u6708`);
  expect(text).toContain('"lora_combined_1": "neon : 0.5"');
});

test("the fooocus scheme reads back, the seed to its last digit", () => {
  const values = readFooocus(writeFooocus(metadata));
  expect(values).toMatchObject({
    prompt: metadata.prompt,
    seed: "9223372036854775807",
    steps: 30,
    clip_skip: 2,
  });
  expect(readPyList(String(values?.styles))).toEqual([...metadata.styles]);
  expect(readFooocus('{"seed": 9223372036854775807}')).toEqual({ seed: "9223372036854775807" });
  expect(readFooocus("[1]")).toBeUndefined();
  expect(readFooocus("{")).toBeUndefined();
});

test("what a picture started from is one text in both schemes, and stands in neither where it started from none", () => {
  const imageInput = '{"uov_input_image":"ab.png","uov_method":"Upscale (2x)","outpaint_distance":[0,1,2,3]}';
  const started = { ...metadata, imageInput };
  expect(factsOf("fooocus", readFooocus(writeFooocus(started)) ?? {}).imageInput).toBe(imageInput);
  expect(factsOf("a1111", readA1111(writeA1111(started)) ?? {}).imageInput).toBe(imageInput);
  expect(writeFooocus(metadata)).not.toContain("image_input");
  expect(writeA1111(metadata)).not.toContain("Image input");
});

test("the a1111 scheme has the prompts on their own lines and quotes values that hold separators", () => {
  const [prompt, negative, pairs] = writeA1111(metadata).split("\n");
  expect(prompt).toBe("one, two, three");
  expect(negative).toBe("Negative prompt: bad");
  expect(pairs).toStartWith(
    "Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 9223372036854775807, Size: 256x192, ",
  );
  expect(pairs).toContain('Raw prompt: "a \\"red\\" circle, über: 月"');
});

test("the a1111 scheme reads back", () => {
  expect(readA1111(writeA1111(metadata))).toMatchObject({
    Prompt: "one, two, three",
    "Negative prompt": "bad",
    Sampler: "DPM++ 2M SDE Karras",
    "Raw prompt": metadata.prompt,
    "ADM Guidance": "(1.5, 0.8, 0.3)",
    "Lora weights": "neon: 0.5",
  });
  expect(readA1111("just a prompt")).toBeUndefined();
});

/** Every line of the contract's list and of ours, those that apply only sometimes included. */
const everything: ImageMetadata = {
  ...metadata,
  negativePrompt: "dull",
  promptExpansion: "a circle, elegant",
  refinerModel: "refine",
  refinerModelHash: "fedcba9876",
  overwriteSwitch: 12,
  refinerSwapMethod: "vae",
  adaptiveCfg: 5.5,
  freeu: [1.01, 1.02, 0.99, 0.95],
  precision: "fast",
  cache: 0.5,
  cfgUntil: 0.75,
  createdBy: "me",
};

test("the fooocus scheme has the contract's keys and ours, each in its form, and no other", () => {
  expect(writeFooocus(everything)).toBe(
    String.raw`{"adaptive_cfg": 5.5, "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "base", ` +
      String.raw`"base_model_hash": "0123456789", "cache": 0.5, "cfg_until": 0.75, "clip_skip": 2, "created_by": "me", ` +
      String.raw`"freeu": "(1.01, 1.02, 0.99, 0.95)", "full_negative_prompt": ["bad"], ` +
      String.raw`"full_prompt": ["one", "two, three"], "guidance_scale": 4.0, "lora_combined_1": "neon : 0.5", ` +
      String.raw`"loras": [["neon", 0.5, "abc"]], "metadata_scheme": "fooocus", "negative_prompt": "dull", ` +
      String.raw`"overwrite_switch": 12, "performance": "Speed", "precision": "fast", ` +
      String.raw`"prompt": "a \"red\" circle, \u00fcber: \u6708", "prompt_expansion": "a circle, elegant", ` +
      String.raw`"refiner_model": "refine", "refiner_model_hash": "fedcba9876", "refiner_swap_method": "vae", ` +
      String.raw`"refiner_switch": 0.5, "resolution": "(256, 192)", "sampler": "dpmpp_2m_sde_gpu", ` +
      String.raw`"scheduler": "karras", "seed": "9223372036854775807", "sharpness": 2.0, "steps": 30, ` +
      String.raw`"styles": "['Fooocus Enhance', \"it's\"]", "vae": "Default (model)", "version": "Fooocus v2.5.5"}`,
  );
});

test("the a1111 scheme has the contract's pairs in its order", () => {
  expect(writeA1111(everything).split("\n")[2]).toBe(
    "Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 9223372036854775807, Size: 256x192, CFG scale: 4.0, " +
      'Sharpness: 2.0, ADM Guidance: "(1.5, 0.8, 0.3)", Model: base, Model hash: 0123456789, Performance: Speed, ' +
      'Scheduler: karras, VAE: Default (model), Raw prompt: "a \\"red\\" circle, über: 月", ' +
      "Raw negative prompt: dull, Refiner: refine, Refiner hash: fedcba9876, Adaptive CFG: 5.5, Clip skip: 2, " +
      'Overwrite Switch: 12, Refiner Swap Method: vae, Precision: fast, Cache: 0.5, CFG until: 0.75, FreeU: "(1.01, 1.02, 0.99, 0.95)", ' +
      'Lora hashes: "neon: abc", Lora weights: "neon: 0.5", Version: Fooocus v2.5.5, User: me',
  );
  const bare = writeA1111({ ...metadata, fullPrompt: [""], fullNegativePrompt: [] });
  expect(bare).toStartWith("Steps: 30, ");
  expect(writeA1111({ ...metadata, sampler: "heunpp2" })).toContain("Sampler: heunpp2, ");
});

test("what both schemes say means the same", () => {
  const { promptExpansion: _, styles: __, refinerSwitch: ___, createdBy: ____, ...shared } = everything;
  const asWhole = { fullPrompt: ["one, two, three"], fullNegativePrompt: ["bad"] };
  const { refinerModelHash: _____, ...facts } = shared;
  expect(factsOf("fooocus", readFooocus(writeFooocus(everything)) ?? {})).toMatchObject({
    ...facts,
    styles: everything.styles,
    refinerSwitch: 0.5,
  });
  expect(factsOf("a1111", readA1111(writeA1111(everything)) ?? {})).toEqual({ ...facts, ...asWhole });
});

test("a picture of the A1111 web UI says what it can", () => {
  const text =
    "a cat\nin a hat\nNegative prompt: dog\nwet\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, " +
    'Size: 512x768, Model hash: abc, Model: sdxl, Lora hashes: "ink: 12ab", Version: 1.9';
  expect(factsOf("a1111", readA1111(text) ?? {})).toMatchObject({
    prompt: "a cat\nin a hat",
    negativePrompt: "dog\nwet",
    steps: 20,
    sampler: "dpmpp_2m",
    scheduler: "karras",
    seed: 42n,
    width: 512,
    height: 768,
    baseModel: "sdxl",
    loras: [],
  });
});

test("values that mean nothing are left out, whatever they are", () => {
  const odd = {
    prompt: 7,
    loras: [[1], "x", ["a", "b"]],
    seed: "1.5",
    adm_guidance: "(1, 2)",
    resolution: [],
  };
  expect(factsOf("fooocus", odd)).toEqual({ loras: [] });
  expect(factsOf("a1111", {})).toEqual({ negativePrompt: "", loras: [], fullNegativePrompt: [] });
});

test("Python's way with floats and lists", () => {
  expect([pyFloat(1), pyFloat(-0.25), pyFloat(0.0000001)]).toEqual(["1.0", "-0.25", "1e-07"]);
  expect(pyList(["a", "b'c", `d'"`])).toBe(`['a', "b'c", 'd\\'"']`);
  expect(readPyList("no list")).toBeUndefined();
});

test("whatever a picture says is read or left out", () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), (json, text) => {
      expect(factsOf("fooocus", readFooocus(json) ?? {})).toBeObject();
      expect(factsOf("a1111", readA1111(text) ?? {})).toBeObject();
    }),
    { numRuns: 1000 },
  );
}, 300_000);

test("LoRAs of a Fooocus text that has no list of them are read from their own keys", () => {
  const values = {
    prompt: "a",
    lora_combined_1: "neon.safetensors : 0.3",
    lora_combined_2: "ink : -1",
    lora_combined_3: "x",
  };
  expect(factsOf("fooocus", values).loras).toEqual([
    { name: "neon.safetensors", weight: 0.3, hash: "" },
    { name: "ink", weight: -1, hash: "" },
  ]);
  expect(factsOf("fooocus", { ...values, loras: [] }).loras).toEqual([]);
});
