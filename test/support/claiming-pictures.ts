import { deflateSync } from "node:zlib";
import { pngChunk } from "#/image/png-text.ts";

// Small files that claim much: frames of pictures whose pixels are one grey dot, or none at all.

type Part = string | readonly number[] | Uint8Array;
const bytes = (...parts: readonly Part[]): Uint8Array =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Uint8Array.from(part))),
  );
const be16 = (n: number): number[] => [(n >> 8) & 255, n & 255];
const le16 = (n: number): number[] => [n & 255, (n >> 8) & 255];
const le24 = (n: number): number[] => [...le16(n), (n >> 16) & 255];
const be32 = (n: number): number[] => [...be16(n >>> 16), ...be16(n)];
const le32 = (n: number): number[] => [...le16(n), ...le16(n >>> 16)];

const header = (width: number, height: number): Uint8Array =>
  pngChunk("IHDR", bytes(be32(width), be32(height), [8, 0, 0, 0, 0]));

/** A grey PNG of one pixel with chunks before its pixels; or of any size, with the pixels of one. */
export const png = (chunks: readonly Uint8Array[] = [], width = 1, height = 1): Uint8Array =>
  bytes(
    "\x89PNG\r\n\x1a\n",
    header(width, height),
    ...chunks,
    pngChunk("IDAT", deflateSync(Uint8Array.of(0, 90))),
    pngChunk("IEND", new Uint8Array()),
  );
export const text = pngChunk("tEXt", bytes("a\0b"));
/** A chunk that says it is so long, and is not. */
export const long = (length: number): Uint8Array => bytes(be32(length), "tEXt", "a\0b");
const zeros = (length: number): Uint8Array => deflateSync(new Uint8Array(length));
export const packed = {
  zTXt: (length: number) => pngChunk("zTXt", bytes("a\0\0", zeros(length))),
  iTXt: (length: number) => pngChunk("iTXt", bytes("a\0\x01\0\0\0", zeros(length))),
  iCCP: (length: number) => pngChunk("iCCP", bytes("a\0\0", zeros(length))),
} as const;
export const frameControl = (width = 1, height = 1): Uint8Array =>
  pngChunk("fcTL", bytes(be32(0), be32(width), be32(height), new Uint8Array(14)));

const segment = (marker: number, ...parts: readonly Part[]): Uint8Array => {
  const data = bytes(...parts);
  return bytes([0xff, marker], be16(data.length + 2), data);
};
export const jpegFrame = (width: number, height: number, channels = 1): Uint8Array =>
  segment(0xc2, [8], be16(height), be16(width), [channels, 1, 0x11, 0]);
export const jpegScan = bytes(segment(0xda, [1, 1, 0, 0, 0, 0]), [0x12, 0xff, 0x00, 0x34]);
export const jpegSegment = (marker = 0xfe): Uint8Array => segment(marker, "x");
export const jpeg = (...parts: readonly Uint8Array[]): Uint8Array =>
  bytes([0xff, 0xd8], ...parts, [0xff, 0xd9]);

const riff = (type: string, data: Uint8Array): Uint8Array =>
  bytes(type, le32(data.length), data, new Uint8Array(data.length % 2));
export const webp = (...chunks: readonly Uint8Array[]): Uint8Array => {
  const body = bytes("WEBP", ...chunks);
  return bytes("RIFF", le32(body.length), body);
};
export const webpCanvas = (width: number, height: number): Uint8Array =>
  riff("VP8X", bytes([0, 0, 0, 0], le24(width - 1), le24(height - 1)));
export const webpFrame = (width = 1, height = 1, ...chunks: readonly Uint8Array[]): Uint8Array =>
  riff("ANMF", bytes(le24(0), le24(0), le24(width - 1), le24(height - 1), le24(0), [0], ...chunks));
export const webpLossless = (width: number, height: number): Uint8Array =>
  riff("VP8L", bytes([0x2f], le32((width - 1) | ((height - 1) << 14))));
export const webpLossy = (width: number, height: number): Uint8Array =>
  riff("VP8 ", bytes([0, 0, 0, 0x9d, 0x01, 0x2a], le16(width), le16(height)));
export const webpText = riff("XMP ", bytes("x"));

