import { dlopen } from "bun:ffi";

/** `prctl`'s option: the signal a process gets when its parent ends (Linux, `prctl(2)`). */
const parentDeathSignal = 1;
const killed = 9;

/**
 * Ends this process with its parent, however that ends and whatever this one is doing: the message that the parent is
 * gone is heard between two runs of a network only, and a run may take half a minute. Does nothing on systems other
 * than Linux.
 */
export function endWithParent(): void {
  if (process.platform !== "linux") return;
  const parent = process.ppid;
  try {
    const libc = dlopen("libc.so.6", {
      prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
    });
    libc.symbols.prctl(parentDeathSignal, killed, 0, 0, 0);
    libc.close();
  } catch {
    // No glibc: then the message has to do.
    return;
  }
  // One that ended before this was asked for sends no signal.
  if (process.ppid !== parent) process.exit(0);
}
