import { expect, test } from "bun:test";
import sharp from "sharp";
import { decodeImage } from "#/image/decode.ts";
import { convertImage, encodeImage, type ImageFormat } from "#/image/encode.ts";
import { imageGrid } from "#/image/grid.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { readEmbeddedText } from "#/image/read-embedded-text.ts";

const picture: Pixmap = {
  width: 17,
  height: 9,
  data: Uint8Array.from({ length: 17 * 9 * 3 }, (_, i) => (i * 7) % 256),
};
const text = { parameters: '{"prompt": "rød ☾"}', scheme: "fooocus" };

for (const format of ["png", "jpeg", "webp"] as const satisfies readonly ImageFormat[]) {
  test(`${format}: the texts inside come back whole, and the picture still opens`, async () => {
    const bytes = await encodeImage(picture, format, text);
    expect(await readEmbeddedText(bytes)).toEqual(text);
    expect(await sharp(bytes).metadata()).toMatchObject({ format, width: 17, height: 9 });
    const back = await decodeImage(bytes, "image");
    expect(back.data.length).toBe(picture.data.length);
    if (format === "png") expect([...back.data]).toEqual([...picture.data]);
  });
}

test("converting drops the texts and gives the format asked for", async () => {
  const bytes = await convertImage(await encodeImage(picture, "png", text), "webp");
  expect((await sharp(bytes).metadata()).format).toBe("webp");
  expect(await readEmbeddedText(bytes)).toEqual({});
});

test("what people send is decoded to 8-bit RGB", async () => {
  const raw = (channels: 1 | 2 | 3 | 4, values: readonly number[]) =>
    sharp(Uint8Array.from(values), { raw: { width: 1, height: 1, channels } });
  const pixel = async (bytes: Uint8Array) => [...(await decodeImage(bytes, "f")).data];
  expect(await pixel(await raw(4, [255, 0, 0, 0]).png().toBuffer())).toEqual([255, 255, 255]);
  expect(await pixel(await raw(1, [77]).toColourspace("b-w").png().toBuffer())).toEqual([77, 77, 77]);
  expect(await pixel(await raw(3, [9, 99, 199]).png({ palette: true }).toBuffer())).toEqual([9, 99, 199]);
  expect(await pixel(await raw(3, [9, 99, 199]).toColourspace("rgb16").png().toBuffer())).toEqual([
    9, 99, 199,
  ]);
  expect(await pixel(await raw(2, [80, 255]).toColourspace("b-w").png().toBuffer())).toEqual([80, 80, 80]);
  const turned = await sharp(picture.data, { raw: { width: 17, height: 9, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  expect(await decodeImage(turned, "f")).toMatchObject({ width: 9, height: 17 });
});

test("what is no image is refused by the field's name", async () => {
  await expect(decodeImage(new TextEncoder().encode("<html>"), "uov_input_image")).rejects.toThrow(
    "uov_input_image",
  );
});

test("a grid is as square as it can be", () => {
  expect(imageGrid([picture, picture, picture])).toMatchObject({ width: 34, height: 18 });
  expect(imageGrid([picture])).toBeUndefined();
});
