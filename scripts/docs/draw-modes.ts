/**
 * `bun scripts/docs/draw-modes.ts [--url http://127.0.0.1:7866] [--only vary]`: the pictures of docs/images.md, before and after, drawn by the
 * demo model on a server (its own, if none is named) into docs/images/. Some minutes on two cores.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { draw } from "../bench/quality/measure.ts";
import { contactSheet, type SheetCell } from "../bench/quality/sheet.ts";
import { startSourceServer } from "../bench/quality/source-server.ts";

const side = 256;
const settings = { aspect_ratios_selection: `${side}*${side}`, overwrite_step: 20, style_selections: [] };

const { values } = parseArgs({ options: { url: { type: "string" }, only: { type: "string" } } });
const server =
  values.url === undefined ? await startSourceServer() : { url: values.url, close: async () => {} };

const made = (prompt: string, seed: number, more: object = {}) =>
  draw(server.url, prompt, seed, { ...settings, ...more });
const base64 = (png: Uint8Array): string => Buffer.from(png).toString("base64");

async function save(name: string, cells: readonly SheetCell[], width = side): Promise<void> {
  const sheet = await contactSheet(cells, { columns: cells.length, width, height: side });
  await Bun.write(join(import.meta.dir, "../../docs/images", `${name}.webp`), sheet);
  console.log(`docs/images/${name}.webp: ${(sheet.length / 1000).toFixed(0)} kB`);
}

async function vary(): Promise<void> {
  const prompt = "a yellow star on a purple background";
  const before = await made(prompt, 5);
  const varied = (uov_method: string) => made(prompt, 105, { uov_method, uov_input_image: base64(before) });
  await save("vary", [
    { image: before, caption: "the picture" },
    { image: await varied("Vary (Subtle)"), caption: "Vary (Subtle)" },
    { image: await varied("Vary (Strong)"), caption: "Vary (Strong)" },
  ]);
}

/** The same part of pictures of all sizes, in single pixels. */
async function part(png: Uint8Array): Promise<Uint8Array> {
  const { width } = await sharp(png).metadata();
  const [at, length] = [Math.round(0.25 * width), Math.round(0.25 * width)];
  // Statistics and sizes are of what was read: cut first, enlarge after.
  const cut = await sharp(png).extract({ left: at, top: at, width: length, height: length }).png().toBuffer();
  return await sharp(cut).resize(side, side, { kernel: "nearest" }).png().toBuffer();
}

async function upscale(): Promise<void> {
  const prompt = "a white star on a blue background";
  const before = await made(prompt, 8);
  const enlarged = (uov_method: string) => made(prompt, 108, { uov_method, uov_input_image: base64(before) });
  await save("upscale", [
    { image: before, caption: "the picture, 256 x 256" },
    { image: await part(before), caption: "a sixteenth of it, in its own pixels" },
    { image: await part(await enlarged("Upscale (Fast 2x)")), caption: "Upscale (Fast 2x): enlarged" },
    { image: await part(await enlarged("Upscale (2x)")), caption: "Upscale (2x): enlarged and drawn over" },
  ]);
}

async function inpaint(): Promise<void> {
  const before = await made("a small yellow circle on the right of a blue background", 5);
  const hole = '<rect x="24" y="56" width="96" height="96" fill="white"/>';
  const mask = await sharp(
    Buffer.from(`<svg width="${side}" height="${side}"><rect width="100%" height="100%"/>${hole}</svg>`),
  )
    .png()
    .toBuffer();
  const after = await made("a red star on a blue background", 3, {
    inpaint_input_image: base64(before),
    inpaint_mask_image_upload: base64(mask),
    inpaint_respective_field: 0.3,
  });
  await save("inpaint", [
    { image: before, caption: "inpaint_input_image" },
    { image: mask, caption: "inpaint_mask_image_upload" },
    { image: after, caption: "a red star on a blue background" },
  ]);
}

async function outpaint(): Promise<void> {
  const prompt = "a green heart on a yellow background";
  const before = await made(prompt, 5);
  const after = await made(prompt, 3, {
    inpaint_input_image: base64(before),
    outpaint_selections: ["Left", "Right"],
    outpaint_distance: [64, 0, 96, 0],
  });
  const frame = `<svg width="416" height="256"><rect x="64.5" y="0.5" width="255" height="255" fill="none" stroke="#22262a"
    stroke-dasharray="4 4"/></svg>`;
  const framed = await sharp(after)
    .composite([{ input: Buffer.from(frame) }])
    .png()
    .toBuffer();
  await save(
    "outpaint",
    [
      { image: before, caption: "the picture" },
      { image: framed, caption: "64 pixels on the left, 96 on the right; dashed: where the picture was" },
    ],
    416,
  );
}

async function guided(): Promise<void> {
  const before = await made("a small white heart on the left of a teal background", 5);
  const control = { cn_img: base64(before), cn_type: "PyraCanny" };
  const edges = await made("", 5, { controlnet_image: [control], debugging_cn_preprocessor: true });
  const after = await made("a red heart on a yellow background", 3, { controlnet_image: [control] });
  await save("guided", [
    { image: before, caption: "cn_img" },
    { image: edges, caption: "its edges, as PyraCanny prepares them" },
    { image: after, caption: "a red heart on a yellow background" },
  ]);
}

async function imagePrompt(): Promise<void> {
  const before = await made("a pink heart on a navy background", 5);
  const like = { controlnet_image: [{ cn_img: base64(before), cn_type: "ImagePrompt" }] };
  await save("image-prompt", [
    { image: before, caption: "cn_img, as ImagePrompt" },
    { image: await made("", 12, like), caption: "no prompt, another seed" },
    { image: await made("", 13, like), caption: "and another" },
  ]);
}

const figures = { vary, upscale, inpaint, outpaint, guided, imagePrompt };

try {
  for (const [name, figure] of Object.entries(figures)) {
    if (values.only === undefined || values.only === name) await figure();
  }
} finally {
  await server.close();
}
