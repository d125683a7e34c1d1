import { writeSync } from "node:fs";
import { format } from "node:util";

/** Milliseconds until a reader that takes nothing is tried again. */
const retryAfter = 10;

/**
 * Makes `console.log` tell whether it wrote: of itself it says nothing of a full disk, and a command whose output is lost must
 * not end as if all were well. Libraries print with it, so it is the one place. A reader that went away wanted no more, which
 * is no failure.
 *
 * @param descriptor what is written to
 * @returns why something could not be written, in a sentence; nothing where all was
 */
export function watchOutput(descriptor = 1): () => string | undefined {
  let failure: string | undefined;
  let isOver = false;
  console.log = (...said: readonly unknown[]): void => {
    if (isOver) return;
    try {
      writeWhole(descriptor, Buffer.from(`${format(...said)}\n`));
    } catch (thrown) {
      // What came behind a hole would be taken for the whole.
      isOver = true;
      if (codeOf(thrown) !== "EPIPE")
        failure = `Not all of the output could be written: ${thrown instanceof Error ? thrown.message : String(thrown)}.`;
    }
  };
  return () => failure;
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (thrown) {
      if (codeOf(thrown) !== "EAGAIN") throw thrown;
      Bun.sleepSync(retryAfter);
    }
  }
}

const codeOf = (thrown: unknown): unknown =>
  thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
