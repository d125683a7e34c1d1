import type { Claims } from "../claims.ts";

/** Walks through a WebP's chunks (WebP container specification; RFC 6386 and 9649 for the sizes in the streams). */
export const claimsOfWebp = (file: Buffer, claims: Claims): void => walk(file.subarray(12), claims, false);

/** @param inFrame whether these are the chunks of one frame, which hold no frames themselves */
function walk(file: Buffer, claims: Claims, inFrame: boolean): void {
  for (let at = 0; at + 8 <= file.length; ) {
    const type = file.toString("latin1", at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const data = file.subarray(at + 8, at + 8 + length);
    if (type === "VP8 " || type === "VP8L") sizeOfStream(type, data, claims);
    else if (type === "VP8X" && data.length >= 10)
      claims.size(data.readUIntLE(4, 3) + 1, data.readUIntLE(7, 3) + 1);
    else if (type === "ANMF" && !inFrame) {
      claims.frame();
      walk(data.subarray(16), claims, true);
      if (data.length >= 12) claims.size(data.readUIntLE(6, 3) + 1, data.readUIntLE(9, 3) + 1);
    } else if (type !== "ALPH") claims.chunk(length);
    at += 8 + length + (length % 2);
  }
}

function sizeOfStream(type: "VP8 " | "VP8L", data: Buffer, claims: Claims): void {
  if (type === "VP8 " && data.length >= 10)
    claims.size(data.readUInt16LE(6) & 0x3fff, data.readUInt16LE(8) & 0x3fff);
  if (type === "VP8L" && data.length >= 5) {
    const bits = data.readUInt32LE(1);
    claims.size((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
  }
}
