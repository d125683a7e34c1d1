import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";

/** Bytes: what others than the system's owner may still write, and all. */
export type Disk = Readonly<{ free: number; size: number }>;

/** The disk that a path lies on; nothing where the path is gone, or its disk does not say. */
export function diskOf(path: string): Disk | undefined {
  try {
    const { bavail, bsize, blocks } = statfsSync(path);
    return { free: bavail * bsize, size: blocks * bsize };
  } catch {
    return undefined;
  }
}

/** A folder, or the nearest one above it that is there: where what is not made yet will lie. */
export const nearestFolder = (folder: string): string =>
  existsSync(folder) ? folder : nearestFolder(dirname(folder));
