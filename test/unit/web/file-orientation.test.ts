import { describe, expect, test } from "bun:test";
import sharp from "sharp";
import { decodeImage } from "#/image/decode.ts";
import { fileOrientation } from "#/web/dashboard/source/file-orientation.ts";
import { turnOf } from "#/web/dashboard/source/turned.ts";

const [width, height] = [3, 2];
/** Six greys, far from each other. */
const greys = [0, 50, 100, 150, 200, 250];
const raw = { raw: { width, height, channels: 3 as const } };
const pixels = Buffer.from(greys.flatMap((grey) => [grey, grey, grey]));
const tags = [1, 2, 3, 4, 5, 6, 7, 8];

const written = async (format: "jpeg" | "png" | "webp" | "avif" | "tiff", orientation: number) =>
  new Uint8Array(await sharp(pixels, raw).withMetadata({ orientation }).toFormat(format).toBuffer());

test.each([1, 3, 6, 8])("an avif says it by a property: %d", async (orientation) => {
  const file = await written("avif", orientation);
  const { orientation: said, upright } = fileOrientation(file);
  expect(said).toBe(orientation);
  const lying = await decodeImage(upright, "uov_input_image");
  expect([lying.width, lying.height]).toEqual([width, height]);
});

test("an avif that is mirrored is not taken", async () => {
  expect(() =>
    fileOrientation(Buffer.from("\0\0\0\x0cftypavif\0\0\0\timir\x01") as Uint8Array<ArrayBuffer>),
  ).toThrow();
});

describe.each(["jpeg", "png", "webp"] as const)("%s", (format) => {
  test.each(tags)("says how it is to be turned: %d", async (orientation) => {
    const file = await written(format, orientation);
    const { orientation: said, upright } = fileOrientation(file);
    expect(said).toBe(orientation);
    // Without it the pixels lie as they are stored, for whoever turns pictures.
    const lying = await decodeImage(upright, "uov_input_image");
    expect([lying.width, lying.height]).toEqual([width, height]);
    if (format === "png") expect([...lying.data].filter((_, i) => i % 3 === 0)).toEqual(greys);
    expect(fileOrientation(upright).orientation).toBe(1);
  });
});

test("a picture without EXIF is not turned, nor one whose EXIF is cut short", async () => {
  const plain = new Uint8Array(await sharp(pixels, raw).png().toBuffer());
  expect(fileOrientation(plain)).toEqual({ orientation: 1, upright: plain });
  expect(fileOrientation(new Uint8Array()).orientation).toBe(1);
  const whole = await written("webp", 6);
  const at = Buffer.from(whole).indexOf("EXIF");
  for (let length = 0; length < whole.length; length += 1)
    expect([1, 6]).toContain(fileOrientation(whole.slice(0, length)).orientation);
  expect(fileOrientation(whole.slice(0, at + 14)).orientation).toBe(1);
});

test.each(tags)("orientation %d: every pixel is shown where the server has it", async (orientation) => {
  const server = await decodeImage(await written("png", orientation), "uov_input_image");
  const turn = turnOf(orientation, { width, height });
  expect([turn.width, turn.height]).toEqual([server.width, server.height]);
  const [a, b, c, d, e, f] = turn.matrix;
  const shown = Array.from({ length: width * height }, () => -1);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      // The middle of a pixel, as canvases draw.
      const right = a * (x + 0.5) + c * (y + 0.5) + e - 0.5;
      const below = b * (x + 0.5) + d * (y + 0.5) + f - 0.5;
      shown[below * turn.width + right] = greys[y * width + x] ?? -1;
    }
  expect(shown).toEqual([...server.data].filter((_, i) => i % 3 === 0));
});
