import { CrowdedQueue, type Crowding } from "./crowded-queue.ts";

/** What an inbox may hold; one without limits holds everything. */
export type InboxLimits<T> = Readonly<{
  crowding?: Crowding<T>;
  /** Unread items beyond which the reader is cut off: it reads what is there, and then the end. */
  most?: number;
}>;

/**
 * A queue with one reader: `push` never waits, iteration ends after `close` once everything was read, or by throwing
 * what `fail` was given. Bridges callbacks (messages of a thread, events) and async iteration: a slow reader holds up
 * its own queue and nobody else.
 */
export class Inbox<T> implements AsyncIterable<T> {
  readonly #unread: CrowdedQueue<T>;
  readonly #most: number;
  #wake: (() => void) | undefined;
  #closed = false;
  #failure: { readonly error: unknown } | undefined;

  constructor({ crowding, most = Number.POSITIVE_INFINITY }: InboxLimits<T> = {}) {
    this.#unread = new CrowdedQueue(crowding);
    this.#most = most;
  }

  /** Whether nothing more will come, or waits. */
  get isOver(): boolean {
    return this.#closed && this.#unread.size === 0;
  }

  push(item: T): void {
    if (this.#closed) return;
    this.#unread.push(item);
    if (this.#unread.size > this.#most) this.close();
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#unread.shift();
      if (item !== undefined) {
        yield item;
      } else if (this.#closed) {
        if (this.#failure !== undefined) throw this.#failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}
