import type { Claims } from "../claims.ts";

/** Bytes of a value by its type's number (TIFF 6.0, section 2; BigTIFF adds 16 to 18). */
const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

const tags = {
  width: 256,
  height: 257,
  stripOffsets: 273,
  channels: 277,
  stripBytes: 279,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
} as const;
/** Lists of where the pixels are, which grow with the picture. */
const places: readonly number[] = [tags.stripOffsets, tags.stripBytes, tags.tileOffsets, tags.tileBytes];

type Reader = Readonly<{
  /** Whether places have eight bytes. */
  big: boolean;
  u16: (at: number) => number;
  /** A place, or a count. */
  word: (at: number) => number;
  /** A value of a type's number; 0 for what is no whole number. */
  value: (at: number, type: number) => number;
}>;

/** Walks through a TIFF's pages, classic or BigTIFF. */
export function claimsOfTiff(file: Buffer, claims: Claims): void {
  const reader = readerOf(file);
  const seen = new Set<number>();
  let page = reader.word(reader.big ? 8 : 4);
  while (page > 0 && page < file.length && !seen.has(page)) {
    seen.add(page);
    claims.frame();
    page = readPage(reader, page, claims);
  }
}

/** @returns where the next page is */
function readPage({ big, u16, word, value }: Reader, page: number, claims: Claims): number {
  const count = big ? word(page) : u16(page);
  const first = page + (big ? 8 : 2);
  const entryBytes = big ? 20 : 12;
  const found = new Map<number, number>();
  for (let i = 0; i < count; i += 1) {
    const entry = first + i * entryBytes;
    const [tag, type, length] = [u16(entry), u16(entry + 2), word(entry + 4)];
    if (tag === 0 && type === 0) break;
    found.set(tag, value(entry + (big ? 12 : 8), type));
    const bytes = length * (typeBytes[type] ?? 1);
    // What fits into the entry itself is no text and no profile.
    if (bytes > (big ? 8 : 4) && !places.includes(tag)) claims.chunk(bytes);
  }
  claims.size(found.get(tags.width) ?? 0, found.get(tags.height) ?? 0);
  claims.size(found.get(tags.tileWidth) ?? 0, found.get(tags.tileHeight) ?? 0);
  claims.channels(found.get(tags.channels) ?? 1);
  return word(first + count * entryBytes);
}

function readerOf(file: Buffer): Reader {
  const little = file[0] === 0x49;
  const inside = (at: number, bytes: number): boolean => at >= 0 && at + bytes <= file.length;
  const u16 = (at: number): number =>
    inside(at, 2) ? (little ? file.readUInt16LE(at) : file.readUInt16BE(at)) : 0;
  const u32 = (at: number): number =>
    inside(at, 4) ? (little ? file.readUInt32LE(at) : file.readUInt32BE(at)) : 0;
  const u64 = (at: number): number =>
    inside(at, 8) ? Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at)) : 0;
  const big = u16(2) === 43;
  const value = (at: number, type: number): number => {
    if (type === 3) return u16(at);
    if (type === 4) return u32(at);
    return type === 16 ? u64(at) : 0;
  };
  return { big, u16, word: big ? u64 : u32, value };
}
