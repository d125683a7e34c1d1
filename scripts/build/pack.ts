import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A file as it goes into the binary: its compressed copy on disk, and what unpacking needs to know. */
export type PackedFile = Readonly<{ path: string; size: number; digest: string; packed: string }>;

/** Level 9 shrinks libonnxruntime to a third in a second; 19 gains another tenth for twenty seconds (measured). */
const level = 9;

/**
 * Compresses a file with zstd, once: the copy is named by content and found again by the next build.
 *
 * @param source the file
 * @param path   where it unpacks to
 * @param store  folder of compressed copies
 */
export async function pack(source: string, path: string, store: string): Promise<PackedFile> {
  const bytes = readFileSync(source);
  const digest = createHash("sha256").update(bytes).digest("hex");
  const packed = join(store, `${digest.slice(0, 32)}.zst`);
  if (!existsSync(packed)) {
    mkdirSync(store, { recursive: true });
    const partial = `${packed}.${process.pid}.tmp`;
    writeFileSync(partial, await Bun.zstdCompress(bytes, { level }));
    renameSync(partial, packed);
  }
  return { path, size: bytes.length, digest, packed };
}

/** One short hash over names and contents: the part of a cache folder's name that changes with them. */
export function hashOf(files: readonly PackedFile[]): string {
  const hash = createHash("sha256");
  for (const { path, digest } of files) hash.update(`${path}\0${digest}\0`);
  return hash.digest("hex").slice(0, 16);
}
