import { BugError } from "#/lib/errors.ts";
import { zeros } from "#/tensor/tensor.ts";

/** Sides of features. */
export type Size = Readonly<{ channels: number; height: number; width: number }>;

/**
 * Features [1, C, H, W] as bands of rows, each [C, rows, W] in memory of its own: no one piece of memory has to be as large
 * as the features, and a network writes its answer where it stays.
 */
export class Bands {
  readonly size: Size;
  /** Of each band but the last, which may have fewer. */
  readonly rows: number;
  #data: readonly Float32Array[];

  constructor(size: Size, rows: number, data?: readonly Float32Array[]) {
    const { channels, height, width } = size;
    this.size = size;
    this.rows = rows;
    const count = Math.ceil(height / rows);
    this.#data =
      data ??
      Array.from({ length: count }, (_, band) => {
        const { data } = zeros([channels, Math.min(rows, height - band * rows), width]);
        return data;
      });
  }

  get data(): readonly Float32Array[] {
    return this.#data;
  }

  /** Lets the memory go, whoever still knows of the features. */
  drop(): void {
    this.#data = [];
  }

  /**
   * Copies rows of all channels.
   *
   * @param to   [C, rows of it, W]
   * @param rows of `to`; `start`: at which of them the first copied row goes
   */
  copy(
    from: number,
    end: number,
    to: Float32Array,
    { rows, start }: Readonly<{ rows: number; start: number }>,
  ): void {
    const { channels, height, width } = this.size;
    for (let row = from; row < end; ) {
      const band = Math.floor(row / this.rows);
      const first = band * this.rows;
      const held = Math.min(this.rows, height - first);
      const until = Math.min(end, first + held);
      const data = this.#data[band];
      if (data === undefined) throw new BugError("Features were read that were let go.");
      for (let channel = 0; channel < channels; channel += 1) {
        const at = (channel * held + row - first) * width;
        const piece = data.subarray(at, at + (until - row) * width);
        to.set(piece, (channel * rows + start + row - from) * width);
      }
      row = until;
    }
  }

  /** All of it, [C, H, W]. */
  whole(): Float32Array {
    const { channels, height, width } = this.size;
    const { data } = zeros([channels, height, width]);
    this.copy(0, height, data, { rows: height, start: 0 });
    return data;
  }
}
