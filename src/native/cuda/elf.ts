import { closeSync, openSync, readSync } from "node:fs";

/** Numbers of the ELF format (System V ABI, 64 bits, little endian). */
const [loaded, dynamic] = [1, 2];
const tags = { end: 0, needed: 1, strings: 5, stringBytes: 10 } as const;

type Segment = Readonly<{ type: number; offset: number; address: number; bytes: number }>;

/**
 * The names of the libraries that a shared library is linked against, in the order in which it asks for them.
 *
 * @returns nothing for a file that is no ELF library of 64 bits
 * @throws the system's error where it cannot be read
 */
export function neededLibraries(path: string): readonly string[] {
  const file = openSync(path, "r");
  try {
    const read = (offset: number, bytes: number): Buffer => {
      const piece = Buffer.alloc(bytes);
      return piece.subarray(0, readSync(file, piece, 0, bytes, offset));
    };
    const header = read(0, 64);
    const isElf = header.length === 64 && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2;
    return isElf && header[5] === 1 ? namesIn(header, read) : [];
  } finally {
    closeSync(file);
  }
}

function namesIn(header: Buffer, read: (offset: number, bytes: number) => Buffer): readonly string[] {
  const segments = segmentsOf(header, read);
  const table = segments.find(({ type }) => type === dynamic);
  if (table === undefined) return [];
  const entries = entriesOf(read(table.offset, table.bytes));
  const address = entries.find(([tag]) => tag === tags.strings)?.[1];
  const bytes = entries.find(([tag]) => tag === tags.stringBytes)?.[1];
  const holder = segments.find(
    (one) =>
      one.type === loaded &&
      address !== undefined &&
      address >= one.address &&
      address < one.address + one.bytes,
  );
  if (address === undefined || bytes === undefined || holder === undefined) return [];
  const strings = read(holder.offset + address - holder.address, bytes);
  return entries
    .filter(([tag]) => tag === tags.needed)
    .map(([, at]) => strings.toString("latin1", at, Math.max(at, strings.indexOf(0, at))));
}

function segmentsOf(header: Buffer, read: (offset: number, bytes: number) => Buffer): readonly Segment[] {
  const [start, size, count] = [
    Number(header.readBigUInt64LE(32)),
    header.readUInt16LE(54),
    header.readUInt16LE(56),
  ];
  const all = read(start, size * count);
  return Array.from({ length: size === 0 ? 0 : Math.floor(all.length / size) }, (_, index) => {
    const one = all.subarray(index * size);
    return {
      type: one.readUInt32LE(0),
      offset: Number(one.readBigUInt64LE(8)),
      address: Number(one.readBigUInt64LE(16)),
      bytes: Number(one.readBigUInt64LE(32)),
    };
  });
}

/** Tag and value, up to the one that ends them. */
function entriesOf(table: Buffer): readonly (readonly [number, number])[] {
  const entries: (readonly [number, number])[] = [];
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = Number(table.readBigInt64LE(at));
    if (tag === tags.end) break;
    entries.push([tag, Number(table.readBigUInt64LE(at + 8))]);
  }
  return entries;
}
