import type { Pixmap } from "../pixmap.ts";
import { lanczosResize } from "./lanczos-resize.ts";

/**
 * A picture in the middle of a white square, as WD14 taggers look at it: its longer side as long as the square's, by Lanczos, both
 * cut off to whole pixels, at least one; blue, green and red of each pixel from 0 to 255.
 *
 * @returns [side, side, 3]
 */
export function bgrSquare(picture: Pixmap, side: number): Float32Array {
  const ratio = side / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width, picture.height].map((length) =>
    Math.max(1, Math.floor(length * ratio)),
  ) as [number, number];
  const { data } = lanczosResize(picture, { width, height });
  const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)];
  const square = new Float32Array(side * side * 3).fill(255);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const [from, to] = [3 * (y * width + x), 3 * ((top + y) * side + left + x)];
      for (let c = 0; c < 3; c += 1) square[to + c] = data[from + 2 - c] ?? 0;
    }
  return square;
}
