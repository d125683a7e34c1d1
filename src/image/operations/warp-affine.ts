import { roundHalfEven } from "#/lib/round-half-even.ts";
import type { Pixmap } from "../pixmap.ts";

type Size = Readonly<{ width: number; height: number }>;

/** (x, y) -> (m0 x + m1 y + m2, m3 x + m4 y + m5), in pixels; the middle of the first pixel is 0, 0. */
export type Affine = readonly [number, number, number, number, number, number];

/** Places are kept in 1/1024 of a pixel while a row is walked, and looked up in 1/32. */
const walked = 1024;
const parts = 32;

/**
 * A picture moved, turned and scaled, each pixel blended from the four around the place it comes from; outside is one colour. Byte
 * for byte as OpenCV's `warpAffine` with INTER_LINEAR and BORDER_CONSTANT up to its version 4.10, which rounds places to 1/32
 * of a pixel (later ones do not).
 *
 * @param affine  from the picture to the result
 * @param outside RGB
 */
export function warpAffine(
  picture: Pixmap,
  affine: Affine,
  { width, height }: Size,
  outside: readonly [number, number, number],
): Pixmap {
  const [m0, m1, m2, m3, m4, m5] = inverted(affine);
  const fixed = (value: number): number => roundHalfEven(value * walked);
  const across = Float64Array.from({ length: width }, (_, x) => fixed(m0 * x));
  const down = Float64Array.from({ length: width }, (_, x) => fixed(m3 * x));
  const data = new Uint8Array(3 * width * height);
  const blend = blending(picture, outside);
  const half = walked / parts / 2;
  for (let y = 0; y < height; y += 1) {
    const left = fixed(m1 * y + m2) + half;
    const top = fixed(m4 * y + m5) + half;
    for (let x = 0; x < width; x += 1) {
      const fromX = Math.floor(((left + across[x]!) * parts) / walked);
      const fromY = Math.floor(((top + down[x]!) * parts) / walked);
      for (let c = 0; c < 3; c += 1) data[3 * (y * width + x) + c] = blend(fromX, fromY, c);
    }
  }
  return { width, height, data };
}

/** One value at a place in 1/32 of a pixel, of the four pixels around it; a half is rounded up. */
function blending({ width, height, data }: Pixmap, outside: readonly [number, number, number]) {
  const at = (i: number, j: number, c: number): number =>
    i < 0 || j < 0 || i >= width || j >= height ? outside[c]! : data[3 * (j * width + i) + c]!;
  return (x: number, y: number, c: number): number => {
    const column = Math.floor(x / parts);
    const row = Math.floor(y / parts);
    const right = x - column * parts;
    const lower = y - row * parts;
    const upper = (parts - right) * at(column, row, c) + right * at(column + 1, row, c);
    const under = (parts - right) * at(column, row + 1, c) + right * at(column + 1, row + 1, c);
    return ((parts - lower) * upper + lower * under + parts ** 2 / 2) / parts ** 2;
  };
}

/** From the result to the picture, in OpenCV's order of operations; of one that flattens the picture zeros. */
function inverted([a, b, c, d, e, f]: Affine): Affine {
  const determinant = a * e - b * d;
  const factor = determinant === 0 ? 0 : 1 / determinant;
  const [m0, m1, m3, m4] = [e * factor, b * -factor, d * -factor, a * factor];
  return [m0, m1, -m0 * c - m1 * f, m3, m4, -m3 * c - m4 * f];
}
