import { CString, dlopen, type Pointer } from "bun:ffi";

/** How `dlopen(3)` binds: every symbol at once, so that what is missing shows here; `RTLD_NOW`. */
const bindNow = 2;

/** `flock(2)`: alone, or not at all. */
const aloneWithoutWaiting = 2 | 4;

const symbols = {
  dlopen: { args: ["ptr", "i32"], returns: "ptr" },
  dlerror: { args: [], returns: "ptr" },
  dlsym: { args: ["ptr", "ptr"], returns: "ptr" },
} as const;

/** A text as C has it. */
export const cText = (text: string): Buffer => Buffer.from(`${text}\0`);

/** The text that C left in a buffer. */
export const textIn = (buffer: Uint8Array): string =>
  Buffer.from(buffer.subarray(0, Math.max(0, buffer.indexOf(0)))).toString("utf8");

/**
 * Opens a shared library for as long as the process lives, by its path or by the name that the dynamic linker looks for. One that
 * is open already under that name is that one.
 *
 * @returns the linker's words where it cannot be opened, which name the library that was not found
 */
export function openLibrary(nameOrPath: string): string | undefined {
  // Before glibc 2.34 it is a library of its own; since then that one leads to the other.
  const linker = dlopen("libdl.so.2", symbols);
  const handle = linker.symbols.dlopen(cText(nameOrPath), bindNow);
  if (handle !== null) return undefined;
  const words = linker.symbols.dlerror();
  return words === null ? `${nameOrPath} could not be opened` : textAt(words);
}

/** The text at an address. */
export const textAt = (address: Pointer | bigint): string => new CString(address).trim();

/**
 * Takes an open file for this process alone; the system gives it back when the process ends, however that is.
 *
 * @param file its descriptor
 * @returns whether it was to be had
 */
export function takeAlone(file: number): boolean {
  const libc = dlopen("libc.so.6", { flock: { args: ["i32", "i32"], returns: "i32" } });
  const result = libc.symbols.flock(file, aloneWithoutWaiting);
  libc.close();
  return result === 0;
}
