import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { CommonRequest } from "#/api/generate.ts";
import { isJsonObject, parseJson, writeJson } from "#/api/json.ts";
import { readBody } from "#/api/read.ts";
import { pngWithTexts } from "#/image/png-text.ts";
import { withShippedStyles } from "#/recipe/shipped.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, putModel } from "../support/task-bench.ts";

const folder = benchFolder();
putModel(folder, "loras/sub/neon.safetensors");
const bench = await serveBench({ folder, assets: { styles: withShippedStyles([]) } });
afterAll(() => bench.close());

const post = (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(`${bench.url}${path}`, { method: "POST", body, headers });
const postJson = async (path: string, body: unknown) => {
  const answer = await post(path, writeJson(body));
  return { status: answer.status, body: await answer.json() };
};
const fileOf = (url: string): Uint8Array =>
  readFileSync(join(bench.folder, "outputs", ...url.split("/").slice(-2)));

const plain = await sharp({ create: { width: 8, height: 8, channels: 3, background: "teal" } })
  .png()
  .toBuffer();

/** Everything the metadata can say of a text-to-image request, with characters that break careless writers. */
const full = {
  prompt: 'a "red" kite, über: 月\nsecond \\ line, with: all',
  negative_prompt: '"quoted"',
  style_selections: ["Fooocus Sharp", "SAI Anime", "Fooocus Enhance"],
  performance_selection: "Quality",
  aspect_ratios_selection: "128*64",
  image_number: 1,
  image_seed: 9007199254740993n,
  sharpness: 3.5,
  guidance_scale: 7,
  base_model_name: "base.safetensors",
  refiner_model_name: "None",
  loras: [{ enabled: true, model_name: "sub/neon.safetensors", weight: -0.75 }],
  adm_scaler_positive: 1.25,
  adm_scaler_negative: 0.9,
  adm_scaler_end: 0.5,
  adaptive_cfg: 9,
  clip_skip: 3,
  sampler_name: "dpmpp_2m_sde_gpu",
  scheduler_name: "karras",
  vae_name: "Default (model)",
  overwrite_step: 5,
};
describe("read-metadata", () => {
  for (const format of ["png", "jpeg", "webp"]) {
    for (const scheme of ["fooocus", "a1111"]) {
      test(`${format}, ${scheme}: a picture gives back the request that made it`, async () => {
        const request = { ...full, output_format: format, metadata_scheme: scheme };
        const made = await (await post("/v1/engine/generate/", writeJson(request))).json();
        const picture = fileOf(made.result[0]);
        const answer = await post("/v1/tools/read-metadata", picture as Uint8Array<ArrayBuffer>);
        const read = parseJson(await answer.text());
        if (!isJsonObject(read)) throw new Error("no object");
        expect(read).toMatchObject({ scheme, warnings: [], request: full });
        // And posted as it is, it makes the very same picture.
        const again = await post(
          "/v1/engine/generate/",
          writeJson({ ...Object(read.request), output_format: format, metadata_scheme: scheme }),
        );
        const { result } = await again.json();
        expect(Buffer.compare(fileOf(result[0]), picture)).toBe(0);
      });
    }
  }

  test("what a performance mode forces is not read back as the request's, its LoRA neither", async () => {
    const said = { ...full, performance_selection: "Lightning", overwrite_step: -1 };
    const made = await postJson("/v1/engine/generate/", said);
    const image = Buffer.from(fileOf(made.body.result[0])).toString("base64");
    const { body } = await postJson("/v1/tools/read-metadata", { image });
    expect(body.values).toMatchObject({ guidance_scale: 1, sampler: "euler", refiner_switch: 1 });
    expect(body.request).toMatchObject({
      performance_selection: "Lightning",
      overwrite_step: -1,
      loras: [{ enabled: true, model_name: "sub/neon.safetensors", weight: -0.75 }],
    });
    expect(Object.keys(body.request)).not.toContain("guidance_scale");
    expect(Object.keys(body.request)).not.toContain("sampler_name");
  });

  test("a picture is taken as a form, base64, data URI, our own address, and as it is", async () => {
    const made = await postJson("/v1/engine/generate/", { ...full, overwrite_step: 1 });
    const picture = fileOf(made.body.result[0]);
    const base64 = Buffer.from(picture).toString("base64");
    const form = new FormData();
    form.set("file", new Blob([picture as Uint8Array<ArrayBuffer>], { type: "image/png" }), "a.png");
    const answers = await Promise.all([
      post("/v1/tools/read-metadata", form),
      ...[base64, `data:image/png;base64,${base64}`, made.body.result[0]].map((image) =>
        post("/v1/tools/read-metadata", JSON.stringify({ image })),
      ),
      post("/v1/tools/read-metadata", picture as Uint8Array<ArrayBuffer>, { "content-type": "image/png" }),
      // As curl -d and --data-binary name it.
      post("/v1/tools/read-metadata", picture as Uint8Array<ArrayBuffer>, {
        "content-type": "application/x-www-form-urlencoded",
      }),
    ]);
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(new Set(bodies).size).toBe(1);
  });

  test("whatever stands in a picture is an answer or a refusal, and what is given back is valid", async () => {
    const keys =
      "prompt styles performance steps resolution guidance_scale adm_guidance base_model loras seed vae";
    const value = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.constant("(1, 2, 3)"), fc.jsonValue());
    const values = fc.dictionary(fc.constantFrom(...keys.split(" ")), value);
    const line = fc.array(
      fc.tuple(fc.constantFrom("Steps", "Size", "Seed", "Raw prompt", "Sampler"), fc.string()),
    );
    const texts = fc.oneof(
      values.map((object) => JSON.stringify(object)),
      line.map((pairs) => `x\n${pairs.map(([name, text]) => `${name}: ${text}`).join(", ")}`),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (parameters) => {
        const picture = pngWithTexts(plain, { parameters });
        const answer = await post("/v1/tools/read-metadata", new Blob([new Uint8Array(picture)]));
        expect([200, 422]).toContain(answer.status);
        if (answer.status === 422) return;
        const { request } = await answer.json();
        expect(() => readBody(CommonRequest, request)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  }, 300_000);

  test("what says nothing, or is no picture, is refused with the field and the reason", async () => {
    const refused = async (body: BodyInit) => {
      const answer = await post("/v1/tools/read-metadata", body);
      const { detail } = await answer.json();
      return [answer.status, detail[0].type, detail[0].loc];
    };
    const json = (body: unknown) => refused(JSON.stringify(body));
    const empty = new FormData();
    empty.set("image", "no file");
    expect(await refused(plain)).toEqual([422, "no_metadata", ["body", "image"]]);
    expect(await json({ image: plain.toString("base64") })).toEqual([422, "no_metadata", ["body", "image"]]);
    expect(await json({ image: "bm8=" })).toEqual([422, "bad_image", ["body", "image"]]);
    expect(await json({ image: "None" })).toEqual([422, "bad_image", ["body", "image"]]);
    expect(await json({})).toEqual([422, "missing", ["body", "image"]]);
    expect(await json({ image: 7 })).toEqual([422, "string_type", ["body", "image"]]);
    expect(await refused("")).toEqual([422, "missing", ["body"]]);
    expect(await refused("{")).toEqual([422, "json_invalid", ["body", 1]]);
    expect(await refused(empty)).toEqual([422, "bad_image", ["body", "image"]]);
    expect(await refused(new Uint8Array([0, 1, 2]))).toEqual([422, "bad_image", ["body", "image"]]);
  });
});

describe("generate_mask and describe-image", () => {
  const image = plain.toString("base64");
  const mask = (body: unknown) => postJson("/v1/tools/generate_mask", body);
  const describeImage = (body: unknown) => postJson("/v1/tools/describe-image", body);
  const first = ({ status, body }: { status: number; body: { detail: Record<string, unknown>[] } }) => [
    status,
    body.detail[0]?.type,
    body.detail[0]?.loc,
  ];

  test("types and both sides of every bound are checked", async () => {
    const bounds = [
      ["box_threshold", 0, 1, 0.001],
      ["text_threshold", 0, 1, 0.001],
      ["sam_max_detections", 0, 10, 1],
      ["dino_erode_or_dilate", -64, 64, 0.5],
    ] as const;
    for (const [name, least, most, step] of bounds) {
      for (const within of [least, most])
        expect(first(await mask({ image, [name]: within }))).toEqual([
          422,
          "value_error",
          ["body", "mask_model"],
        ]);
      expect(first(await mask({ image, [name]: least - step }))).toEqual([
        422,
        "greater_than_equal",
        ["body", name],
      ]);
      expect(first(await mask({ image, [name]: most + step }))).toEqual([
        422,
        "less_than_equal",
        ["body", name],
      ]);
    }
    expect(first(await mask({ image, mask_model: "u3net" }))).toEqual([422, "enum", ["body", "mask_model"]]);
    expect(first(await mask({ image, dino_debug: "maybe" }))).toEqual([
      422,
      "bool_parsing",
      ["body", "dino_debug"],
    ]);
    expect(first(await mask({ image, mask_model: "sam", sam_model: "vit_x" }))).toEqual([
      422,
      "value_error",
      ["body", "sam_model"],
    ]);
    expect(first(await mask({ image, mask_model: "u2net_cloth_seg", cloth_category: "hat" }))).toEqual([
      422,
      "value_error",
      ["body", "cloth_category"],
    ]);
  });

  test("an image must be there and open before anything else is said", async () => {
    for (const ask of [mask, describeImage]) {
      expect(first(await ask({}))).toEqual([422, "missing", ["body", "image"]]);
      expect(first(await ask({ image: "" }))).toEqual([422, "bad_image", ["body", "image"]]);
      expect(first(await ask({ image: "bm8=" }))).toEqual([422, "bad_image", ["body", "image"]]);
      expect(first(await ask({ image: "http://127.0.0.1:1/x.png" }))).toEqual([
        422,
        "unreachable_url",
        ["body", "image"],
      ]);
    }
  });

  test("a form is the legacy API's way to ask, answered in its manner", async () => {
    const form = new FormData();
    form.set("image", new Blob([plain], { type: "image/png" }), "a.png");
    const answer = await post("/v1/tools/describe-image?image_type=Anime", form);
    const { detail, body } = await answer.json();
    expect([answer.status, detail[0].type]).toEqual([422, "value_error"]);
    for (const fact of ["tagger-v2.onnx (326 MB", "tagger-v2.csv (254 kB", "models/clip_vision"])
      expect(detail[0].msg).toContain(fact);
    expect(Object.keys(body)).toEqual(["image"]);
    const without = await post("/v1/tools/describe-image", new FormData());
    expect(without.status).toBe(422);
  });

  test("the refusal names the model that is missing", async () => {
    const { body } = await mask({ image, mask_model: "sam", sam_model: "vit_l" });
    expect(first({ status: 422, body })).toEqual([422, "value_error", ["body", "dino_prompt_text"]]);
    const described = await mask({ image, mask_model: "sam", sam_model: "vit_l", dino_prompt_text: "cat" });
    for (const fact of [
      "groundingdino_swint_ogc.pth (694 MB",
      "models/inpaint",
      "sam_vit_l_0b3195.pth (1.25 GB",
      "models/sam",
    ])
      expect(described.body.detail[0].msg).toContain(fact);
    const without = await mask({ image, mask_model: "silueta" });
    expect(first(without)).toEqual([422, "value_error", ["body", "mask_model"]]);
    for (const fact of ["silueta.onnx", "44.2 MB", "models/inpaint", "https://github.com/danielgatis/rembg"])
      expect(without.body.detail[0].msg).toContain(fact);
    const photo = await describeImage({ image, image_type: "Photo" });
    expect(first(photo)).toEqual([422, "value_error", ["body", "image_type"]]);
    for (const fact of [
      "model_base_caption_capfilt_large.pth (896 MB",
      "models/clip_vision",
      "https://huggingface.co",
    ])
      expect(photo.body.detail[0].msg).toContain(fact);
    expect(first(await describeImage({ image, image_type: "Photograph" }))).toEqual([
      422,
      "enum",
      ["body", "image_type"],
    ]);
  });
});
