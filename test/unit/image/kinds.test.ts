import { expect, test } from "bun:test";
import sharp from "sharp";
import { decodeImage } from "#/image/decode.ts";
import { type RawPng, rawPng } from "../../support/raw-png.ts";

const pixelsOf = async (bytes: Uint8Array): Promise<readonly (readonly number[])[]> => {
  const { width, height, data } = await decodeImage(bytes, "f");
  expect(data.length).toBe(width * height * 3);
  return Array.from({ length: width * height }, (_, i) => [...data.subarray(i * 3, i * 3 + 3)]);
};
const png = (more: Omit<RawPng, "width" | "height">) => pixelsOf(rawPng({ width: 2, height: 1, ...more }));
const [black, white] = [
  [0, 0, 0],
  [255, 255, 255],
];

test("1-bit pictures are black and white, not 0 and 1", async () => {
  expect(await png({ bits: 1, colorType: 0, rows: [[0b01000000]] })).toEqual([black, white]);
});

test("palettes are their colours, not their numbers, transparent entries white", async () => {
  const palette = [10, 20, 30, 200, 100, 50];
  const rows = [[0b0001_0000]];
  expect(await png({ bits: 4, colorType: 3, rows, palette })).toEqual([
    [200, 100, 50],
    [10, 20, 30],
  ]);
  expect(await png({ bits: 8, colorType: 3, rows: [[1, 0]], palette, transparency: [0, 255] })).toEqual([
    [200, 100, 50],
    white,
  ]);
});

test("16 bits a channel become 8 by their upper half, grey and colour", async () => {
  expect(await png({ bits: 16, colorType: 0, rows: [[0x7f, 0xff, 0xff, 0xff]] })).toEqual([
    [127, 127, 127],
    white,
  ]);
  const rows = [[0x12, 0x34, 0x80, 0x00, 0xff, 0xff, 0, 0, 0, 1, 0xab, 0xcd]];
  const [first, second] = await png({ bits: 16, colorType: 2, rows });
  for (const [found, wanted] of [
    [first, [0x12, 0x80, 0xff]],
    [second, [0, 0, 0xab]],
  ] as const)
    for (const [i, value] of wanted.entries())
      expect(Math.abs((found?.[i] ?? -9) - value)).toBeLessThanOrEqual(1);
});

test("grey with alpha, 8 and 16 bits: grey three times, over white", async () => {
  const eight = await png({ bits: 8, colorType: 4, rows: [[80, 255, 80, 0]] });
  expect(eight).toEqual([[80, 80, 80], white]);
  const sixteen = await png({ bits: 16, colorType: 4, rows: [[80, 80, 255, 255, 80, 80, 0, 0]] });
  expect(sixteen).toEqual([[80, 80, 80], white]);
});

test("half transparent is blended onto white", async () => {
  const [pixel = []] = await png({ bits: 8, colorType: 6, rows: [[0, 0, 0, 128, 0, 0, 0, 255]] });
  for (const value of pixel) expect(Math.abs(value - 127)).toBeLessThanOrEqual(1);
});

/** Where row r and column c of the stored picture lie in the upright one of 2 by 3 (EXIF 2.3, tag Orientation). */
const places: Readonly<Record<number, (r: number, c: number) => readonly [x: number, y: number]>> = {
  1: (r, c) => [c, r],
  2: (r, c) => [1 - c, r],
  3: (r, c) => [1 - c, 2 - r],
  4: (r, c) => [c, 2 - r],
  5: (r, c) => [r, c],
  6: (r, c) => [1 - r, c],
  7: (r, c) => [1 - r, 2 - c],
  8: (r, c) => [r, 2 - c],
};

test("all eight EXIF orientations are turned upright", async () => {
  const upright = Array.from({ length: 6 }, (_, i) => [40 * i, 255 - 40 * i, 7]);
  for (const [orientation, place] of Object.entries(places)) {
    const [width, height] = Number(orientation) < 5 ? [2, 3] : [3, 2];
    const stored = Array.from({ length: 6 }, (_, i) => {
      const [x, y] = place(Math.floor(i / width), i % width);
      return upright[y * 2 + x] ?? [];
    });
    const marked = await sharp(Uint8Array.from(stored.flat()), { raw: { width, height, channels: 3 } })
      .withMetadata({ orientation: Number(orientation) })
      .png()
      .toBuffer();
    expect([orientation, await pixelsOf(marked)]).toEqual([orientation, upright]);
  }
});

test("CMYK, as print shops send it", async () => {
  const cmyk = await sharp({ create: { width: 8, height: 8, channels: 3, background: "yellow" } })
    .toColourspace("cmyk")
    .jpeg({ quality: 100 })
    .toBuffer();
  expect((await sharp(cmyk).metadata()).channels).toBe(4);
  const [[r = 0, g = 0, b = 255] = []] = await pixelsOf(cmyk);
  expect([r > 220, g > 200, b < 90]).toEqual([true, true, true]);
});

test("a phone's HEIC is called what it is, with what to send instead", async () => {
  const heic = Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1");
  await expect(decodeImage(heic, "f")).rejects.toMatchObject({
    code: "bad-image",
    message: expect.stringContaining("it is a HEIC"),
  });
});
