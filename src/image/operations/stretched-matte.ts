import type { Greymap } from "../greymap.ts";

/** What a network says of each pixel, row by row: [height, width]. */
export type Plane = Readonly<{ width: number; height: number; data: Float32Array }>;

/**
 * A matte of what a network says: its least value is 0, its largest 255, as rembg stretches it, in float32 and cut off to whole
 * numbers. Where it says the same of all pixels, it found nothing: all are 0.
 */
export function stretchedMatte({ width, height, data }: Plane): Greymap {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) {
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  const range = Math.fround(largest - least);
  const matte = new Uint8Array(width * height);
  if (range > 1e-6)
    for (let i = 0; i < matte.length; i += 1)
      matte[i] = Math.fround(Math.fround(Math.fround((data[i] ?? 0) - least) / range) * 255);
  return { width, height, channels: 1, data: matte };
}
