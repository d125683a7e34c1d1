import type { Claims } from "../claims.ts";

/** Boxes that hold boxes (ISO/IEC 14496-12; 23008-12 for pictures), and the bytes before the first of them. */
const holders: Readonly<Record<string, number>> = { meta: 4, iprp: 0, ipco: 0, moov: 0, trak: 0, mdia: 0 };

/** Boxes that are the pixels. */
const pixelBoxes: readonly string[] = ["mdat", "idat"];

const deepest = 8;

/** Walks through the boxes of an AVIF or HEIF: the sizes of all its pictures, and how many there are. */
export function claimsOfHeif(file: Buffer, claims: Claims): void {
  walk(file, claims, 0);
}

function walk(boxes: Buffer, claims: Claims, depth: number): void {
  if (depth > deepest) return;
  for (let at = 0; at + 8 <= boxes.length; ) {
    const said = boxes.readUInt32BE(at);
    const type = boxes.toString("latin1", at + 4, at + 8);
    const wide = said === 1 && at + 16 <= boxes.length;
    const length = wide ? Number(boxes.readBigUInt64BE(at + 8)) : said === 0 ? boxes.length - at : said;
    const head = wide ? 16 : 8;
    if (length < head) return;
    const data = boxes.subarray(at + head, Math.min(boxes.length, at + length));
    const inner = holders[type];
    if (inner !== undefined) walk(data.subarray(inner), claims, depth + 1);
    else if (type === "ispe" && data.length >= 12) {
      claims.frame();
      claims.size(data.readUInt32BE(4), data.readUInt32BE(8));
    } else if (type === "tkhd" && data.length >= 8)
      // Sides of a track are the last two values, in 16.16 bits.
      claims.size(data.readUInt16BE(data.length - 8), data.readUInt16BE(data.length - 4));
    else if (type === "iinf" && data.length >= 8)
      claims.frame(data[0] === 0 ? data.readUInt16BE(4) : data.readUInt32BE(4));
    else if (!pixelBoxes.includes(type)) claims.chunk(length - head);
    at += length;
  }
}
