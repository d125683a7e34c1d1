import { describe, expect, test } from "bun:test";
import sharp from "sharp";
import { pictureLimits } from "#/image/claims.ts";
import { decodeImage } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import { inspectPicture } from "#/image/inspect.ts";
import { readEmbeddedText } from "#/image/read-embedded-text.ts";
import * as made from "../../support/claiming-pictures.ts";

const { side, pixels, frames, scans, chunks, chunkBytes, metadataBytes, unpackedBytes, channels } =
  pictureLimits;
const times = (count: number, part: Uint8Array): Uint8Array[] => Array.from({ length: count }, () => part);
const rows = Math.floor(pixels / side);

type Case = readonly [what: string, says: string, atTheBound: Uint8Array, beyond: Uint8Array];

/** What is at the bound passes the guard; what the decoder then says of such a fragment is another matter. */
const cases: readonly Case[] = [
  ["PNG: a side", `${side + 1} pixels on a side`, made.png([], side, 1), made.png([], side + 1, 1)],
  ["PNG: pixels", "pixels; 100000000 is the limit", made.png([], side, rows), made.png([], side, rows + 1)],
  [
    "PNG: texts",
    `more than ${chunks} chunks`,
    made.png(times(chunks, made.text)),
    made.png(times(chunks + 1, made.text)),
  ],
  [
    "PNG: one text",
    `${chunkBytes + 1} bytes in one chunk`,
    made.png([made.long(chunkBytes)]),
    made.png([made.long(chunkBytes + 1)]),
  ],
  [
    "PNG: a compressed text",
    "bytes of metadata when they are unpacked",
    made.png([made.packed.zTXt(unpackedBytes)]),
    made.png([made.packed.zTXt(unpackedBytes + 1)]),
  ],
  [
    "PNG: a compressed text in UTF-8",
    "when they are unpacked",
    made.png([made.packed.iTXt(unpackedBytes)]),
    made.png([made.packed.iTXt(unpackedBytes + 1)]),
  ],
  [
    "PNG: a colour profile and a text",
    "when they are unpacked",
    made.png([made.packed.iCCP(unpackedBytes / 2), made.packed.zTXt(unpackedBytes / 2)]),
    made.png([made.packed.iCCP(unpackedBytes / 2), made.packed.zTXt(unpackedBytes / 2 + 1)]),
  ],
  [
    "PNG: frames",
    `more than ${frames} frames`,
    made.png(times(frames, made.frameControl())),
    made.png(times(frames + 1, made.frameControl())),
  ],
  [
    "PNG: a frame's side",
    "pixels on a side",
    made.png([made.frameControl(side)]),
    made.png([made.frameControl(side + 1)]),
  ],
  [
    "JPEG: a side",
    "pixels on a side",
    made.jpeg(made.jpegFrame(side, 1)),
    made.jpeg(made.jpegFrame(side + 1, 1)),
  ],
  [
    "JPEG: pixels",
    "pixels; 100000000 is the limit",
    made.jpeg(made.jpegFrame(side, rows)),
    made.jpeg(made.jpegFrame(side, rows + 1)),
  ],
  [
    "JPEG: a second frame",
    "pixels on a side",
    made.jpeg(made.jpegFrame(9, 9), made.jpegFrame(side, 1)),
    made.jpeg(made.jpegFrame(9, 9), made.jpegFrame(side + 1, 1)),
  ],
  [
    "JPEG: scans",
    `more than ${scans} scans`,
    made.jpeg(made.jpegFrame(9, 9), ...times(scans, made.jpegScan)),
    made.jpeg(made.jpegFrame(9, 9), ...times(scans + 1, made.jpegScan)),
  ],
  [
    "JPEG: scans of a large picture",
    "more than 1500000000 pixels in all its scans",
    made.jpeg(made.jpegFrame(10_000, 10_000), ...times(15, made.jpegScan)),
    made.jpeg(made.jpegFrame(10_000, 10_000), ...times(16, made.jpegScan)),
  ],
  [
    "JPEG: comments",
    "chunks of metadata",
    made.jpeg(...times(chunks, made.jpegSegment())),
    made.jpeg(...times(chunks + 1, made.jpegSegment())),
  ],
  [
    "JPEG: segments of applications",
    "chunks of metadata",
    made.jpeg(...times(chunks, made.jpegSegment(0xed))),
    made.jpeg(...times(chunks + 1, made.jpegSegment(0xed))),
  ],
  [
    "JPEG: colours",
    `${channels + 1} values a pixel`,
    made.jpeg(made.jpegFrame(9, 9, channels)),
    made.jpeg(made.jpegFrame(9, 9, channels + 1)),
  ],
  [
    "WebP: the canvas",
    "pixels on a side",
    made.webp(made.webpCanvas(side, 1)),
    made.webp(made.webpCanvas(side + 1, 1)),
  ],
  [
    "WebP: pixels of a lossless one",
    "pixels; 100000000",
    made.webp(made.webpLossless(10_000, 10_000)),
    made.webp(made.webpLossless(10_001, 10_000)),
  ],
  [
    "WebP: pixels of a lossy one",
    "pixels; 100000000",
    made.webp(made.webpLossy(10_000, 10_000)),
    made.webp(made.webpLossy(10_001, 10_000)),
  ],
  [
    "WebP: frames",
    "frames or pages",
    made.webp(made.webpCanvas(9, 9), ...times(frames, made.webpFrame())),
    made.webp(made.webpCanvas(9, 9), ...times(frames + 1, made.webpFrame())),
  ],
  [
    "WebP: a frame's side",
    "pixels on a side",
    made.webp(made.webpFrame(side)),
    made.webp(made.webpFrame(side + 1)),
  ],
  [
    "WebP: texts",
    "chunks of metadata",
    made.webp(...times(chunks, made.webpText)),
    made.webp(...times(chunks + 1, made.webpText)),
  ],
  ["GIF: a side", "pixels on a side", made.gif([], side, 1), made.gif([], side + 1, 1)],
  ["GIF: pixels", "pixels; 100000000", made.gif([], side, rows), made.gif([], side, rows + 1)],
  [
    "GIF: frames",
    "frames or pages",
    made.gif(times(frames, made.gifFrame())),
    made.gif(times(frames + 1, made.gifFrame())),
  ],
  [
    "GIF: a frame beside the canvas",
    "pixels on a side",
    made.gif([made.gifFrame(30_000, side - 30_000)]),
    made.gif([made.gifFrame(30_000, side - 29_999)]),
  ],
  [
    "GIF: comments",
    "chunks of metadata",
    made.gif(times(chunks, made.gifComment)),
    made.gif(times(chunks + 1, made.gifComment)),
  ],
  ...(["little", "big", "large"] as const).flatMap((kind): readonly Case[] => [
    [
      `TIFF, ${kind}: a side`,
      "pixels on a side",
      made.tiff(made.tiffSize(side, 1), 1, kind),
      made.tiff(made.tiffSize(side + 1, 1), 1, kind),
    ],
    [
      `TIFF, ${kind}: pages`,
      "frames or pages",
      made.tiff(made.tiffSize(9, 9), frames, kind),
      made.tiff(made.tiffSize(9, 9), frames + 1, kind),
    ],
    [
      `TIFF, ${kind}: a text`,
      "bytes in one chunk",
      made.tiff([[270, 2, chunkBytes, 8]], 1, kind),
      made.tiff([[270, 2, chunkBytes + 1, 8]], 1, kind),
    ],
    [
      `TIFF, ${kind}: texts`,
      "bytes of metadata;",
      made.tiff(
        [
          [270, 2, metadataBytes / 2, 8],
          [271, 2, metadataBytes / 2, 8],
        ],
        1,
        kind,
      ),
      made.tiff(
        [
          [270, 2, metadataBytes / 2, 8],
          [271, 2, metadataBytes / 2, 8],
          [272, 2, 9, 8],
        ],
        1,
        kind,
      ),
    ],
  ]),
  [
    "TIFF: a tile's side",
    "pixels on a side",
    made.tiff([...made.tiffSize(9, 9), [322, 4, 1, side]]),
    made.tiff([...made.tiffSize(9, 9), [322, 4, 1, side + 1], [323, 4, 1, 1]]),
  ],
  [
    "TIFF: values a pixel",
    "values a pixel",
    made.tiff([...made.tiffSize(9, 9), [277, 3, 1, channels]]),
    made.tiff([...made.tiffSize(9, 9), [277, 3, 1, channels + 1]]),
  ],
  [
    "AVIF: a side",
    "pixels on a side",
    made.avif([made.avifSize(side, 1)]),
    made.avif([made.avifSize(side + 1, 1)]),
  ],
  [
    "AVIF: pixels of a picture in it",
    "pixels; 100000000",
    made.avif([made.avifSize(9, 9), made.avifSize(side, rows)]),
    made.avif([made.avifSize(9, 9), made.avifSize(side, rows + 1)]),
  ],
  [
    "AVIF: pictures",
    "frames or pages",
    made.avif([], [made.avifItems(frames)]),
    made.avif([], [made.avifItems(frames + 1)]),
  ],
  [
    "AVIF: what its stream says",
    "pixels on a side",
    made.avifOfStream(made.av1(side, 1)),
    made.avifOfStream(made.av1(side + 1, 1)),
  ],
  [
    "AVIF: a stream in pieces",
    "pixels; 100000000",
    made.avifOfStream(made.av1(side, rows), 2),
    made.avifOfStream(made.av1(side, rows + 1), 2),
  ],
  [
    "AVIF: a film's stream",
    "pixels on a side",
    made.avifOfStream(made.av1(side, 1, false)),
    made.avifOfStream(made.av1(side + 1, 1, false)),
  ],
  [
    "WebP: a stream within a frame",
    "pixels on a side",
    made.webp(made.webpFrame(9, 9, made.webpLossless(9, 9))),
    made.webp(made.webpFrame(9, 9, made.webpCanvas(side + 1, 1))),
  ],
  [
    "AVIF: boxes",
    "chunks of metadata",
    made.avif([], times(chunks - 1, made.avifOther)),
    made.avif([], times(chunks, made.avifOther)),
  ],
];

