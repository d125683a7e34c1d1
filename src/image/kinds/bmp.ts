import type { Claims } from "../claims.ts";

/** What the headers of a BMP say (Windows' BITMAPINFOHEADER, and OS/2's BITMAPCOREHEADER of twelve bytes). */
export type BmpHeader = Readonly<{
  width: number;
  height: number;
  /** Rows lie from the top to the bottom; mostly they do not. */
  topDown: boolean;
  bits: number;
  /** 0: none, 3 and 6: masks say where the colours are. */
  compression: number;
  /** Entries of the palette, and where it begins; of three bytes in OS/2's, else of four. */
  colours: number;
  paletteAt: number;
  entryBytes: 3 | 4;
  pixelsAt: number;
  /** Bits of red, green, blue and alpha in a pixel; 0 where there is none. */
  masks: readonly [number, number, number, number];
}>;

/** Length of OS/2's header, of Windows' first one, and of those that say of an alpha. */
const headers = { core: 12, info: 40, withAlpha: 56 };

/** @returns undefined for what is too short, or has a header of another kind */
export function bmpHeader(file: Buffer): BmpHeader | undefined {
  if (file.length < 26) return undefined;
  const [pixelsAt, length] = [file.readUInt32LE(10), file.readUInt32LE(14)];
  if (length === headers.core) {
    const [width, height, bits] = [file.readUInt16LE(18), file.readUInt16LE(20), file.readUInt16LE(24)];
    const common = { compression: 0, colours: bits > 8 ? 0 : 2 ** bits, masks: noMasks };
    return { width, height, topDown: false, bits, ...common, paletteAt: 26, entryBytes: 3, pixelsAt };
  }
  if (length < headers.info || file.length < 14 + headers.info) return undefined;
  const [height, bits, compression] = [file.readInt32LE(22), file.readUInt16LE(28), file.readUInt32LE(30)];
  const masked = compression === 3 || compression === 6;
  // Behind the first header masks stand by themselves, and before the palette.
  const ownMasks = masked && length === headers.info ? (compression === 6 ? 16 : 12) : 0;
  const hasAlpha = length >= headers.withAlpha || compression === 6;
  const maskAt = (index: number): number =>
    masked && 54 + index * 4 + 4 <= file.length ? file.readUInt32LE(54 + index * 4) : 0;
  const masks = [maskAt(0), maskAt(1), maskAt(2), hasAlpha ? maskAt(3) : 0] as const;
  return {
    width: file.readInt32LE(18),
    height: Math.abs(height),
    topDown: height < 0,
    bits,
    compression,
    colours: file.readUInt32LE(46) || (bits > 8 ? 0 : 2 ** bits),
    paletteAt: 14 + length + ownMasks,
    entryBytes: 4,
    pixelsAt,
    masks: masked ? masks : noMasks,
  };
}

const noMasks = [0, 0, 0, 0] as const;

/** What a BMP claims: its size stands in its header, and there is nothing beside the pixels. */
export function claimsOfBmp(file: Buffer, claims: Claims): void {
  const header = bmpHeader(file);
  if (header !== undefined) claims.size(Math.abs(header.width), header.height);
}
