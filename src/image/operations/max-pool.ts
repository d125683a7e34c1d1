import type { Greymap } from "../greymap.ts";

/** The largest value of each block of `side` x `side` pixels; what fills no block at the right and below is left out (torch). */
export function maxPool(mask: Greymap, side: number): Greymap {
  const [width, height] = [Math.floor(mask.width / side), Math.floor(mask.height / side)];
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height * side; y += 1)
    for (let x = 0; x < width * side; x += 1) {
      const to = Math.floor(y / side) * width + Math.floor(x / side);
      const value = mask.data[y * mask.width + x]!;
      if (value > data[to]!) data[to] = value;
    }
  return { width, height, data, channels: 1 };
}
