import type { Greymap, Picture } from "../greymap.ts";
import { type Gradients, gradients } from "./gradients.ts";

/** tan 22.5° with 15 bits behind the point. */
const tangent = 13573;

/**
 * Canny's edges (1986) as OpenCV draws them with a 3 x 3 Sobel and |dx| + |dy|, to the very pixels: 255 on an edge, else 0.
 * Thresholds are cut to integers, and in order whichever is the larger.
 */
export function canny(picture: Picture, first: number, second: number): Greymap {
  const { width, height } = picture;
  const low = Math.floor(Math.min(first, second));
  const high = Math.floor(Math.max(first, second));
  const slopes = gradients(picture);
  const { stride, magnitude } = slopes;
  const candidate = new Uint8Array(magnitude.length);
  const edges: number[] = [];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = (y + 1) * stride + x + 1;
      if (magnitude[at]! <= low || !isRidge(slopes, at, y * width + x)) continue;
      candidate[at] = 1;
      if (magnitude[at]! > high) edges.push(at);
    }
  const data = new Uint8Array(width * height);
  for (const at of edges) candidate[at] = 2;
  // A candidate next to an edge is one.
  for (let at = edges.pop(); at !== undefined; at = edges.pop()) {
    data[(Math.floor(at / stride) - 1) * width + (at % stride) - 1] = 255;
    for (let row = at - stride; row <= at + stride; row += stride)
      for (let next = row - 1; next <= row + 1; next += 1)
        if (candidate[next] === 1) {
          candidate[next] = 2;
          edges.push(next);
        }
  }
  return { width, height, data, channels: 1 };
}

/** Whether the picture is steeper here than before and behind in the direction of its slope, of which there are four. */
function isRidge({ dx, dy, magnitude, stride }: Gradients, at: number, pixel: number): boolean {
  const here = magnitude[at]!;
  const across = Math.abs(dx[pixel]!);
  const down = Math.abs(dy[pixel]!) * 2 ** 15;
  const flat = across * tangent;
  if (down < flat) return here > magnitude[at - 1]! && here >= magnitude[at + 1]!;
  if (down > flat + across * 2 ** 16)
    return here > magnitude[at - stride]! && here >= magnitude[at + stride]!;
  const side = (dx[pixel]! ^ dy[pixel]!) < 0 ? -1 : 1;
  return here > magnitude[at - stride - side]! && here > magnitude[at + stride + side]!;
}
