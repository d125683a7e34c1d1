import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";

/** Bytes of a seal, the last of a derived file. */
export const sealBytes = 8;

/** Bytes that are read at once. */
const chunk = 4 * 2 ** 20;

/**
 * Writes the seal of a derived file that has all else and room for it: a sum of its bytes and of its name, which is that of its contents. It is there
 * against halves of files, bits that fell over and files under a wrong name, not against whoever may write into the cache.
 *
 * @param name the name that it will have
 */
export async function sealDerived(path: string, name: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const length = (await file.stat()).size - sealBytes;
    await file.write(await sumOf(file, length, name), 0, sealBytes, length);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Whether a derived file is what was sealed under its name. Reads all of it, some thirteen gigabytes a second where they are in the page
 * cache, in pieces between which others have their turn.
 *
 * @throws what the file system throws
 */
export async function isSealed(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const length = (await file.stat()).size - sealBytes;
    if (length < 0) return false;
    const seal = Buffer.alloc(sealBytes);
    await file.read(seal, 0, sealBytes, length);
    return seal.equals(await sumOf(file, length, basename(path)));
  } finally {
    await file.close();
  }
}

/** Each chunk's sum begins with that of the one before it. */
async function sumOf(file: FileHandle, length: number, name: string): Promise<Buffer> {
  let sum = Bun.hash.xxHash3(name);
  const bytes = Buffer.alloc(Math.min(chunk, length));
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, 0, Math.min(chunk, length - at), at);
    if (bytesRead === 0) break;
    sum = Bun.hash.xxHash3(bytes.subarray(0, bytesRead), sum);
    at += bytesRead;
  }
  const seal = Buffer.alloc(sealBytes);
  seal.writeBigUInt64LE(sum);
  return seal;
}
