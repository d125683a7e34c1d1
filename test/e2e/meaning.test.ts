import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import sharp from "sharp";
import { draw, readPng } from "../../scripts/bench/quality/measure.ts";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";

setDefaultTimeout(300_000);

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer();
});
afterAll(() => server?.close());

const settings = { aspect_ratios_selection: "256*256", overwrite_step: 8, style_selections: [] };
const quick = { overwrite_step: 6 };
const scene = "a red circle on a blue background";

const picture = (prompt: string, seed: number, more: Readonly<Record<string, unknown>> = {}) =>
  draw(server.url, prompt, seed, { ...settings, ...more });

/** Mean difference of two pictures' values, 0 to 255. */
async function apart(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all([one, other].map((png) => sharp(png).removeAlpha().raw().toBuffer()));
  if (a === undefined || b === undefined) throw new Error("two pictures were read");
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}

const isRed = (colour: string | undefined): boolean => colour === "red" || colour === "maroon";

test("what the negative prompt names is not drawn", async () => {
  const circle = "a circle on a white background";
  for (const seed of [1, 2]) {
    const { foreground } = await readPng(await picture(circle, seed));
    expect(isRed(foreground)).toBe(true);
    const without = await readPng(await picture(circle, seed, { negative_prompt: "red circle" }));
    expect(without.foreground).toBeDefined();
    expect(isRed(without.foreground)).toBe(false);
    expect(without.background).toBe("white");
  }
});

/** How much more there is of one channel (0 red, 1 green, 2 blue) than of another in the middle of a picture. */
async function more(png: Uint8Array, [one, other]: readonly [number, number]): Promise<number> {
  const middle = { left: 96, top: 96, width: 64, height: 64 };
  // Statistics are of what is read, whatever is cut out on the way.
  const { channels } = await sharp(await sharp(png).removeAlpha().extract(middle).png().toBuffer()).stats();
  return (channels[one]?.mean ?? 0) - (channels[other]?.mean ?? 0);
}

test("weights in brackets: of two colours for one circle the heavier one wins", async () => {
  const redness = async (weight: number, seed: number): Promise<number> =>
    more(await picture(`(red:${weight}) blue circle on a white background`, seed, quick), [0, 2]);
  const gains: number[] = [];
  for (const seed of [1, 2, 3]) gains.push((await redness(2.5, seed)) - (await redness(0.3, seed)));
  expect(gains.filter((gain) => gain > 50).length).toBe(3);
});

test("guidance: 1 hears no negative prompt, and more of it goes further towards one text and away from the other", async () => {
  const circle = "a circle on a white background";
  const drawn = (guidance_scale: number, seed: number, negative_prompt = "") =>
    picture(circle, seed, { ...quick, guidance_scale, negative_prompt });
  const redness = async (...asked: Parameters<typeof drawn>): Promise<number> =>
    more(await drawn(...asked), [0, 1]);
  let reddish = 0;
  for (const seed of [1, 2, 3]) {
    expect(await apart(await drawn(1, seed), await drawn(1, seed, "red circle"))).toBe(0);
    const [none, some, much] = [
      await redness(1, seed),
      await redness(1.5, seed, "red circle"),
      await redness(2.5, seed, "red circle"),
    ];
    expect([seed, some < none - 20, much < some - 40]).toEqual([seed, true, true]);
    // What a circle is of itself guidance has more of: that is to be seen where it is reddish, as most of these are.
    if (none < 20) continue;
    reddish += 1;
    expect([seed, (await redness(2.5, seed)) > none + 20]).toEqual([seed, true]);
  }
  expect(reddish).toBeGreaterThanOrEqual(2);
});

test("a LoRA of weight 0 is the base to the byte, and more of it is further away", async () => {
  const base = await picture(scene, 5);
  const with_ = (weight: number) =>
    picture(scene, 5, { loras: [{ enabled: true, model_name: "fooocusd-demo-neon.safetensors", weight }] });
  const far = [];
  for (const weight of [0, 0.5, 1]) far.push(await apart(base, await with_(weight)));
  expect(far[0]).toBe(0);
  expect(far[1]).toBeGreaterThan(5);
  expect(far[2]).toBeGreaterThan(1.5 * (far[1] ?? 0));
  expect(await apart(base, await with_(-0.5))).toBeGreaterThan(5);
});

test("FreeU with ones is the picture without it, its defaults are near, strong numbers are not", async () => {
  const base = await picture(scene, 5);
  const freeU = ([b1, b2, s1, s2]: readonly number[]) =>
    picture(scene, 5, { freeu_enabled: true, freeu_b1: b1, freeu_b2: b2, freeu_s1: s1, freeu_s2: s2 });
  expect(await apart(base, await freeU([1, 1, 1, 1]))).toBeLessThan(0.1);
  const near = await apart(base, await freeU([1.01, 1.02, 0.99, 0.95]));
  expect(near).toBeGreaterThan(0.1);
  expect(await apart(base, await freeU([1.3, 1.4, 0.9, 0.2]))).toBeGreaterThan(2 * near);
});

test("a picture that is varied a little stays nearer than one that is varied strongly, and shows the same", async () => {
  const base = await picture(scene, 5);
  const varied = (uov_method: string) =>
    picture(scene, 105, { uov_method, uov_input_image: Buffer.from(base).toString("base64") });
  const [subtle, strong] = [await varied("Vary (Subtle)"), await varied("Vary (Strong)")];
  const near = await apart(base, subtle);
  expect(near).toBeGreaterThan(1);
  expect(await apart(base, strong)).toBeGreaterThan(1.5 * near);
  const { foreground, background } = await readPng(subtle);
  expect([isRed(foreground), background]).toEqual([true, "blue"]);
});

test("a picture that is enlarged without being drawn anew is the picture, shrunk again", async () => {
  const base = await picture(scene, 5);
  const large = await picture(scene, 105, {
    uov_method: "Upscale (Fast 2x)",
    uov_input_image: Buffer.from(base).toString("base64"),
  });
  const { width, height } = await sharp(large).metadata();
  expect([width, height]).toEqual([512, 512]);
  expect(await apart(base, await sharp(large).resize(256, 256).png().toBuffer())).toBeLessThan(2);
});
