import { describe, expect, test } from "bun:test";
import sharp from "sharp";
import { decodeImage } from "#/image/decode.ts";
import { exifOrientation } from "#/web/dashboard/source/exif-orientation.ts";
import { turnOf } from "#/web/dashboard/source/turned.ts";

const [width, height] = [3, 2];
/** Six greys, far from each other. */
const greys = [0, 50, 100, 150, 200, 250];
const raw = { raw: { width, height, channels: 3 as const } };
const pixels = Buffer.from(greys.flatMap((grey) => [grey, grey, grey]));
const tags = [1, 2, 3, 4, 5, 6, 7, 8];

const written = async (format: "jpeg" | "png" | "webp" | "avif" | "tiff", orientation: number) =>
  new Uint8Array(await sharp(pixels, raw).withMetadata({ orientation }).toFormat(format).toBuffer());

describe.each(["jpeg", "png", "webp", "avif"] as const)("%s", (format) => {
  test.each(tags)("says how it is to be turned: %d", async (orientation) => {
    expect(exifOrientation(await written(format, orientation))).toBe(orientation);
  });
});

test("a picture without EXIF is not turned, nor one whose EXIF is cut short", async () => {
  expect(exifOrientation(new Uint8Array(await sharp(pixels, raw).png().toBuffer()))).toBe(1);
  expect(exifOrientation(new Uint8Array())).toBe(1);
  const whole = await written("webp", 6);
  const at = Buffer.from(whole).indexOf("EXIF");
  for (let length = 0; length < whole.length; length += 1)
    expect([1, 6]).toContain(exifOrientation(whole.subarray(0, length)));
  expect(exifOrientation(whole.subarray(0, at + 14))).toBe(1);
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
