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
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(history: Pick<HistoryStore, "reschedule" | "delivered">, log: Log) {
    this.#history = history;
    this.#log = log;
  }

  /** The delivery arrived, or is given up. */
  over(id: string): void {
    this.#note(id, { type: "over" });
  }

  again(id: string, attempts: number, nextAt: number): void {
    this.#note(id, { type: "again", attempts, nextAt });
  }

  /** One more try, and no further one. */
  close(): void {
    clearTimeout(this.#timer);
    this.#writeAll();
  }

  #note(id: string, note: Note): void {
    const told = this.#unwritten.size > 0;
    this.#unwritten.set(id, note);
    const error = this.#writeAll();
    if (error === undefined) return;
    // Once, and not with every webhook: the log may be on the same disk.
    if (!told)
      this.#log.error("what became of webhooks cannot be written down; it is remembered until it can", {
        error,
      });
    this.#retryLater();
  }

  /** @returns why it could not go on, or nothing when all is written */
  #writeAll(): string | undefined {
    for (const [id, note] of this.#unwritten) {
      try {
        if (note.type === "over") this.#history.delivered(id);
        else this.#history.reschedule(id, note.attempts, note.nextAt);
        this.#unwritten.delete(id);
      } catch (thrown) {
        return String(thrown);
      }
    }
    return undefined;
  }

  #retryLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#writeAll() === undefined) this.#log.info("what became of webhooks is written down again");
      else this.#retryLater();
    }, retryAfter);
    this.#timer.unref();
  }
}
