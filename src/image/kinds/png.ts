import { inflateSync } from "node:zlib";
import type { Claims } from "../claims.ts";

/** Chunks that are the pixels, not beside them. */
const pixelChunks: readonly string[] = ["IHDR", "PLTE", "IDAT", "fdAT", "IEND"];

/** Walks through a PNG's chunks (PNG specification, sections 5 and 11; APNG's are part of its third edition). */
export function claimsOfPng(file: Buffer, claims: Claims): void {
  for (let at = 8; at + 8 <= file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString("latin1", at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + length);
    if (type === "IEND") return;
    if (type === "IHDR" && data.length >= 8) claims.size(data.readUInt32BE(0), data.readUInt32BE(4));
    if (type === "fcTL") {
      claims.frame();
      if (data.length >= 12) claims.size(data.readUInt32BE(4), data.readUInt32BE(8));
    } else if (!pixelChunks.includes(type)) {
      claims.chunk(length);
      const packed = packedIn(type, data);
      if (packed !== undefined) unpack(packed, claims);
    }
    at += length + 12;
  }
}

/** The compressed part of a chunk that has one. */
function packedIn(type: string, data: Buffer): Buffer | undefined {
  const end = data.indexOf(0);
  if (end < 0) return undefined;
  if (type === "zTXt" || type === "iCCP") return data.subarray(end + 2);
  if (type !== "iTXt" || data[end + 1] !== 1) return undefined;
  const language = data.indexOf(0, end + 3);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  return translated < 0 ? undefined : data.subarray(translated + 1);
}

function unpack(packed: Buffer, claims: Claims): void {
  if (packed.length === 0) return;
  try {
    // A length of zero would mean none.
    const maxOutputLength = Math.max(1, claims.unpackedLeft);
    claims.unpacked(inflateSync(packed, { maxOutputLength }).length);
  } catch (thrown) {
    const code: unknown = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") claims.unpacked(undefined);
    // What is damaged is the decoder's to judge.
    else if (thrown instanceof Error && !("code" in thrown)) throw thrown;
  }
}
