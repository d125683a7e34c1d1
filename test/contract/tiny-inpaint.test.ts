import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { goldenPath, tinyCheckpoint } from "../support/golden.ts";

/** The whole server with the real engine on tiny random networks, and the files of two inpaint engines that fit them. */
setDefaultTimeout(300_000);

const models = mkdtempSync(join(tmpdir(), "fooocusd-tiny-"));
let server: SourceServer;
beforeAll(async () => {
  const put = (from: string, kind: string, name: string) => {
    mkdirSync(join(models, kind), { recursive: true });
    copyFileSync(from, join(models, kind, name));
  };
  put(await tinyCheckpoint(), "checkpoints", "tiny.safetensors");
  writeFileSync(join(models, "checkpoints/tiny.json"), JSON.stringify({ size_number: 64 }));
  put(goldenPath("tiny-lora-sgm.safetensors"), "loras", "tiny.safetensors");
  put(goldenPath("inpaint-head.pth"), "inpaint", "fooocus_inpaint_head.pth");
  put(goldenPath("inpaint-patch-legacy.patch"), "inpaint", "inpaint.fooocus.patch");
  put(goldenPath("inpaint-patch.patch"), "inpaint", "inpaint_v26.fooocus.patch");
  server = await startSourceServer(["--models", models]);
});
afterAll(async () => {
  await server?.close();
  rmSync(models, { recursive: true, force: true });
});

const post = async (path: string, body: object | Uint8Array<ArrayBuffer>) =>
  (
    await fetch(server.url + path, {
      method: "POST",
      body: body instanceof Uint8Array ? body : JSON.stringify(body),
    })
  ).json();
const fileOf = async (record: { result: readonly string[] }) =>
  Buffer.from(await (await fetch(record.result[0] ?? "")).bytes());
const rgb = (file: Uint8Array) => sharp(file).rotate().removeAlpha().raw().toBuffer();

const common = {
  prompt: "a red circle",
  base_model_name: "tiny.safetensors",
  refiner_model_name: "None",
  loras: [],
  style_selections: [],
  overwrite_step: 4,
  image_seed: 11,
  inpaint_engine: "None",
};

/** A slope in every direction, 80 x 40. */
const slope = Uint8Array.from({ length: 80 * 40 * 3 }, (_, i) => {
  const [x, y] = [Math.floor(i / 3) % 80, Math.floor(i / 240)];
  return [3 * x, 5 * y, 2 * x + y][i % 3] ?? 0;
});
const sent = () => sharp(slope, { raw: { width: 80, height: 40, channels: 3 } });

async function maskOf(width: number, height: number, white: (x: number, y: number) => boolean) {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    white(i % width, Math.floor(i / width)) ? 255 : 0,
  );
  return (
    await sharp(data, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer()
  ).toString("base64");
}

test("a picture that was held otherwise is turned before its mask is laid on it, in all eight ways", async () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const file = await sent().withMetadata({ orientation }).jpeg({ quality: 100 }).toBuffer();
    const [width, height] = orientation > 4 ? [40, 80] : [80, 40];
    const record = await post("/v1/engine/generate/", {
      ...common,
      inpaint_input_image: file.toString("base64"),
      inpaint_mask_image_upload: await maskOf(width, height, (x, y) => x >= width - 6 && y >= height - 4),
      inpaint_respective_field: 0,
    });
    expect(record).toMatchObject({ task_status: "finished", pictures: [{ width, height }] });
    const made = await rgb(await fileOf(record));
    const before = await rgb(await (await fetch(record.req_params.inpaint_input_image)).bytes());
    expect(made.length).toBe(width * height * 3);
    let changed = 0;
    for (const [i, value] of before.entries()) {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      const [right, below] = [width - 6 - x, height - 4 - y];
      if (Math.max(right, below) >= 32 && made[i] !== value)
        throw new Error(`orientation ${orientation}: ${x}, ${y} changed`);
      if (right <= 0 && below <= 0 && made[i] !== value) changed += 1;
    }
    expect([orientation, changed > 20]).toEqual([orientation, true]);
  }
});

const repainted = async () => ({
  ...common,
  inpaint_input_image: (await sent().png().toBuffer()).toString("base64"),
  inpaint_mask_image_upload: await maskOf(80, 40, (x, y) => x > 20 && x < 60 && y > 10 && y < 30),
  save_metadata_to_images: true,
});

for (const inpaint_engine of ["v1", "v2.6"])
  test(`engine ${inpaint_engine}: a picture's own words make the same file again, in both schemes`, async () => {
    const without = await fileOf(await post("/v1/engine/generate/", await repainted()));
    for (const metadata_scheme of ["fooocus", "a1111"]) {
      const body = { ...(await repainted()), inpaint_engine, metadata_scheme };
      const made = await post("/v1/engine/generate/", body);
      expect(made).toMatchObject({ task_status: "finished" });
      const file = await fileOf(made);
      expect((await rgb(file)).equals(await rgb(without))).toBe(false);
      const { request, warnings } = await post("/v1/tools/read-metadata", new Uint8Array(file));
      expect(warnings).toEqual(made.warnings ?? []);
      const kept = { metadata_scheme, save_metadata_to_images: true };
      const again = await fileOf(await post("/v1/engine/generate/", { ...request, ...kept }));
      expect(again.equals(file)).toBe(true);
    }
  });

test("what a record says of its request makes the same pixels again, its LoRAs put back into objects", async () => {
  const loras = [{ enabled: true, model_name: "tiny.safetensors", weight: 0.5 }];
  const body = { ...(await repainted()), inpaint_engine: "v2.6", loras, image_seed: -1 };
  const made = await post("/v1/engine/generate/", body);
  const { loras: flat, ...params } = made.req_params;
  const objects = Array.from({ length: flat.length / 3 }, (_, at) => ({
    enabled: flat[3 * at],
    model_name: flat[3 * at + 1],
    weight: flat[3 * at + 2],
  }));
  const again = await post("/v1/engine/generate/", { ...params, loras: objects });
  expect(again).toMatchObject({ task_status: "finished", req_params: params });
  expect((await rgb(await fileOf(again))).equals(await rgb(await fileOf(made)))).toBe(true);
});

test("a LoRA of weight 0 beside an engine is none, bit for bit", async () => {
  const made = async (...weights: number[]) => {
    const loras = weights.map((weight) => ({ enabled: true, model_name: "tiny.safetensors", weight }));
    const record = await post("/v1/engine/generate/", {
      ...(await repainted()),
      inpaint_engine: "v2.6",
      loras,
    });
    expect(record).toMatchObject({ task_status: "finished" });
    return await rgb(await fileOf(record));
  };
  const without = await made();
  expect((await made(0)).equals(without)).toBe(true);
  expect((await made(1)).equals(without)).toBe(false);
});
