import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

/** Bytes read at a time, between which others may run. */
const chunk = 4 * 1024 * 1024;

/** The SHA-256 of a file. Read into one piece of memory again and again: a stream's new ones cost as much as the hash. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  const piece = new Uint8Array(chunk);
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, chunk);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
