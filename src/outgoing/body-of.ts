import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";

/**
 * Reads an answer's body, at most `maxBytes` of it, and unpacks it to at most as many.
 *
 * @throws Error whose message is the reason, as that of `exchange`
 */
export async function bodyOf(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const packed = await new Promise<Uint8Array>((fulfil, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    incoming.on("data", (chunk: Uint8Array) => {
      size += chunk.byteLength;
      chunks.push(chunk);
      if (size > maxBytes) reject(tooLarge(maxBytes));
    });
    const broken = (cause?: unknown): void => reject(new Error("the connection broke", { cause }));
    incoming.on("error", broken);
    incoming.on("aborted", broken);
    incoming.on("end", () => (incoming.complete ? fulfil(Buffer.concat(chunks)) : broken()));
  });
  return await unpacked(packed, incoming.headers["content-encoding"] ?? "identity", maxBytes);
}

const unpackers = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const;

/** Unpacking stops at the limit: a few bytes may stand for gigabytes. */
async function unpacked(packed: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return packed;
  const known = Object.entries(unpackers).find(([one]) => one === name);
  if (known === undefined)
    throw new Error(`it is packed as ${JSON.stringify(name.slice(0, 40))}, which was not asked for`);
  try {
    return await known[1](packed, { maxOutputLength: maxBytes });
  } catch (cause) {
    const isLarge = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    throw isLarge ? tooLarge(maxBytes) : new Error(`it is not ${name}, as it says`, { cause });
  }
}

const tooLarge = (maxBytes: number): Error => new Error(`it is larger than ${maxBytes} bytes`);
