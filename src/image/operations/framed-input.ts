import type { Pixmap } from "../pixmap.ts";
import type { Normalisation } from "./plane-input.ts";

/**
 * A picture in the upper left of a frame, as planes [3, height, width] of red, green and blue; each value less the mean and by
 * the deviation, in float32, and zeros beyond the picture.
 *
 * @param frame with sides no shorter than the picture's
 */
export function framedInput(
  { width, height, data }: Pixmap,
  frame: Readonly<{ width: number; height: number }>,
  { mean, deviation }: Normalisation,
): Float32Array {
  const values = new Float32Array(3 * frame.width * frame.height);
  for (let c = 0; c < 3; c += 1) {
    const [less, by] = [Math.fround(mean[c]!), Math.fround(deviation[c]!)];
    const levels = Float32Array.from({ length: 256 }, (_, value) => Math.fround(value - less) / by);
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1)
        values[(c * frame.height + y) * frame.width + x] = levels[data[(y * width + x) * 3 + c]!]!;
  }
  return values;
}
