import type { Pixmap } from "#/image/pixmap.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { slopes, type Tile } from "./tiles.ts";

/** Where a tile lies, and whether others follow on the right and below. */
export type Place = Readonly<{ across: Tile; down: Tile }>;

/** Enlarged rows of a tile, planes [3, rows, width] at least as large; the first of them is the tile's row `top`. */
export type Strip = Readonly<{ pixels: Tensor; top: number; rows: number }>;

/** Of a pixel that further tiles have, too: the sums of red, green, blue and of what they count. */
const sums = 4;

/**
 * Makes a picture of enlarged tiles: each pixel is the mean of what the tiles say that have it, weighted by their slopes.
 * Sums are kept only where another tile is still to come, on the right and below; all else is a byte at once, so that the
 * whole picture never is there in float32. Tiles come row by row, from left to right, and their strips from top to bottom.
 */
export class Blend {
  readonly #scale: number;
  readonly #width: number;
  /** What the tile on the left left behind, and the tiles above; rows of what two tiles share. */
  #left = new Float32Array(0);
  readonly #above: Float32Array;
  readonly #wide: number;
  #rows: Uint8Array = new Uint8Array(0);

  /**
   * @param width of the whole picture, not enlarged
   * @param shared the most that two tiles share, not enlarged
   */
  constructor(width: number, shared: number, scale: number) {
    this.#scale = scale;
    this.#width = width * scale;
    this.#wide = shared * scale;
    this.#above = new Float32Array(this.#wide * this.#width * sums);
  }

  /** A row of tiles begins. */
  start({ start, end, shared }: Tile): void {
    const height = (end - start) * this.#scale;
    if (this.#left.length < height * this.#wide * sums)
      this.#left = new Float32Array(height * this.#wide * sums);
    this.#rows = new Uint8Array((height - shared * this.#scale) * this.#width * 3);
  }

  /** The rows that are done with the row of tiles: all but those that the next one has, too. */
  rows(): Pixmap {
    const data = this.#rows;
    return { width: this.#width, height: data.length / (this.#width * 3), data };
  }

  /**
   * Takes a part of a tile in.
   *
   * @param before how many of the tile's first columns and rows the tiles before it have, too; enlarged
   */
  add(strip: Strip, { across, down }: Place, before: Readonly<{ columns: number; rows: number }>): void {
    const scale = this.#scale;
    const [columns, lines] = [
      slopes((across.end - across.start) * scale, scale),
      slopes((down.end - down.start) * scale, scale),
    ];
    const keepFrom = columns.length - across.shared * scale;
    const lowest = lines.length - down.shared * scale;
    const { data } = strip.pixels;
    const [, , tall = 0, wide = 0] = strip.pixels.dims;
    const sum = new Float32Array(sums);
    for (let row = 0; row < strip.rows; row += 1) {
      const y = strip.top + row;
      for (let x = 0; x < columns.length; x += 1) {
        const aside = (y * this.#wide + (x < before.columns ? x : x - keepFrom)) * sums;
        const place = across.start * scale + x;
        const shelf = ((y < before.rows ? y : y - lowest) * this.#width + place) * sums;
        const weight = Math.fround((lines[y] ?? 0) * (columns[x] ?? 0));
        const known = x < before.columns ? this.#left : y < before.rows ? this.#above : undefined;
        const from = x < before.columns ? aside : shelf;
        for (let c = 0, at = row * wide + x; c < 3; c += 1, at += tall * wide) {
          const value = Math.fround((data[at] ?? 0) * weight);
          sum[c] = known === undefined ? value : (known[from + c] ?? 0) + value;
        }
        sum[3] = known === undefined ? weight : (known[from + 3] ?? 0) + weight;
        if (x >= keepFrom) this.#left.set(sum, aside);
        else if (y >= lowest) this.#above.set(sum, shelf);
        else this.#write(y * this.#width + place, sum);
      }
    }
  }

  /** As Fooocus makes bytes: clipped, and cut off. */
  #write(pixel: number, sum: Float32Array): void {
    for (let c = 0; c < 3; c += 1) {
      const value = Math.fround(Math.min(1, Math.max(0, Math.fround((sum[c] ?? 0) / (sum[3] ?? 1)))) * 255);
      this.#rows[pixel * 3 + c] = value;
    }
  }
}
