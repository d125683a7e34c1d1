import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

/** Bytes that may wait for a reader that is slow or stopped. */
const mostWaiting = 1024 ** 2;

/** Bytes that reach a pipe in one piece (`PIPE_BUF`): what others write into it does not come in between. */
const onePiece = 4096;

/** In so many milliseconds so many lines are written at once; more are collected until these are over. */
const busySpan = 50;
const busyLines = 10;

/** Bytes that are collected at most before they are written. */
const mostCollected = 64 * 1024;

const newline = 10;

/** Milliseconds until a reader that took nothing is tried again. */
const retryAfter = 200;

/**
 * Writes lines for whoever reads standard output or standard error, and is none the worse if nobody does: what cannot be
 * written (the reader has gone, the disk is full, the terminal was closed) is dropped, and the next line tries again.
 * A reader that stops for a while (a terminal after Ctrl-S) is not waited for: its lines wait in memory, up to 1 MiB.
 * A line is written at once, unless there are very many: each write costs as much as a small request, so these go together, and
 * only a process that is killed outright loses those of a twentieth of a second.
 */
export class LineWriter {
  readonly #descriptor: number;
  readonly #told: (sentence: string) => string;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  /** Whether what was written last stops within a line. What comes after a loss begins a line of its own then. */
  #isBroken = false;
  #spanBegan = 0;
  #linesInSpan = 0;
  #flushesAtExit = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param descriptor 1 or 2, or any other file that is open for writing
   * @param told       what is said of dropped lines as a line like the others
   */
  constructor(descriptor: number, told: (sentence: string) => string = (sentence) => sentence) {
    this.#descriptor = impatient(descriptor);
    this.#told = told;
  }

  /** Never throws, and never blocks but for a socket or a disk that does. */
  write(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#waitingBytes + bytes.length > mostWaiting) this.#dropped += 1;
    else this.#add(bytes);
    if (this.#isBusy() && this.#waitingBytes < mostCollected) this.#flushSoon();
    else this.#flush();
  }

  #isBusy(): boolean {
    const now = performance.now();
    if (now - this.#spanBegan >= busySpan) {
      this.#spanBegan = now;
      this.#linesInSpan = 0;
    }
    this.#linesInSpan += 1;
    return this.#linesInSpan > busyLines;
  }

  #flushSoon(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#flush(), busySpan);
    this.#timer.unref();
    if (!this.#flushesAtExit) process.on("exit", () => this.#flush());
    this.#flushesAtExit = true;
  }

  #add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.#send();
      if (this.#dropped === 0) return;
      const sentence = `${this.#dropped} lines were dropped here: nobody read them in time`;
      this.#add(Buffer.from(`${this.#told(sentence)}\n`));
      this.#dropped = 0;
      this.#send();
    } catch (thrown) {
      if (isBusy(thrown)) {
        this.#timer = setTimeout(() => this.#flush(), retryAfter);
        this.#timer.unref();
        return;
      }
      this.#waiting.length = 0;
      this.#waitingBytes = 0;
      if (this.#isBroken) this.#add(Buffer.from("\n"));
    }
  }

  #send(): void {
    while (this.#waiting.length > 0) {
      const piece = this.#nextPiece();
      const written = writeSync(this.#descriptor, piece);
      this.#waitingBytes -= written;
      if (written > 0) this.#isBroken = piece[written - 1] !== newline;
      if (written < piece.length) this.#waiting[0] = piece.subarray(written);
      else this.#waiting.shift();
    }
  }

  /** As many lines as are written together, which are one from then on. */
  #nextPiece(): Uint8Array {
    let [count, length] = [1, this.#waiting[0]?.length ?? 0];
    for (let next = this.#waiting[count]; next !== undefined; next = this.#waiting[count]) {
      if (length + next.length > onePiece) break;
      length += next.length;
      count += 1;
    }
    const piece = Buffer.concat(this.#waiting.slice(0, count));
    this.#waiting.splice(0, count, piece);
    return piece;
  }
}

const isBusy = (thrown: unknown): boolean =>
  thrown instanceof Error && "code" in thrown && thrown.code === "EAGAIN";

/**
 * The same pipe or terminal, opened anew so that it does not wait for its reader; to switch that off for the descriptor
 * itself would do so for every program that shares it. Files, sockets, and systems where that is not possible: itself.
 */
function impatient(descriptor: number): number {
  try {
    if (!fstatSync(descriptor).isFIFO() && !isatty(descriptor)) return descriptor;
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return openSync(`/proc/self/fd/${descriptor}`, flags);
  } catch {
    return descriptor;
  }
}

/**
 * Keeps what libraries write by themselves (`process.stdout`, `process.stderr`) from ending the process when it cannot
 * be written; without a listener that is an error nobody caught.
 */
export function surviveLostReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}
