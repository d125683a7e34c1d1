import type { Log } from "#/lib/log.ts";
import type { HistoryStore } from "#/stores/history.ts";

/** What became of a delivery: it is over, or it is tried again. */
type Note = Readonly<{ type: "over" } | { type: "again"; attempts: number; nextAt: number }>;

/** Milliseconds between tries to write down what the disk would not take. */
const retryAfter = 3000;

/**
 * Writes down what became of deliveries. What cannot be written, with a disk that is full or a history that is broken,
 * is kept in memory and written when that works again: a receiver must not hear of the same end over and over because
 * we cannot write.
 */
export class WebhookNotes {
  readonly #history: Pick<HistoryStore, "reschedule" | "delivered">;
  readonly #log: Log;
  readonly #unwritten = new Map<string, Note>();
  /** One note after the other. */
  #writing: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether it was said that they cannot be written. */
  #isStuck = false;
  #closed = false;

  constructor(history: Pick<HistoryStore, "reschedule" | "delivered">, log: Log) {
    this.#history = history;
    this.#log = log;
  }

  /** The delivery arrived, or is given up. @returns when that is written, or kept to be written; never rejected */
  over(id: string): Promise<void> {
    return this.#note(id, { type: "over" });
  }

  /** @returns as {@link over} */
  again(id: string, attempts: number, nextAt: number): Promise<void> {
    return this.#note(id, { type: "again", attempts, nextAt });
  }

  /** One more try, and no further one. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#writeAll();
  }

  async #note(id: string, note: Note): Promise<void> {
    this.#unwritten.set(id, note);
    const error = await this.#writeAll();
    if (error === undefined) return;
    // Once, and not with every webhook: the log may be on the same disk.
    if (!this.#isStuck)
      this.#log.error("what became of webhooks cannot be written down; it is remembered until it can", {
        error,
      });
    this.#isStuck = true;
    this.#retryLater();
  }

  /** @returns why it could not go on, or nothing when all is written */
  #writeAll(): Promise<string | undefined> {
    const written = this.#writing.then(() => this.#writeEach());
    this.#writing = written;
    return written;
  }

  async #writeEach(): Promise<string | undefined> {
    for (const [id, note] of this.#unwritten) {
      try {
        if (note.type === "over") await this.#history.delivered(id);
        else await this.#history.reschedule(id, note.attempts, note.nextAt);
        // What became of it since has a note of its own.
        if (this.#unwritten.get(id) === note) this.#unwritten.delete(id);
      } catch (thrown) {
        return String(thrown);
      }
    }
    return undefined;
  }

  #retryLater(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#retry(), retryAfter);
    this.#timer.unref();
  }

  async #retry(): Promise<void> {
    if ((await this.#writeAll()) !== undefined) return this.#retryLater();
    this.#isStuck = false;
    this.#log.info("what became of webhooks is written down again");
  }
}
