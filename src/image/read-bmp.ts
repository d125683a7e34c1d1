import { inStretches } from "./in-stretches.ts";
import { type BmpHeader, bmpHeader } from "./kinds/bmp.ts";
import type { RawPixels } from "./to-rgb.ts";

/** Whether a file begins as a BMP does. */
export const beginsBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

/**
 * Reads a BMP, which libvips does not: palettes of 1, 4 and 8 bits, and 16, 24 and 32 bits. A fourth byte counts as alpha
 * only where a mask says so, as Pillow has it.
 *
 * @throws Error saying what of it is not read
 */
export async function readBmp(
  bytes: Uint8Array,
): Promise<RawPixels & Readonly<{ width: number; height: number }>> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = bmpHeader(file);
  if (header === undefined) throw new Error("its BMP header is none that is known");
  const { width, height, bits, compression, pixelsAt, topDown } = header;
  if (width <= 0 || height <= 0) throw new Error(`it is ${width}×${height} pixels large`);
  if (![0, 3, 6].includes(compression)) throw new Error("it is a compressed BMP; save it as PNG");
  const pixel = pixelReader(file, header);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (pixelsAt + rowBytes * height > file.length) throw new Error("the file ends before its picture does");
  const channels = header.masks[3] === 0 ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  await inStretches(width * height, (start, end) => {
    for (let i = start; i < end; i += 1) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const row = pixelsAt + rowBytes * (topDown ? y : height - 1 - y);
      pixel(row, x, data, i * channels);
    }
  });
  return { width, height, channels, space: "grey-or-rgb", data };
}

/** Writes one pixel of a row as RGB or RGBA to a place in `out`. */
type PixelReader = (row: number, x: number, out: Uint8Array, at: number) => void;

function pixelReader(file: Buffer, header: BmpHeader): PixelReader {
  const { bits, masks } = header;
  switch (bits) {
    case 1:
    case 4:
    case 8:
      return fromPalette(file, header);
    case 24:
      return (row, x, out, at) => {
        for (let c = 0; c < 3; c += 1) out[at + c] = file[row + x * 3 + 2 - c] ?? 0;
      };
    case 16:
    case 32: {
      const fallback = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
      const isMasked = masks.some((mask) => mask !== 0);
      const fields = (isMasked ? masks.slice(0, masks[3] === 0 ? 3 : 4) : fallback).map(fieldOf);
      return (row, x, out, at) => {
        const value = bits === 16 ? file.readUInt16LE(row + x * 2) : file.readUInt32LE(row + x * 4);
        for (const [c, { shift, most }] of fields.entries())
          out[at + c] = most === 0 ? 0 : Math.trunc(((((value >>> shift) & most) >>> 0) * 255) / most);
      };
    }
  }
  throw new Error(`it has ${bits} bits a pixel`);
}

/** Where in a pixel a colour lies, and its largest value; 0 for a colour that no pixel has. */
function fieldOf(mask: number): Readonly<{ shift: number; most: number }> {
  if (mask === 0) return { shift: 0, most: 0 };
  const shift = 31 - Math.clz32(mask & -mask);
  return { shift, most: mask >>> shift };
}

function fromPalette(file: Buffer, { bits, colours, paletteAt, entryBytes }: BmpHeader): PixelReader {
  const perByte = 8 / bits;
  return (row, x, out, at) => {
    const shift = 8 - bits * ((x % perByte) + 1);
    const index = ((file[row + Math.floor(x / perByte)] ?? 0) >> shift) & (2 ** bits - 1);
    const entry = paletteAt + (index < colours ? index : 0) * entryBytes;
    for (let c = 0; c < 3; c += 1) out[at + c] = file[entry + 2 - c] ?? 0;
  };
}
