import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { type RunningBinary, startBinary } from "../support/binary.ts";

setDefaultTimeout(600_000);

let server: RunningBinary;
let picture = "";
let mask = "";
beforeAll(async () => {
  server = await startBinary(["--upscale-without-model", "lanczos"]);
  const sides = { width: 120, height: 88, channels: 3 } as const;
  const dot = Buffer.from('<svg width="120" height="88"><circle cx="60" cy="44" r="30" fill="red"/></svg>');
  const drawn = sharp({ create: { ...sides, background: "#2860c8" } }).composite([{ input: dot }]);
  picture = (await drawn.png().toBuffer()).toString("base64");
  const white = {
    input: { create: { width: 40, height: 30, channels: 3, background: "white" } },
    left: 30,
    top: 20,
  } as const;
  const masked = sharp({ create: { ...sides, background: "black" } }).composite([white]);
  mask = (await masked.png().toBuffer()).toString("base64");
});
afterAll(() => server?.close());

const post = async (path: string, body: object | Uint8Array<ArrayBuffer>) =>
  (
    await fetch(server.url + path, {
      method: "POST",
      body: body instanceof Uint8Array ? body : JSON.stringify(body),
    })
  ).json();
const fileOf = async (record: { result: readonly string[] }) =>
  await (await fetch(record.result[0] ?? "")).bytes();

const pixelsOf = async (record: { result: readonly string[] }) =>
  sharp(await fileOf(record))
    .raw()
    .toBuffer();

const common = {
  prompt: "a red circle",
  performance_selection: "Lightning",
  style_selections: [],
  image_seed: 11,
};
const modes: readonly (readonly [string, () => object])[] = [
  ["vary", () => ({ uov_input_image: picture, uov_method: "Vary (Strong)", overwrite_vary_strength: 0.7 })],
  ["upscale", () => ({ uov_input_image: picture, uov_method: "Upscale (1.5x)" })],
  [
    "inpaint",
    () => ({
      inpaint_input_image: picture,
      inpaint_mask_image_upload: mask,
      inpaint_engine: "None",
      inpaint_additional_prompt: "a blue square",
      inpaint_erode_or_dilate: 2,
    }),
  ],
  [
    "outpaint",
    () => ({
      inpaint_input_image: picture,
      inpaint_engine: "None",
      outpaint_selections: ["Left", "Bottom"],
      outpaint_distance: [24, 0, 0, 0],
    }),
  ],
];

for (const [name, fields] of modes) {
  test(`${name}: a picture's own words make the same file again, in both schemes`, async () => {
    for (const [metadata_scheme, output_format] of [
      ["fooocus", "png"],
      ["a1111", "webp"],
    ] as const) {
      const kept = { metadata_scheme, output_format, save_metadata_to_images: true };
      const made = await post("/v1/engine/generate/", { ...common, ...kept, ...fields() });
      expect(made).toMatchObject({ task_status: "finished" });
      const file = await fileOf(made);
      const read = await post("/v1/tools/read-metadata", file);
      expect(read.scheme).toBe(metadata_scheme);
      // Nothing was lost on the way; what is foreseen is what was told.
      for (const warning of read.warnings) expect(made.warnings).toContain(warning);
      const again = await post("/v1/engine/generate/", { ...read.request, ...kept });
      expect(Buffer.from(await fileOf(again)).equals(Buffer.from(file))).toBe(true);
    }
  });
}

/** What saves network runs, and what counts in other numbers: each is in the picture's words, and makes the same again. */
const savings: readonly (readonly [string, object])[] = [
  ["cache and cfg_until", { cache: 0.6, cfg_until: 0.7 }],
  ["precision fast", { precision: "fast" }],
  ["all of them", { cache: 0.6, cfg_until: 0.7, precision: "fast" }],
];

for (const [name, fields] of savings) {
  test(`${name}: a picture's own words make the same file again, and are what made it`, async () => {
    const asked = {
      ...common,
      performance_selection: "Speed",
      overwrite_step: 10,
      overwrite_width: 192,
      overwrite_height: 192,
      output_format: "png",
      metadata_scheme: "fooocus",
      save_metadata_to_images: true,
    };
    const made = await post("/v1/engine/generate/", { ...asked, ...fields });
    expect(made).toMatchObject({ task_status: "finished" });
    const file = await fileOf(made);
    const { request } = await post("/v1/tools/read-metadata", file);
    expect(request).toMatchObject(fields);
    const { save_metadata_to_images, metadata_scheme, output_format } = asked;
    const kept = { save_metadata_to_images, metadata_scheme, output_format };
    const again = await post("/v1/engine/generate/", { ...request, ...kept });
    expect(Buffer.from(await fileOf(again)).equals(Buffer.from(file))).toBe(true);
    // It is no picture that would have come of it anyway; where a processor gains nothing by 8 bits, fast alone is.
    const plain = await post("/v1/engine/generate/", asked);
    const isFull = (made.warnings ?? []).some((warning: string) => /drawn in full precision/.test(warning));
    if (!(isFull && name === "precision fast"))
      expect((await pixelsOf(plain)).equals(await pixelsOf(made))).toBe(false);
    if ("cache" in fields) expect(made.pictures[0].network_runs_saved).toBeGreaterThan(0);
  });
}

test("where the picture that it started from is gone, that is said, and so does the request", async () => {
  const made = await post("/v1/engine/generate/", {
    ...common,
    ...modes[0]?.[1](),
    save_metadata_to_images: true,
  });
  const { request, warnings } = await post("/v1/tools/read-metadata", await fileOf(made));
  expect(warnings).toEqual([]);
  const inputs = join(server.folder, "inputs");
  for (const name of readdirSync(inputs).filter((one) => one.endsWith(".png"))) rmSync(join(inputs, name));
  const read = await post("/v1/tools/read-metadata", await fileOf(made));
  expect(read.warnings).toEqual([
    expect.stringMatching(
      /^The picture that it started from, [0-9a-f]{64}\.png of uov_input_image, is not in the inputs folder of this server/,
    ),
  ]);
  const { detail } = await post("/v1/engine/generate/", request);
  expect(detail).toEqual([
    expect.objectContaining({ type: "unreachable_url", loc: ["body", "uov_input_image"] }),
  ]);
});
