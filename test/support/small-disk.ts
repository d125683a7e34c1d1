import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of its own, where this user may mount one; empty words in `why` then, else why tests have to skip. */
export type SmallDisk = Readonly<{
  mounted: boolean;
  why: string;
  folder: string;
  /** Takes what is left of it; returns the path of the file to delete. */
  fill: () => string;
  /** Lets nothing be written on it any more, or again. */
  protect: (on: boolean) => void;
  close: () => void;
}>;

/** @param size as `mount` takes it, `512k` */
export function smallDisk(size: string): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-disk-"));
  const mount = (...args: readonly string[]): boolean => Bun.spawnSync(["mount", ...args]).exitCode === 0;
  const mounted = mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder);
  return {
    mounted,
    why: mounted ? "" : " (skipped: this user may not mount a small disk)",
    folder,
    fill: () => fill(join(folder, "filler")),
    protect: (on) => void mount("-o", `remount,${on ? "ro" : "rw"},size=${size}`, folder),
    close: () => {
      if (mounted) Bun.spawnSync(["umount", "-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fill(path: string): string {
  const file = openSync(path, "w");
  try {
    for (const size of [4096, 512, 1]) {
      try {
        for (;;) if (writeSync(file, new Uint8Array(size).fill(1)) < size) break;
      } catch {
        // Full for pieces of this size.
      }
    }
  } finally {
    closeSync(file);
  }
  return path;
}