describe("a file of a few KB may claim gigabytes or seconds: it is refused before a decoder sees it", () => {
  for (const [what, says, atTheBound, beyond] of cases) {
    test(what, async () => {
      expect(beyond.length).toBeLessThan(130_000);
      const gate = new DecodeGate();
      const refused = {
        code: "too-large",
        message: expect.stringContaining(says),
        details: { field: "uov_input_image" },
      };
      await expect(decodeImage(beyond, "uov_input_image", gate)).rejects.toMatchObject(refused);
      await expect(readEmbeddedText(beyond, "uov_input_image")).rejects.toMatchObject(refused);
      expect(gate.state.highest).toBe(0);
      expect(() => inspectPicture(atTheBound)).not.toThrow();
      expect(inspectPicture(atTheBound)).toBeDefined();
    });
  }
});

test("the sentence names the field, the claim, the bound and the way out", async () => {
  await expect(decodeImage(made.png([], side + 1, 1), "controlnet_image.0.cn_img")).rejects.toThrow(
    "The image in controlnet_image.0.cn_img has 32769 pixels on a side; 32768 is the limit: send it smaller.",
  );
});

test("an AVIF's stream is read as the encoder wrote it", async () => {
  const avif = await sharp({ create: { width: 300, height: 17, channels: 4, background: "#1234" } })
    .avif()
    .toBuffer();
  // Without the size in its boxes, only the streams say it.
  const at = avif.indexOf("ispe");
  avif.fill(0, at + 8, at + 16);
  expect(inspectPicture(avif)).toMatchObject({ pixels: 300 * 17 });
});

