import { expect, setDefaultTimeout, test } from "bun:test";
import sharp from "sharp";
import { readPng } from "../../scripts/bench/quality/measure.ts";
import { demoServer } from "../support/demo-server.ts";

/** What A1111's clients get, made with the demo model and read back from the pixels. */
setDefaultTimeout(300_000);

const server = demoServer();

type Answer = Readonly<{ images: readonly string[]; info: string }>;

async function asked(path: string, body: object): Promise<Readonly<{ png: Buffer; info: Info }>> {
  const answer = await fetch(`${server()}/sdapi/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect([answer.status, answer.ok ? "" : text]).toEqual([200, ""]);
  const { images, info }: Answer = JSON.parse(text);
  return { png: Buffer.from(images[0] ?? "", "base64"), info: JSON.parse(info) };
}
type Info = Readonly<{ seed: number; warnings: readonly string[]; infotexts: readonly string[] }>;

const small = { width: 256, height: 256, steps: 10, cfg_scale: 4, sampler_name: "DPM++ 2M", seed: 3 };
const pixels = (png: Uint8Array): Promise<Buffer> => sharp(png).removeAlpha().raw().toBuffer();
const base64 = (png: Uint8Array): string => Buffer.from(png).toString("base64");

/** Mean difference of two pictures' values, 0 to 255, where a mask says so. */
async function apart(one: Uint8Array, other: Uint8Array, at: (x: number, y: number) => boolean = () => true) {
  const [a, b] = [await pixels(one), await pixels(other)];
  const { width } = await sharp(one).metadata();
  let [sum, count] = [0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const pixel = Math.floor(i / 3);
    if (!at(pixel % width, Math.floor(pixel / width))) continue;
    sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    count += 1;
  }
  return sum / count;
}

const circle = () => asked("txt2img", { ...small, prompt: "a red circle on a white background" });

test("txt2img draws what it is asked for, the same again, and as the main door does without its additions", async () => {
  const { png, info } = await circle();
  expect(await readPng(png)).toMatchObject({ background: "white", foreground: "red" });
  expect(await sharp(png).metadata()).toMatchObject({ width: 256, height: 256, format: "png" });
  expect(info.warnings.filter((told) => told.startsWith("Not used"))).toEqual([]);
  expect(await pixels((await circle()).png)).toEqual(await pixels(png));
  const plain = await fetch(`${server()}/v1/engine/generate/`, {
    method: "POST",
    headers: { accept: "image/png" },
    body: JSON.stringify({
      prompt: "a red circle on a white background",
      aspect_ratios_selection: "256*256",
      overwrite_step: 10,
      style_selections: [],
      image_seed: 3,
      guidance_scale: 4,
      sampler_name: "dpmpp_2m",
      scheduler_name: "karras",
      sharpness: 0,
      adm_scaler_positive: 1,
      adm_scaler_negative: 1,
      adm_scaler_end: 0,
    }),
  });
  expect(await pixels(await plain.bytes())).toEqual(await pixels(png));
});

test("img2img: little strength keeps the picture, much draws another, at the size that was asked for", async () => {
  const { png } = await circle();
  const again = (denoising_strength: number, more: object = {}) =>
    asked("img2img", {
      ...small,
      prompt: "a green circle on a white background",
      init_images: [base64(png)],
      denoising_strength,
      ...more,
    });
  const little = await again(0.1);
  const much = await again(0.9);
  expect(await readPng(much.png)).toMatchObject({ background: "white", foreground: "green" });
  expect(await readPng(little.png)).toMatchObject({ background: "white", foreground: "red" });
  expect(await apart(little.png, png)).toBeLessThan((await apart(much.png, png)) / 3);
  const wide = await again(0.5, { width: 384, height: 192, resize_mode: 2 });
  expect(await sharp(wide.png).metadata()).toMatchObject({ width: 384, height: 192 });
});

test("inpaint: the masked place is drawn anew, and all else is as it was", async () => {
  const { png } = await circle();
  const mask = await sharp({ create: { width: 256, height: 256, channels: 3, background: "black" } })
    .composite([
      {
        input: { create: { width: 160, height: 160, channels: 3, background: "white" } },
        left: 48,
        top: 48,
      },
    ])
    .png()
    .toBuffer();
  const beyond = (x: number, y: number) => x < 24 || y < 24 || x >= 232 || y >= 232;
  for (const inpaint_full_res of [false, true]) {
    const { png: painted } = await asked("img2img", {
      ...small,
      prompt: "a blue square on a white background",
      init_images: [base64(png)],
      mask: base64(mask),
      denoising_strength: 1,
      inpaint_full_res,
    });
    expect(await apart(painted, png, beyond)).toBeLessThan(1);
    expect((await readPng(painted)).foreground).toBe("blue");
  }
});

test("hires fix makes a larger picture of the same things", async () => {
  const { png, info } = await asked("txt2img", {
    ...small,
    prompt: "a red circle on a white background",
    width: 128,
    height: 128,
    enable_hr: true,
    hr_scale: 2,
    hr_upscaler: "Latent",
    denoising_strength: 0.5,
  });
  expect(await sharp(png).metadata()).toMatchObject({ width: 256, height: 256 });
  expect(info.warnings).toContainEqual(expect.stringContaining("hr_upscaler Latent"));
});

test("a ControlNet unit: the picture has the edges that it was given", async () => {
  const { png } = await circle();
  const { png: guided } = await asked("txt2img", {
    ...small,
    prompt: "a blue circle on a yellow background",
    seed: 8,
    alwayson_scripts: {
      controlnet: {
        args: [{ enabled: true, module: "canny", model: "canny", image: base64(png), weight: 1 }],
      },
    },
  });
  expect(await readPng(guided)).toMatchObject({ foreground: "blue", background: "yellow" });
});
