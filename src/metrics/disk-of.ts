import { statfsSync } from "node:fs";

/** The disk that a folder lies on, in bytes: what others than the system's owner may still write, and all. Nothing if it is gone. */
export function diskOf(folder: string): Readonly<{ free: number; size: number }> | undefined {
  try {
    const { bavail, bsize, blocks } = statfsSync(folder);
    return { free: bavail * bsize, size: blocks * bsize };
  } catch {
    return undefined;
  }
}
