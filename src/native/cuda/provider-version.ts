import { closeSync, openSync, readSync } from "node:fs";

/** Bytes read at a time, and of these the ones that are read again, lest a text is cut in two. */
const [piece, overlap] = [4 * 2 ** 20, 32];

/** The text that ONNX Runtime's libraries hold their own version as. */
const version = /\0(1\.\d{1,3}\.\d{1,3})\0/;

/**
 * The version of ONNX Runtime that a provider was built with, as a text in it. Nothing else of it says so, and what another
 * version makes of this one's objects is undefined.
 *
 * @returns undefined where it holds none
 */
export function providerVersion(path: string): string | undefined {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(piece);
    for (let at = 0; ; at += piece - overlap) {
      const read = readSync(file, bytes, 0, piece, at);
      const found = version.exec(bytes.toString("latin1", 0, read))?.[1];
      if (found !== undefined) return found;
      if (read < piece) return undefined;
    }
  } finally {
    closeSync(file);
  }
}
