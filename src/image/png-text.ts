import { crc32 } from "node:zlib";

const signatureLength = 8;
/** Signature and the header chunk, which must stay the first one. */
const afterHeader = signatureLength + 25;

/** Chunks longer than this are not read; nobody writes a prompt of a megabyte. */
const longest = 1_000_000;

/** A PNG with text chunks after its header (PNG specification, section 11.3.3): tEXt for Latin-1, iTXt for the rest. */
export function pngWithTexts(png: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array {
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  return Buffer.concat([png.subarray(0, afterHeader), ...chunks, png.subarray(afterHeader)]);
}

function textChunk(keyword: string, text: string): Uint8Array {
  const latin = [...text].every((c) => (c.codePointAt(0) ?? 0) < 256);
  return latin
    ? pngChunk("tEXt", Buffer.from(`${keyword}\0${text}`, "latin1"))
    : pngChunk(
        "iTXt",
        Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, "latin1"), Buffer.from(text, "utf8")]),
      );
}

/** A chunk with its length and checksum (PNG specification, section 5.3). */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  frame.set(body, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

/** The texts of a PNG by keyword; compressed and damaged chunks are passed over. */
export function pngTexts(bytes: Uint8Array): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = signatureLength; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString("latin1");
    const data = Buffer.from(bytes.subarray(at + 8, at + 8 + length));
    if (data.length === length && length <= longest) readText(type, data, texts);
    at += length + 12;
  }
  return texts;
}

function readText(type: string, data: Buffer, texts: Map<string, string>): void {
  const end = data.indexOf(0);
  if (end < 0) return;
  const keyword = data.toString("latin1", 0, end);
  if (type === "tEXt") texts.set(keyword, data.toString("latin1", end + 1));
  if (type !== "iTXt" || data[end + 1] !== 0) return;
  const language = data.indexOf(0, end + 3);
  const translated = data.indexOf(0, language + 1);
  if (language >= 0 && translated >= 0) texts.set(keyword, data.toString("utf8", translated + 1));
}
