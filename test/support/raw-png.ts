import { deflateSync } from "node:zlib";
import { pngChunk } from "#/image/png-text.ts";

/** A PNG written byte by byte, for kinds that encoders rarely write (PNG specification, sections 5 and 11). */
export type RawPng = Readonly<{
  width: number;
  height: number;
  /** 1, 2, 4, 8 or 16. */
  bits: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha. */
  colorType: 0 | 2 | 3 | 4 | 6;
  /** Bytes of each row, packed as the depth says. */
  rows: readonly (readonly number[])[];
  palette?: readonly number[];
  /** The `tRNS` chunk. */
  transparency?: readonly number[];
}>;

export function rawPng({ width, height, bits, colorType, rows, palette, transparency }: RawPng): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colorType, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk("IHDR", header),
    ...(palette === undefined ? [] : [pngChunk("PLTE", Buffer.from(palette))]),
    ...(transparency === undefined ? [] : [pngChunk("tRNS", Buffer.from(transparency))]),
    pngChunk("IDAT", deflateSync(Buffer.from(rows.flatMap((row) => [0, ...row])))),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}
