import { type ExifTexts, exifPointer, tags, valueTypes } from "./exif.ts";
import { exifText } from "./exif-text.ts";

const textTypes: readonly number[] = [valueTypes.byte, valueTypes.ascii, valueTypes.undefined];

/** The texts of an EXIF block, with or without its `Exif` mark, either byte order; in the first directory or EXIF's. */
export function readExif(bytes: Uint8Array): Partial<ExifTexts> {
  const block = Buffer.from(bytes).subarray(Buffer.from(bytes).toString("latin1", 0, 4) === "Exif" ? 6 : 0);
  if (block.length < 8) return {};
  const little = block.toString("latin1", 0, 2) === "II";
  const u16 = (at: number): number =>
    at + 2 > block.length ? 0 : little ? block.readUInt16LE(at) : block.readUInt16BE(at);
  const u32 = (at: number): number =>
    at + 4 > block.length ? 0 : little ? block.readUInt32LE(at) : block.readUInt32BE(at);
  const found: { -readonly [K in keyof ExifTexts]?: string } = {};
  /** Reads the texts that were not found before; returns where a directory within this one is. */
  const read = (directory: number): number => {
    let inner = 0;
    for (let i = 0; i < u16(directory); i += 1) {
      const entry = directory + 2 + i * 12;
      const tag = u16(entry);
      if (tag === exifPointer) inner = u32(entry + 8);
      const name = (Object.keys(tags) as (keyof typeof tags)[]).find((candidate) => tags[candidate] === tag);
      if (name === undefined || found[name] !== undefined) continue;
      if (!textTypes.includes(u16(entry + 2))) continue;
      const length = u32(entry + 4);
      const start = length <= 4 ? entry + 8 : u32(entry + 8);
      if (start + length <= block.length) found[name] = exifText(block.subarray(start, start + length));
    }
    return inner;
  };
  const inner = read(u32(4));
  if (inner > 0) read(inner);
  return found;
}