export const gif = (blocks: readonly Uint8Array[] = [], width = 1, height = 1): Uint8Array =>
  bytes("GIF89a", le16(width), le16(height), [0, 0, 0], ...blocks, [0x3b]);
export const gifFrame = (left = 0, width = 1): Uint8Array =>
  bytes([0x2c], le16(left), le16(0), le16(width), le16(1), [0, 2, 1, 0, 0]);
export const gifComment = bytes([0x21, 0xfe, 1, 65, 0]);

type Tag = readonly [tag: number, type: number, count: number, value: number];
/** A TIFF of pages, each with these tags. */
export function tiff(
  tags: readonly Tag[],
  pages = 1,
  kind: "little" | "big" | "large" = "little",
): Uint8Array {
  const large = kind === "large";
  const n16 = kind === "big" ? be16 : le16;
  const n32 = kind === "big" ? be32 : le32;
  const place = (n: number): number[] => (large ? [...le32(n), ...le32(0)] : n32(n));
  const head = large
    ? bytes("II+\0", le16(8), le16(0), place(16))
    : bytes(kind === "big" ? "MM\0*" : "II*\0", n32(8));
  const length = (large ? 8 : 2) + tags.length * (large ? 20 : 12) + (large ? 8 : 4);
  const page = (index: number): Uint8Array => {
    const next = index + 1 < pages ? head.length + (index + 1) * length : 0;
    const entries = tags.map(([tag, type, count, value]) => {
      const inline = type === 3 ? [...n16(value), 0, 0] : n32(value);
      return bytes(n16(tag), n16(type), place(count), inline, large ? [0, 0, 0, 0] : []);
    });
    return bytes(large ? place(tags.length) : n16(tags.length), ...entries, place(next));
  };
  return bytes(head, ...Array.from({ length: pages }, (_, index) => page(index)));
}
export const tiffSize = (width: number, height: number): readonly Tag[] => [
  [256, 4, 1, width],
  [257, 4, 1, height],
];

const box = (type: string, ...parts: readonly Part[]): Uint8Array => {
  const data = bytes(...parts);
  return bytes(be32(data.length + 8), type, data);
};
export const avifSize = (width: number, height: number): Uint8Array =>
  box("ispe", be32(0), be32(width), be32(height));
export const avifItems = (count: number): Uint8Array => box("iinf", be32(0x01000000), be32(count));
export const avif = (properties: readonly Uint8Array[], more: readonly Uint8Array[] = []): Uint8Array =>
  bytes(
    box("ftyp", "avif", be32(0), "avifmif1"),
    box("meta", be32(0), ...more, box("iprp", box("ipco", ...properties))),
  );
export const avifOther = box("free", "x");

/** A sequence header of AV1, as a still picture's or as a film's, in a stream of its own after a unit of padding. */
export function av1(width: number, height: number, still = true): Uint8Array {
  const bit = (value: number, count: number): string => value.toString(2).padStart(count, "0");
  const points = still ? bit(0, 5) : bit(0, 2) + bit(0, 5) + bit(0, 12) + bit(0, 5);
  const size = bit(15, 4) + bit(15, 4) + bit(width - 1, 16) + bit(height - 1, 16);
  const bits = `${bit(0, 4)}${still ? 1 : 0}${points}${size}`;
  const header = (bits.match(/.{1,8}/g) ?? []).map((part) => Number.parseInt(part.padEnd(8, "0"), 2));
  return bytes([0x7a, 1, 0], [0x0a, header.length], header);
}

/** An AVIF of one stream in its `idat` box, in pieces of so many bytes, which says another size outside. */
export function avifOfStream(stream: Uint8Array, piece = stream.length): Uint8Array {
  const pieces = Array.from({ length: Math.ceil(stream.length / piece) }, (_, i) => [
    ...be32(i * piece),
    ...be32(Math.min(piece, stream.length - i * piece)),
  ]);
  const location = box(
    "iloc",
    [1, 0, 0, 0, 0x44, 0],
    be16(1),
    [...be16(1), ...be16(1), ...be16(0), ...be16(pieces.length)],
    ...pieces,
  );
  return avif([avifSize(9, 9)], [location, box("idat", stream)]);
}
