import { expect, setDefaultTimeout, test } from "bun:test";
import sharp from "sharp";
import { draw, readPng } from "../../scripts/bench/quality/measure.ts";
import evaluation from "../../scripts/train/eval-prompts.json" with { type: "json" };
import { demoServer } from "../support/demo-server.ts";
import { drawScene } from "../support/draw-scene.ts";

/** What image prompts carry over, made with the demo model, its vision tower and its adapter, and read back from the pixels. */
setDefaultTimeout(900_000);

const server = demoServer();

const side = 256;
const settings = { aspect_ratios_selection: "256*256", overwrite_step: 12, style_selections: [] };
const palette: Readonly<Record<string, readonly number[]>> = evaluation.palette;

/** One of each shape, each with its own colours. */
const scenes = [
  ["circle", "red", "white"],
  ["square", "blue", "yellow"],
  ["star", "yellow", "purple"],
  ["heart", "pink", "navy"],
  ["triangle", "green", "white"],
  ["cross", "white", "teal"],
  ["diamond", "orange", "black"],
  ["flower", "magenta", "lime"],
  ["ring", "purple", "beige"],
  ["moon", "cyan", "maroon"],
] as const;

async function pictureOf([shape, foreground, background]: (typeof scenes)[number]): Promise<string> {
  const place = { shape, x: side / 2, y: side / 2, radius: 75, turn: 0, width: side, height: side };
  const colours = { background: palette[background] ?? [], foreground: palette[foreground] ?? [] };
  const { width, height, data } = await drawScene({ ...place, ...colours, blur: 0.6, noise: 0 }, () => 0.5);
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return png.toString("base64");
}

test("an image prompt carries colour and shape over in eight of ten, and without it they are others", async () => {
  let [carried, chance] = [0, 0];
  const missed: string[] = [];
  for (const [index, scene] of scenes.entries()) {
    const [shape, foreground, background] = scene;
    const with_ = await draw(server(), "", 51 + index, {
      ...settings,
      controlnet_image: [{ cn_img: await pictureOf(scene), cn_type: "ImagePrompt" }],
    });
    const read = await readPng(with_);
    if (read.foreground === foreground && read.shape === shape) carried += 1;
    else missed.push(`${shape}, ${foreground} on ${background}: ${JSON.stringify(read)}`);
    const without = await readPng(await draw(server(), "", 51 + index, settings));
    if (without.foreground === foreground && without.shape === shape) chance += 1;
  }
  expect({ carried, missed: carried >= 8 ? [] : missed }).toEqual({ carried, missed: [] });
  expect(chance).toBeLessThanOrEqual(2);
});
