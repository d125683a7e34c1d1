import type { Pixmap } from "../pixmap.ts";
import type { Normalisation } from "./plane-input.ts";

/**
 * A picture in the upper left of a square, as planes [3, side, side] of red, green and blue; each value less the mean and by
 * the deviation, in float32, and zeros beyond the picture.
 *
 * @param picture with sides of at most `side`
 */
export function squareInput(
  { width, height, data }: Pixmap,
  side: number,
  { mean, deviation }: Normalisation,
): Float32Array {
  const values = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c += 1) {
    const [less, by] = [Math.fround(mean[c]!), Math.fround(deviation[c]!)];
    const levels = Float32Array.from({ length: 256 }, (_, value) => Math.fround(value - less) / by);
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1)
        values[(c * side + y) * side + x] = levels[data[(y * width + x) * 3 + c]!]!;
  }
  return values;
}
