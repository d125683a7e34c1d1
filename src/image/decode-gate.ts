/** Bytes of pixels that are unpacked at once, whoever asks: some phones' pictures together, or one at the limit. */
const mostBytes = 512 * 1024 ** 2;

/** Bytes that a pixel takes while it is decoded: four values, and three in the result. */
export const decodedBytes = 8;

/**
 * Lets so many pictures be decoded at once as fit into a bound; the others wait, in their order. One that is larger than
 * the bound by itself goes when it is alone. One gate for the whole server: every request may bring nine pictures.
 */
export class DecodeGate {
  readonly #most: number;
  readonly #waiting: Readonly<{ bytes: number; go: () => void }>[] = [];
  #bytes = 0;
  #highest = 0;

  constructor(most = mostBytes) {
    this.#most = most;
  }

  /** Bytes of what is decoded now, and the most there have been. */
  get state(): Readonly<{ bytes: number; highest: number; waiting: number }> {
    return { bytes: this.#bytes, highest: this.#highest, waiting: this.#waiting.length };
  }

  /** Does `work`, which unpacks so many bytes, as soon as there is room for them. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(bytes))
      await new Promise<void>((go) => this.#waiting.push({ bytes, go: () => this.#enter(bytes, go) }));
    else this.#enter(bytes, () => undefined);
    try {
      return await work();
    } finally {
      this.#bytes -= bytes;
      this.#letIn();
    }
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#most;
  }

  #enter(bytes: number, go: () => void): void {
    this.#bytes += bytes;
    this.#highest = Math.max(this.#highest, this.#bytes);
    go();
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.go();
    }
  }
}
