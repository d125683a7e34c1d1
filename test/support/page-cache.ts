import { dlopen, ptr } from "bun:ffi";
import { closeSync, fsyncSync, openSync, statSync } from "node:fs";

const page = 4096;

/** Linux' numbers: may be read, shared, will not be needed. */
const [readable, shared, dontNeed] = [1, 1, 4];

const { symbols: libc } = dlopen("libc.so.6", {
  mmap: { args: ["ptr", "usize", "int", "int", "int", "i64"], returns: "ptr" },
  munmap: { args: ["ptr", "usize"], returns: "int" },
  mincore: { args: ["ptr", "usize", "ptr"], returns: "int" },
  posix_fadvise: { args: ["int", "i64", "i64", "int"], returns: "int" },
});

/** Takes a file out of the page cache, as far as nobody has it mapped; other files stay. */
export function dropFromCache(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  libc.posix_fadvise(file, 0, 0, dontNeed);
  closeSync(file);
}

/** Which share of some bytes of a file, from 0 to 1, lies in the page cache; `start` at a page's beginning. */
export function shareInCache(path: string, start = 0, end = statSync(path).size): number {
  const file = openSync(path, "r");
  const length = end - start;
  const place = libc.mmap(null, length, readable, shared, file, start);
  const pages = new Uint8Array(Math.ceil(length / page));
  if (place === null || libc.mincore(place, length, ptr(pages)) !== 0) throw new Error("mincore failed");
  libc.munmap(place, length);
  closeSync(file);
  return pages.reduce((sum, flags) => sum + (flags & 1), 0) / pages.length;
}
