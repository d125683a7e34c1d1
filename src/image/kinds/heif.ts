import type { Claims } from "../claims.ts";
import { claimsOfAv1 } from "./av1.ts";
import { itemsOf } from "./heif-items.ts";

/** Boxes that hold boxes (ISO/IEC 14496-12; 23008-12 for pictures), and the bytes before the first of them. */
const holders: Readonly<Record<string, number>> = { meta: 4, iprp: 0, ipco: 0, moov: 0, trak: 0, mdia: 0 };

/** Boxes that are the pixels. */
const pixelBoxes: readonly string[] = ["mdat", "idat"];

const deepest = 8;

/** Boxes that say where the pixels are. */
type Places = { location?: Buffer; idat?: Buffer };

/**
 * Walks through the boxes of an AVIF or HEIF: the sizes of all its pictures, how many there are, and what the streams of
 * an AVIF say of themselves, which its boxes may not know.
 */
export function claimsOfHeif(file: Buffer, claims: Claims): void {
  const places: Places = {};
  walk(file, claims, places, 0);
  if (places.location === undefined) return;
  const sources = { file, idat: places.idat ?? Buffer.alloc(0) };
  for (const item of itemsOf(places.location, sources, claims)) if (isAv1(item)) claimsOfAv1(item, claims);
}

/** Whether an item may begin as a stream does; of its first byte two bits are always 0. What is none says nothing there. */
const isAv1 = (item: Buffer): boolean => item.length > 0 && ((item[0] ?? 0xff) & 0x81) === 0;

function walk(boxes: Buffer, claims: Claims, places: Places, depth: number): void {
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
    if (inner !== undefined) walk(data.subarray(inner), claims, places, depth + 1);
    else if (type === "ispe" && data.length >= 12) {
      claims.frame();
      claims.size(data.readUInt32BE(4), data.readUInt32BE(8));
    } else if (type === "tkhd" && data.length >= 8)
      // Sides of a track are the last two values, in 16.16 bits.
      claims.size(data.readUInt16BE(data.length - 8), data.readUInt16BE(data.length - 4));
    else if (type === "iinf" && data.length >= 8)
      claims.frame(data[0] === 0 ? data.readUInt16BE(4) : data.readUInt32BE(4));
    else if (!pixelBoxes.includes(type)) claims.chunk(length - head);
    if (type === "iloc") places.location ??= data;
    if (type === "idat") places.idat ??= data;
    at += length;
  }
}
