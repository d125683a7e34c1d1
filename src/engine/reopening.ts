/** Waits so many milliseconds, without keeping the process for that. */
export type Rest = (milliseconds: number) => Promise<void>;

/** Milliseconds until an engine that could not be opened is opened again: at first, and at most. */
const first = 10_000;
const longest = 300_000;

/** Opens an engine again that could not be opened, after a rest that is twice as long with every time. */
export class Reopening {
  readonly #rest: Rest;
  readonly #open: () => void;
  #tries = 0;
  #isResting = false;

  /** @param open tries it, where that is still wanted; throws where the system starts no process */
  constructor(rest: Rest, open: () => void) {
    this.#rest = rest;
    this.#open = open;
  }

  /** Begins a rest, unless there is one. */
  begin(): void {
    if (this.#isResting) return;
    this.#isResting = true;
    void this.#rest(Math.min(first * 2 ** this.#tries, longest)).then(() => this.#try());
  }

  /** It could be opened: the next rest is a short one. */
  end(): void {
    this.#tries = 0;
  }

  #try(): void {
    this.#isResting = false;
    this.#tries += 1;
    try {
      this.#open();
    } catch {
      this.begin();
    }
  }
}