test("a picture with a thousand texts is still a picture, and a page that leads back to itself is one page", async () => {
  const decoded = await decodeImage(made.png(times(chunks, made.text)), "f");
  expect(decoded).toMatchObject({ width: 1, height: 1 });
  const circle = Buffer.from(made.tiff(made.tiffSize(9, 9)));
  circle.writeUInt32LE(8, circle.length - 4);
  expect(inspectPicture(circle)).toEqual({ pixels: 81, frames: 1 });
});

test("what begins like no picture is refused whatever it says: SVG, PDF, PostScript, text", async () => {
  for (const text of [
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "%PDF-1.7",
    "%!PS",
    "P3 1 1 255 0 0 0",
    "",
  ])
    await expect(decodeImage(new TextEncoder().encode(text), "f")).rejects.toMatchObject({
      code: "bad-image",
    });
});

const picture = await encodeImage({ width: 500, height: 500, data: new Uint8Array(750_000) }, "png");

describe("the gate", () => {
  const each = 500 * 500 * 8;

  test("twenty pictures at once are decoded a few at a time", async () => {
    const gate = new DecodeGate(3 * each);
    const all = await Promise.all(Array.from({ length: 20 }, () => decodeImage(picture, "f", gate)));
    expect(all.every(({ width }) => width === 500)).toBe(true);
    expect(gate.state).toEqual({ bytes: 0, highest: 3 * each, waiting: 0 });
  });

  test("one that is larger than the bound goes alone, and nobody overtakes it", async () => {
    const gate = new DecodeGate(100);
    const order: string[] = [];
    const doors = new Map<string, () => void>();
    const work = (name: string, bytes: number) =>
      gate.run(bytes, () => {
        order.push(name);
        return new Promise<void>((resolve) => doors.set(name, resolve));
      });
    const leave = async (name: string): Promise<void> => {
      doors.get(name)?.();
      await Bun.sleep(0);
    };
    const all = [work("small", 60), work("large", 500), work("other", 10)];
    expect([order, gate.state.waiting]).toEqual([["small"], 2]);
    await leave("small");
    expect(order).toEqual(["small", "large"]);
    await leave("large");
    expect(order).toEqual(["small", "large", "other"]);
    await leave("other");
    await Promise.all(all);
    expect(gate.state).toEqual({ bytes: 0, highest: 500, waiting: 0 });
  });

  test("a picture that fails leaves room for the next", async () => {
    const gate = new DecodeGate(each);
    const broken = picture.slice(0, picture.length - 40);
    await expect(decodeImage(broken, "f", gate)).rejects.toMatchObject({ code: "bad-image" });
    expect((await decodeImage(picture, "f", gate)).width).toBe(500);
  });
});
