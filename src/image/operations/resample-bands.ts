import type { Pixmap } from "../pixmap.ts";
import { alongColumns, resample } from "./resample.ts";
import { type ResampleFilter, type ResampleWeights, resampleWeights } from "./resample-weights.ts";

type Size = Readonly<{ width: number; height: number }>;

/**
 * As {@link resample}, of a picture whose rows come in bands from the top: each row of the result is made as soon as the rows
 * it depends on are there, and what no row depends on any more is forgotten, so that the whole picture is never there.
 */
export class ResampledBands {
  readonly #size: Size;
  readonly #from: Size;
  readonly #filter: ResampleFilter;
  readonly #out: Uint8Array;
  readonly #down: ResampleWeights;
  /** Rows at the result's width that are still needed, and which one the first of them is. */
  #kept: Uint8Array = new Uint8Array(0);
  #first = 0;
  /** Rows that came, and rows of the result that are made. */
  #came = 0;
  #made = 0;

  /**
   * @param from the size of the whole picture
   * @param size of the result
   */
  constructor(from: Size, size: Size, filter: ResampleFilter) {
    this.#from = from;
    this.#size = size;
    this.#filter = filter;
    this.#out = new Uint8Array(size.width * size.height * 3);
    this.#down = resampleWeights(filter, { from: from.height, to: size.height, start: 0, end: size.height });
  }

  /** @throws RangeError where the band is not as wide as the picture, or beyond its last row */
  add(band: Pixmap): void {
    const { width, height } = this.#from;
    if (band.width !== width || this.#came + band.height > height)
      throw new RangeError(
        `rows ${this.#came} to ${this.#came + band.height} of ${band.width} pixels are none of ${width} x ${height}`,
      );
    const wide = resample(band, { width: this.#size.width, height: band.height }, this.#filter);
    const rows = new Uint8Array(this.#kept.length + wide.data.length);
    rows.set(this.#kept);
    rows.set(wide.data, this.#kept.length);
    this.#kept = rows;
    this.#came += band.height;
    this.#make();
  }

  /** @throws RangeError before all rows came */
  picture(): Pixmap {
    if (this.#came < this.#from.height)
      throw new RangeError(`${this.#came} of ${this.#from.height} rows came`);
    return { ...this.#size, data: this.#out };
  }

  #make(): void {
    const values = this.#size.width * 3;
    const [from, to] = [this.#from.height, this.#size.height];
    if (from === to) {
      this.#out.set(this.#kept, this.#made * values);
      this.#made += this.#kept.length / values;
      this.#kept = new Uint8Array(0);
      return;
    }
    const { taps, first, count, weights } = this.#down;
    let end = this.#made;
    while (end < to && first[end]! + count[end]! <= this.#came) end += 1;
    if (end === this.#made) return;
    const ready = {
      taps,
      first: first.subarray(this.#made, end).map((row) => row - this.#first),
      count: count.subarray(this.#made, end),
      weights: weights.subarray(this.#made * taps, end * taps),
    };
    this.#out.set(alongColumns(this.#kept, values, ready), this.#made * values);
    this.#made = end;
    const next = first[end] ?? this.#came;
    this.#kept = this.#kept.slice((next - this.#first) * values);
    this.#first = next;
  }
}
