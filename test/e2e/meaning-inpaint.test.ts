import { expect, setDefaultTimeout, test } from "bun:test";
import sharp from "sharp";
import { draw, readPng } from "../../scripts/bench/quality/measure.ts";
import { demoServer } from "../support/demo-server.ts";
import { drawScene } from "../support/draw-scene.ts";

/** What an inpainted and a continued picture show, made with the demo model and read back from its pixels. */
setDefaultTimeout(900_000);

const server = demoServer();

const side = 256;
const settings = { aspect_ratios_selection: "256*256", overwrite_step: 10, style_selections: [] };

const colours = {
  red: [220, 30, 35],
  yellow: [250, 220, 40],
  green: [35, 155, 60],
  blue: [40, 80, 220],
  white: [245, 245, 245],
} as const;
type Colour = keyof typeof colours;

const base64 = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
const rgb = (png: Uint8Array): Promise<Buffer> => sharp(png).removeAlpha().raw().toBuffer();

async function scene(background: Colour, foreground: Colour, radius = 55): Promise<Uint8Array> {
  const still = {
    width: side,
    height: side,
    background: colours[background],
    foreground: colours[foreground],
    shape: "circle",
    x: side / 2,
    y: side / 2,
    radius,
    turn: 0,
    blur: 0.6,
    noise: 0,
  } as const;
  const { width, height, data } = await drawScene(still, () => 0.5);
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** White from `inset` pixels of every side on. */
async function maskOf(inset: number): Promise<Uint8Array> {
  const data = new Uint8Array(3 * side * side).map((_, at) => {
    const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side)];
    return [x, y].every((place) => place >= inset && place < side - inset) ? 255 : 0;
  });
  return await sharp(data, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
}

test("in nine of ten the hole shows what was asked for, and beyond its ramp no pixel is another", async () => {
  const asked = [
    ["blue", "red", "green", "square"],
    ["white", "blue", "red", "square"],
    ["yellow", "green", "blue", "circle"],
    ["blue", "yellow", "white", "square"],
    ["white", "red", "green", "circle"],
  ] as const;
  const inset = 48;
  const mask = base64(await maskOf(inset));
  let right = 0;
  for (const [index, [background, before, foreground, shape]] of [...asked, ...asked].entries()) {
    const picture = await scene(background, before);
    const prompt = `a ${foreground} ${shape} on a ${background} background`;
    const made = await draw(server(), prompt, 11 + index, {
      ...settings,
      inpaint_input_image: base64(picture),
      inpaint_mask_image_upload: mask,
      inpaint_respective_field: 1,
    });
    const read = await readPng(made);
    if (read.background === background && read.foreground === foreground) right += 1;
    const [old, new_] = [await rgb(picture), await rgb(made)];
    expect(new_.length).toBe(old.length);
    for (const [at, value] of old.entries()) {
      const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side)];
      const beyond = Math.max(inset - x, inset - y, x - (side - 1 - inset), y - (side - 1 - inset)) >= 32;
      if (beyond && new_[at] !== value) throw new Error(`${prompt}: ${x}, ${y} is ${new_[at]}, was ${value}`);
    }
  }
  expect(right).toBeGreaterThanOrEqual(9);
});

test("a picture that goes on beyond its sides goes on with its ground, and keeps what it was", async () => {
  let right = 0;
  const asked = [
    ["yellow", "red"],
    ["blue", "white"],
    ["white", "green"],
  ] as const;
  for (const [index, [background, foreground]] of asked.entries()) {
    const picture = await scene(background, foreground, 45);
    const made = await draw(server(), `a ${foreground} circle on a ${background} background`, 3 + index, {
      ...settings,
      inpaint_input_image: base64(picture),
      outpaint_selections: ["Left", "Right"],
      outpaint_distance: [64, 0, 64, 0],
    });
    const { width, height } = await sharp(made).metadata();
    expect([width, height]).toEqual([side + 128, side]);
    const strips = [0, side + 64].map((left) =>
      sharp(made).extract({ left, top: 0, width: 64, height: side }).png().toBuffer(),
    );
    const read = await Promise.all((await Promise.all(strips)).map((strip) => readPng(strip)));
    if (read.every((strip) => strip.background === background)) right += 1;
    const middle = await sharp(made)
      .extract({ left: 64 + 32, top: 0, width: side - 64, height: side })
      .removeAlpha()
      .raw()
      .toBuffer();
    const before = await sharp(picture)
      .extract({ left: 32, top: 0, width: side - 64, height: side })
      .removeAlpha()
      .raw()
      .toBuffer();
    expect(middle.equals(before)).toBe(true);
  }
  expect(right).toBeGreaterThanOrEqual(2);
});
