import type { Log } from "#/lib/log.ts";
import { isBusy } from "#/stores/history/failures.ts";

/** Milliseconds between tries while another program keeps the history locked; each try takes a fiftieth of a second. */
const busyWait = 150;

/** Milliseconds between tries to write what the disk would not take. */
const retryAfter = 3000;

/** How long whoever waits for an answer waits for another program, milliseconds. */
const patience = 10_000;

/** How long an end waits for another program, milliseconds. */
const closingPatience = 2000;

/** Writes of one task, or of the queue; the oldest first. */
type Line = (() => void)[];

/**
 * Writes into the history without holding up the event loop, and without losing what must not be lost: a write that
 * fails is tried again, from the event loop, until it works. What belongs to one task is written in its order; a write
 * that never works holds up no other task's.
 */
export class HistoryWriter {
  readonly #log: Log;
  readonly #lines = new Map<string, Line>();
  #turn: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Does a write that somebody waits for, in turn. A history that is locked by another program is waited for.
   *
   * @throws what the write throws, but for a lock that ends within ten seconds
   */
  now<T>(write: () => T): Promise<T> {
    const deadline = performance.now() + patience;
    const done = this.#turn.then(() => untilWritten(write, deadline));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /**
   * Does a write now, or else as soon as it works.
   *
   * @param of        the task it belongs to, or `queue`
   * @param isPassing failures that are worth another try; all, when left out
   * @throws what the write throws, if that is not worth another try
   */
  keep(of: string, write: () => void, isPassing: (thrown: unknown) => boolean = () => true): void {
    const line = this.#lines.get(of);
    if (line !== undefined) {
      line.push(write);
      return;
    }
    try {
      write();
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
      // Once for all of them: the log may be on the same disk.
      if (this.#lines.size === 0)
        this.#log.error("the history cannot be written; what happens is kept in memory until it can", {
          error: String(thrown),
        });
      this.#lines.set(of, [write]);
      this.#retryIn(isBusy(thrown) ? busyWait : retryAfter);
    }
  }

  /** Drops what was not written of a task that was deleted. */
  forget(of: string): void {
    this.#lines.delete(of);
  }

  /** Writes what is left, if that works within two seconds. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const deadline = performance.now() + closingPatience;
    while (isBusy(this.#writeAll()) && performance.now() < deadline) await Bun.sleep(busyWait);
    if (this.#lines.size > 0)
      this.#log.error("the history could not be written to the end; those tasks are made again", {
        tasks: [...this.#lines.keys()].join(", "),
      });
  }

  /** @returns why something could not be written; nothing when all is */
  #writeAll(): unknown {
    let failure: unknown;
    for (const [of, line] of this.#lines) {
      try {
        for (let write = line[0]; write !== undefined; write = line[0]) {
          write();
          line.shift();
        }
        this.#lines.delete(of);
      } catch (thrown) {
        failure = thrown;
        // In the way of one, in the way of all: no further try now.
        if (isBusy(thrown)) return failure;
      }
    }
    return failure;
  }

  /** A try that is set already stays set: each new write would put it off. */
  #retryIn(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const failure = this.#writeAll();
      if (failure === undefined) this.#log.info("the history is written again, nothing is missing");
      else this.#retryIn(isBusy(failure) ? busyWait : retryAfter);
    }, milliseconds);
    this.#timer.unref();
  }
}

async function untilWritten<T>(write: () => T, deadline: number): Promise<T> {
  for (;;) {
    try {
      return write();
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() > deadline) throw thrown;
    }
    await Bun.sleep(busyWait);
  }
}
