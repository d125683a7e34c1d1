import { invalidFile, type ModelFile, quoted, readAt } from "../model-file.ts";
import type { ZipDirectory } from "./zip-end.ts";

/** A member of an archive. */
export type ZipMember = Readonly<{
  name: string;
  /** The name as the archive has it. */
  rawName: Uint8Array;
  /** Position of its own header, and of its data. */
  local: number;
  offset: number;
  /** Bytes in the archive, and bytes when unpacked. */
  stored: number;
  size: number;
  deflated: boolean;
  /** CRC-32 of the unpacked bytes; 0 where the writer left it out. */
  crc: number;
}>;

const maxMembers = 65_536;
const maxDirectory = 64 * 1024 * 1024;
const entryLength = 46;

const utf8 = new TextDecoder();

/**
 * The entries of an archive's list of members (APPNOTE.TXT 4.3.12), in its order. Where their data begins is not in the
 * list: `offset` is yet that of the member's own header.
 *
 * @throws ModelError `header-invalid`
 */
export function zipEntries(file: ModelFile, { offset, length, count }: ZipDirectory): readonly ZipMember[] {
  if (count > maxMembers || length > maxDirectory)
    throw invalidFile(file.path, `its archive has ${count} members, more than a model can`);
  const bytes = readAt(file, offset, length);
  const broken = (): Error => invalidFile(file.path, "its archive's list of members is broken");
  if (bytes.length < length) throw broken();
  const view = new DataView(bytes.buffer);
  const entries: ZipMember[] = [];
  let at = 0;
  while (at < length) {
    if (length - at < entryLength || view.getUint32(at, true) !== 0x02014b50) throw broken();
    const parts = [
      view.getUint16(at + 28, true),
      view.getUint16(at + 30, true),
      view.getUint16(at + 32, true),
    ];
    const [nameLength = 0, extraLength = 0, commentLength = 0] = parts;
    const end = at + entryLength + nameLength + extraLength + commentLength;
    if (end > length) throw broken();
    entries.push(entryOf(file.path, bytes.subarray(at, at + entryLength + nameLength + extraLength)));
    at = end;
  }
  if (entries.length !== count) throw broken();
  return entries;
}

/** @param bytes the entry with its name and extra field */
function entryOf(path: string, bytes: Uint8Array<ArrayBuffer>): ZipMember {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nameEnd = entryLength + view.getUint16(28, true);
  const rawName = bytes.subarray(entryLength, nameEnd);
  const name = utf8.decode(rawName);
  const bad = (what: string): Error => invalidFile(path, `its archive's member ${quoted(name)} ${what}`);
  if (name.startsWith("/") || name.split("/").includes("..") || /[\0\\]/.test(name))
    throw bad("has a name that leads out of the archive");
  // Bits 0, 6 and 13: encryption of the data, a strong one, and of the list.
  if ((view.getUint16(8, true) & 0x2041) !== 0) throw bad("is encrypted");
  const method = view.getUint16(10, true);
  if (method !== 0 && method !== 8) throw bad(`is compressed by method ${method}; only deflate is read`);
  const short = {
    size: view.getUint32(24, true),
    stored: view.getUint32(20, true),
    local: view.getUint32(42, true),
  };
  const { size, stored, local } = wide(short, bytes.subarray(nameEnd)) ?? { size: -1, stored: -1, local: -1 };
  if (![size, stored, local].every((n) => Number.isSafeInteger(n) && n >= 0)) throw bad("has no size");
  if (view.getUint16(34, true) !== 0) throw bad("lies in another part of the archive");
  if (method === 0 && size !== stored) throw bad("is not compressed and has two sizes");
  const crc = view.getUint32(16, true);
  return { name, rawName, local, offset: local, stored, size, deflated: method === 8, crc };
}

type Sizes = Readonly<{ size: number; stored: number; local: number }>;

/** Sizes that 32 bits do not hold stand in the extra field, in this order. */
function wide(short: Sizes, extra: Uint8Array<ArrayBuffer>): Sizes | undefined {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  const full = 0xffffffff;
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let from = at + 4;
    const end = from + view.getUint16(at + 2, true);
    if (end > extra.length) return undefined;
    const next = (own: number): number => {
      if (own !== full) return own;
      from += 8;
      return from > end ? -1 : Number(view.getBigUint64(from - 8, true));
    };
    return { size: next(short.size), stored: next(short.stored), local: next(short.local) };
  }
  return Object.values(short).includes(full) ? undefined : short;
}
