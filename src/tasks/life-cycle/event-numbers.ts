import { isBusy } from "#/stores/history/failures.ts";

/** Keeps the last number across restarts. */
export type SequenceStore = Readonly<{
  load: () => Promise<number>;
  save: (value: number) => Promise<void>;
}>;

/** Numbers reserved at a time, so that not every event is a write to disk; a crash leaves a gap, no repetition. */
const block = 1000;

/** So many before the last that is reserved, more are: a history behind a network takes its time. */
const margin = 500;

/** Milliseconds before numbers are reserved again in a file that another program locks: it takes its time to say no. */
const saveAgainAfter = 1000;

/** Gives events their numbers: these rise, also over restarts. */
export class EventNumbers {
  /** The last number before this process. */
  readonly start: number;
  readonly #store: SequenceStore;
  #last: number;
  #reserved: number;
  #saving: Promise<void> | undefined;
  /** Until then a locked file is left alone; milliseconds of a clock that nobody sets. */
  #saveAfter = 0;

  private constructor(store: SequenceStore, start: number) {
    this.#store = store;
    this.start = start;
    this.#last = start;
    this.#reserved = start;
  }

  /**
   * Goes on where the last process ended.
   *
   * @throws EngineError `storage-failed` where that cannot be read
   */
  static async load(store: SequenceStore): Promise<EventNumbers> {
    const numbers = new EventNumbers(store, await store.load());
    await numbers.#reserve(numbers.start + block);
    return numbers;
  }

  next(): number {
    this.#last += 1;
    if (this.#last > this.#reserved - margin && performance.now() >= this.#saveAfter)
      this.#saving ??= this.#reserve(this.#last + block).then(() => {
        this.#saving = undefined;
      });
    return this.#last;
  }

  /** Writes the last number down. */
  async close(): Promise<void> {
    await this.#saving;
    await this.#reserve(this.#last);
  }

  async #reserve(last: number): Promise<void> {
    try {
      await this.#store.save(last);
      this.#reserved = last;
    } catch (thrown) {
      // A full disk must not stop the news of it, nor the end; the next event tries again.
      if (isBusy(thrown)) this.#saveAfter = performance.now() + saveAgainAfter;
    }
  }
}
