import type { Claims } from "../claims.ts";

const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/** Walks through a GIF's blocks (GIF89a specification). */
export function claimsOfGif(file: Buffer, claims: Claims): void {
  if (file.length < 13) return;
  claims.size(file.readUInt16LE(6), file.readUInt16LE(8));
  let at = 13 + tableBytes(file[10] ?? 0);
  /** Goes past the pieces of a block. @returns their bytes */
  const pieces = (): number => {
    const start = at;
    for (let length = file[at] ?? 0; length > 0; length = file[at] ?? 0) at += length + 1;
    at += 1;
    return at - start;
  };
  while (at < file.length) {
    const kind = file[at];
    if (kind === 0x21) {
      // Control blocks belong to frames and have eight bytes; the others are metadata of any length.
      const control = file[at + 1] === 0xf9;
      at += 2;
      const bytes = pieces();
      if (!control) claims.chunk(bytes);
    } else if (kind === 0x2c && at + 10 <= file.length) {
      claims.frame();
      claims.size(
        file.readUInt16LE(at + 1) + file.readUInt16LE(at + 5),
        file.readUInt16LE(at + 3) + file.readUInt16LE(at + 7),
      );
      at += 10 + tableBytes(file[at + 9] ?? 0) + 1;
      pieces();
    } else return;
  }
}
