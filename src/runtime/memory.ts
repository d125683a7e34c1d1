import { dlopen } from "bun:ffi";

/**
 * Gives freed memory back to the system. The runtime frees to malloc, and malloc keeps gigabytes of it; glibc's
 * `malloc_trim` returns all of it in a tenth of a second. Does nothing where there is no glibc.
 */
export function trimMemory(): void {
  try {
    const libc = dlopen("libc.so.6", { malloc_trim: { args: ["usize"], returns: "int" } });
    libc.symbols.malloc_trim(0);
    libc.close();
  } catch {
    // musl and other systems: nothing to trim, and nothing lost but memory.
  }
}
