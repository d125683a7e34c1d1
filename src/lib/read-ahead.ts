import { type FileHandle, open } from "node:fs/promises";
import { totalmem } from "node:os";

/** Bytes of a file, from `start` up to `end`. */
export type FileStretch = Readonly<{ path: string; start: number; end: number }>;

/** Bytes that are read at once. */
const piece = 8 * 2 ** 20;

/** Bytes a millisecond above which a piece must have been in memory already: no disk needs help there. */
const cachedRate = 3 * 2 ** 20;

/** Where a piece was in memory its neighbours mostly are, too: of so many only one is looked at. */
const stride = 8;

/**
 * Reads parts of files into the system's page cache, from which the engine maps them: while it encodes a text or draws, which
 * keeps its own thread busy, the disk would stand still until a weight is touched. One set of parts at a time, in their order,
 * and no more than half of the machine's memory. What cannot be read is left to the engine, which says so.
 */
export class ReadAhead {
  #current: AbortController | undefined;

  /** Begins with other parts; those at hand are given up. */
  start(stretches: readonly FileStretch[]): Promise<void> {
    this.cancel();
    const current = new AbortController();
    this.#current = current;
    return readAll(stretches, current.signal).catch(() => undefined);
  }

  /** Gives up after the piece at hand. */
  cancel(): void {
    this.#current?.abort();
    this.#current = undefined;
  }
}

async function readAll(stretches: readonly FileStretch[], signal: AbortSignal): Promise<void> {
  const bytes = new Uint8Array(piece);
  let left = totalmem() / 2;
  for (const { path, start, end } of stretches) {
    if (signal.aborted) return;
    const file = await open(path, "r");
    try {
      for (let at = start; at < end && left > 0 && !signal.aborted; ) {
        const wanted = Math.min(piece, end - at);
        const isCached = await isRead(file, bytes.subarray(0, wanted), at);
        left -= wanted;
        at += isCached ? stride * piece : wanted;
      }
    } finally {
      await file.close();
    }
  }
}

/** Reads a piece. @returns whether it was in memory */
async function isRead(file: FileHandle, bytes: Uint8Array, at: number): Promise<boolean> {
  const since = performance.now();
  const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
  return bytesRead / (performance.now() - since) > cachedRate;
}
