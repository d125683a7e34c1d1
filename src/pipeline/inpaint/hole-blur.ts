import type { Greymap } from "#/image/greymap.ts";
import { boxWeights } from "#/image/operations/box-blur.ts";
import type { Box } from "#/image/operations/crop.ts";
import type { Pixmap } from "#/image/pixmap.ts";

const half = 2 ** 23;

type Kernel = Readonly<{ radius: number; whole: number; far: number }>;

/**
 * Box blurs of a picture of which only a hole takes what they give: what `boxBlur` makes of the whole, put back where it is no
 * hole, byte for byte, without making what is put back. Rows beside the hole never change, so they are gone over once for
 * a radius however often that comes.
 */
export class HoleBlur {
  /** The picture as it is by now. */
  readonly data: Uint8Array;
  readonly #size: Readonly<{ width: number; height: number }>;
  readonly #hole: Uint8Array;
  readonly #box: Box;
  /** Rows blurred along themselves, of the columns of the box. */
  readonly #rows: Uint8Array;
  #radius = 0;

  /** @param box all of the hole lies in it */
  constructor(picture: Pixmap, hole: Greymap, box: Box) {
    const { width, height } = picture;
    this.data = picture.data.slice();
    this.#size = { width, height };
    this.#hole = hole.data;
    this.#box = box;
    this.#rows = new Uint8Array(3 * (box.right - box.left) * height);
  }

  /** Blurs once. */
  blur(radius: number): void {
    const { height } = this.#size;
    const { top, bottom } = this.#box;
    const last = Math.min(height - 1, bottom + radius);
    const [whole, far] = boxWeights(radius);
    const kernel = { radius, whole, far };
    for (let y = Math.max(0, top - radius - 1); y <= last; y += 1)
      if (radius !== this.#radius || (y >= top && y < bottom))
        for (let channel = 0; channel < 3; channel += 1) this.#alongRow(y, channel, kernel);
    this.#radius = radius;
    this.#downColumns(kernel);
  }

  #alongRow(y: number, channel: number, { radius, whole, far }: Kernel): void {
    const { left, right } = this.#box;
    const { width } = this.#size;
    const { data } = this;
    const from = 3 * y * width + channel;
    const at = (x: number): number => from + 3 * (x < 0 ? 0 : x >= width ? width - 1 : x);
    let sum = 0;
    for (let x = left - 1 - radius; x < left + radius; x += 1) sum += data[at(x)]!;
    let to = 3 * y * (right - left) + channel;
    for (let x = left; x < right; x += 1, to += 3) {
      const leaving = data[at(x - radius - 1)]!;
      sum += data[at(x + radius)]! - leaving;
      const ends = leaving + data[at(x + radius + 1)]!;
      this.#rows[to] = (Math.imul(sum, whole) + Math.imul(ends, far) + half) >>> 24;
    }
  }

  #downColumns({ radius, whole, far }: Kernel): void {
    const { left, top, right, bottom } = this.#box;
    const { width, height } = this.#size;
    const [rows, values] = [this.#rows, 3 * (right - left)];
    const at = (y: number): number => values * Math.min(height - 1, Math.max(0, y));
    const sums = new Int32Array(values);
    for (let y = top - 1 - radius; y < top + radius; y += 1)
      for (let x = 0, row = at(y); x < values; x += 1) sums[x]! += rows[row + x]!;
    for (let y = top; y < bottom; y += 1) {
      const [leaving, coming, next] = [at(y - radius - 1), at(y + radius), at(y + radius + 1)];
      const to = y * width + left;
      for (let x = 0; x < values; x += 1) {
        const gone = rows[leaving + x]!;
        const sum = sums[x]! + rows[coming + x]! - gone;
        sums[x] = sum;
        const pixel = to + ((x / 3) | 0);
        if (this.#hole[pixel]! < 127) continue;
        const ends = gone + rows[next + x]!;
        this.data[3 * to + x] = (Math.imul(sum, whole) + Math.imul(ends, far) + half) >>> 24;
      }
    }
  }
}
