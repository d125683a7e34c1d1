import type { Bands } from "./bands.ts";

/**
 * Reads features from the top to the bottom in strips that overlap, zeros beyond the border. What overlaps is remembered
 * as it was: the features may be overwritten behind the reader's back by what is made of them.
 */
export class RowsReader {
  readonly #bands: Bands;
  /** Rows that a strip has in common with the one before. */
  readonly #overlap: number;
  #buffer = new Float32Array(0);
  #kept: Float32Array | undefined;

  constructor(bands: Bands, overlap: number) {
    this.#bands = bands;
    this.#overlap = overlap;
  }

  /** Rows `from` up to `end`, [C, rows, W]; valid until the next are read. */
  read(from: number, end: number): Float32Array {
    const { channels, height, width } = this.#bands.size;
    const rows = end - from;
    const length = channels * rows * width;
    if (this.#buffer.length < length) this.#buffer = new Float32Array(length);
    const strip = this.#buffer.subarray(0, length);
    if (from < 0 || end > height) strip.fill(0);
    const fresh = this.#kept === undefined ? Math.max(0, from) : from + this.#overlap;
    this.#restore(strip, rows);
    const last = Math.min(end, height);
    if (fresh < last) this.#bands.copy(fresh, last, strip, { rows, start: fresh - from });
    this.#keep(strip, rows);
    return strip;
  }

  #restore(strip: Float32Array, rows: number): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    const { channels, width } = this.#bands.size;
    const length = this.#overlap * width;
    for (let channel = 0; channel < channels; channel += 1)
      strip.set(kept.subarray(channel * length, (channel + 1) * length), channel * rows * width);
  }

  #keep(strip: Float32Array, rows: number): void {
    const { channels, width } = this.#bands.size;
    const length = this.#overlap * width;
    this.#kept ??= new Float32Array(channels * length);
    for (let channel = 0; channel < channels; channel += 1) {
      const end = (channel + 1) * rows * width;
      this.#kept.set(strip.subarray(end - length, end), channel * length);
    }
  }
}
