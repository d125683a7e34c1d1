import type { LiveEvent } from "./events.ts";

/** With this many unread events, progress is merged into the newest. */
const crowded = 64;

/** A reader this far behind is cut off; it comes back with the last number it saw. */
const most = 20_000;

/** The unread events of one reader. It may be slow: what it holds up is its own list and nobody else. */
export class Follower implements AsyncIterable<LiveEvent> {
  readonly #unread: LiveEvent[] = [];
  #closed = false;
  #wake: () => void = () => undefined;

  push(event: LiveEvent): void {
    if (this.#closed) return;
    if (this.#unread.length >= crowded && event.type === "progress") this.#dropProgress(event.taskId);
    this.#unread.push(event);
    if (this.#unread.length > most) this.close();
    this.#wake();
  }

  /** Ends the iteration once everything was read. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveEvent, void, undefined> {
    for (;;) {
      const event = this.#unread.shift();
      if (event !== undefined) yield event;
      else if (this.#closed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #dropProgress(taskId: string): void {
    const older = this.#unread.findLastIndex((event) => event.type === "progress" && event.taskId === taskId);
    if (older >= 0) this.#unread.splice(older, 1);
  }
}
