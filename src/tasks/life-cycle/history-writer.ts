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

/** A write, and what becomes of its first try. */
type Write = Readonly<{
  write: () => Promise<unknown>;
  isPassing: (thrown: unknown) => boolean;
  /** Fulfilled when it is done, or is to be tried again; rejected where that is not worth it. */
  tried: PromiseWithResolvers<void>;
}>;

/** Writes of one task, or of the queue; the oldest first. A line that is stuck waits for the next try of all. */
type Line = { readonly waiting: Write[]; stuck: boolean };

/**
 * Writes into the history without holding up the event loop, and without losing what must not be lost: a write that
 * fails is tried again until it works. What belongs to one task is written in its order, one after the other; a write
 * that never works holds up no other task's.
 */
export class HistoryWriter {
  readonly #log: Log;
  readonly #lines = new Map<string, Line>();
  #turn: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closing = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Does a write that somebody waits for, in turn: no other of these, and no further try of what failed, is under way meanwhile. A
   * history that is locked by another program is waited for.
   *
   * @throws what the write throws, but for a lock that ends within ten seconds
   */
  now<T>(write: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + patience;
    return this.#inTurn(() => this.#untilWritten(write, deadline));
  }

  /**
   * Begins a write now, or when those before it in its line are done, and does it again until it works.
   *
   * @param of        the task it belongs to, or `queue`
   * @param isPassing failures that are worth another try; all, when left out
   * @returns when the write is done, or failed and is kept to be tried again
   * @throws what the write throws, if that is not worth another try
   */
  keep(
    of: string,
    write: () => Promise<unknown>,
    isPassing: (thrown: unknown) => boolean = () => true,
  ): Promise<void> {
    const line = this.#lines.get(of) ?? { waiting: [], stuck: false };
    this.#lines.set(of, line);
    const tried = Promise.withResolvers<void>();
    line.waiting.push({ write, isPassing, tried });
    if (line.stuck) tried.resolve();
    else if (line.waiting.length === 1) void this.#begin(of, line);
    return tried.promise;
  }

  /** Drops what was not begun of a task that was deleted. */
  forget(of: string): void {
    const line = this.#lines.get(of);
    for (const { tried } of line?.waiting.splice(line.stuck ? 0 : 1) ?? []) tried.resolve();
    if (line?.stuck === true) this.#lines.delete(of);
  }

  /** Waits for what is under way, and writes what is left, if that works within two seconds. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    const deadline = performance.now() + closingPatience;
    const writeAll = () => this.#inTurn(() => this.#writeAll());
    await this.#firstTries();
    while (isBusy(await writeAll()) && performance.now() < deadline) await Bun.sleep(busyWait);
    if (this.#lines.size > 0)
      this.#log.error("the history could not be written to the end; those tasks are made again", {
        tasks: [...this.#lines.keys()].join(", "),
      });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** The first tries of a line, one after the other. */
  async #begin(of: string, line: Line): Promise<void> {
    for (let next = line.waiting[0]; next !== undefined; next = line.waiting[0]) {
      try {
        await next.write();
        line.waiting.shift();
        next.tried.resolve();
      } catch (thrown) {
        if (next.isPassing(thrown)) return this.#stick(line, thrown);
        line.waiting.shift();
        next.tried.reject(thrown);
      }
    }
    this.#lines.delete(of);
  }

  #stick(line: Line, thrown: unknown): void {
    // Once for all of them: the log may be on the same disk.
    if (!this.#isStuck())
      this.#log.error("the history cannot be written; what happens is kept in memory until it can", {
        error: String(thrown),
      });
    line.stuck = true;
    for (const { tried } of line.waiting) tried.resolve();
    this.#retryIn(isBusy(thrown) ? busyWait : retryAfter);
  }

  async #firstTries(): Promise<void> {
    const writes = [...this.#lines.values()].flatMap(({ waiting }) => waiting);
    await Promise.allSettled(writes.map(({ tried }) => tried.promise));
  }

  /** Tries again what is stuck. @returns why something could not be written; nothing when all is */
  async #writeAll(): Promise<unknown> {
    let failure: unknown;
    for (const [of, line] of this.#lines) {
      if (!line.stuck) continue;
      try {
        for (let next = line.waiting[0]; next !== undefined; next = line.waiting[0]) {
          await next.write();
          // It may have been forgotten meanwhile.
          if (line.waiting[0] === next) line.waiting.shift();
        }
        if (this.#lines.get(of) === line) this.#lines.delete(of);
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
    if (this.#closing) return;
    this.#timer ??= setTimeout(() => void this.#retry(), milliseconds);
    this.#timer.unref();
  }

  async #retry(): Promise<void> {
    this.#timer = undefined;
    const failure = await this.#inTurn(() => this.#writeAll());
    if (!this.#isStuck()) this.#log.info("the history is written again, nothing is missing");
    else this.#retryIn(isBusy(failure) ? busyWait : retryAfter);
  }

  #isStuck(): boolean {
    return this.#lines.values().some(({ stuck }) => stuck);
  }

  async #untilWritten<T>(write: () => Promise<T>, deadline: number): Promise<T> {
    for (;;) {
      try {
        return await write();
      } catch (thrown) {
        if (!isBusy(thrown) || this.#closing || performance.now() > deadline) throw thrown;
      }
      await Bun.sleep(busyWait);
    }
  }
}
