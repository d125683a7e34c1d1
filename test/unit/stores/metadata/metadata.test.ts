import { expect, test } from "bun:test";
import { readA1111, writeA1111 } from "#/stores/metadata/a1111.ts";
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

test("Python's way with floats and lists", () => {
  expect([pyFloat(1), pyFloat(-0.25), pyFloat(0.0000001)]).toEqual(["1.0", "-0.25", "1e-07"]);
  expect(pyList(["a", "b'c", `d'"`])).toBe(`['a', "b'c", 'd\\'"']`);
  expect(readPyList("no list")).toBeUndefined();
});
