import { expect, test } from "bun:test";
import fc from "fast-check";
import sharp from "sharp";
import { decodeImage } from "#/image/decode.ts";
import { encodeImage } from "#/image/encode.ts";
import { pngTexts } from "#/image/png-text.ts";
import { readEmbeddedText } from "#/image/read-embedded-text.ts";
import { readExif } from "#/image/read-exif.ts";
import { exifOf } from "#/image/write-exif.ts";
import { RequestError } from "#/lib/errors.ts";

const picture = { width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(90) };
const text = { parameters: '{"prompt": "ä"}', scheme: "fooocus" };

/** Places and values to write over a file, and where it ends. */
const damage = fc.record({
  writes: fc.array(fc.tuple(fc.nat(4000), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
  length: fc.option(fc.nat(4000)),
});

function damaged(
  bytes: Uint8Array,
  { writes, length }: typeof damage extends fc.Arbitrary<infer T> ? T : never,
) {
  const copy = Uint8Array.from(bytes);
  for (const [at, value] of writes) copy[at % copy.length] = value;
  return length === null ? copy : copy.subarray(0, length % (copy.length + 1));
}

const decodes = async (bytes: Uint8Array): Promise<void> => {
  try {
    const { width, height, data } = await decodeImage(bytes, "f");
    expect(data.length).toBe(width * height * 3);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RequestError);
  }
};

for (const format of ["png", "jpeg", "webp"] as const) {
  test(`a damaged ${format} is a picture or a refusal, never a crash`, async () => {
    const bytes = await encodeImage(picture, format, text);
    await fc.assert(
      fc.asyncProperty(damage, (how) => decodes(damaged(bytes, how))),
      { numRuns: 3400 },
    );
  }, 300_000);
}

for (const format of ["gif", "tiff", "avif"] as const) {
  test(`a damaged ${format} of somebody else's is a picture or a refusal`, async () => {
    const pixels = sharp(picture.data, { raw: { width: 8, height: 8, channels: 3 } });
    const bytes = await pixels.toFormat(format).toBuffer();
    await decodes(bytes);
    await fc.assert(
      fc.asyncProperty(damage, (how) => decodes(damaged(bytes, how))),
      { numRuns: 1000 },
    );
  }, 300_000);
}

test("damaged texts and EXIF blocks are read as far as they go", async () => {
  const png = await encodeImage(picture, "png", text);
  const exif =
    exifOf({ software: "s", makerNote: "fooocus", userComment: "x".repeat(300) }) ?? new Uint8Array();
  fc.assert(
    fc.property(damage, (how) => {
      expect(pngTexts(damaged(png, how))).toBeInstanceOf(Map);
      expect(readExif(damaged(exif, how))).toBeObject();
    }),
    { numRuns: 10_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(pngTexts(bytes)).toBeInstanceOf(Map);
      expect(readExif(bytes)).toBeObject();
    }),
    { numRuns: 10_000 },
  );
}, 300_000);

test("a comment in UTF-16 that ends within a letter is read up to it", () => {
  // The writer ends every text with one zero byte.
  const exif = exifOf({ software: "", makerNote: "", userComment: "UNICODE\0\0a\0b" });
  expect(readExif(exif ?? new Uint8Array()).userComment).toBe("ab");
});

test("a picture with too many pixels is refused before it is unpacked", async () => {
  const header = await sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  // Width and height of the header chunk, with its checksum made right again by the encoder's own tool.
  header.writeUInt32BE(20_000, 16);
  header.writeUInt32BE(20_000, 20);
  header.writeUInt32BE(Bun.hash.crc32(header.subarray(12, 29)), 29);
  await expect(decodeImage(header, "uov_input_image")).rejects.toMatchObject({ code: "too-large" });
});

test("SVG is not taken: it can ask for files", async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  await expect(decodeImage(new TextEncoder().encode(svg), "f")).rejects.toMatchObject({ code: "bad-image" });
});

test("what is no picture has no text", async () => {
  await expect(readEmbeddedText(new TextEncoder().encode("no picture"))).rejects.toMatchObject({
    code: "bad-image",
  });
});
