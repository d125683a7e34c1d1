import type { Pixmap } from "../pixmap.ts";

/** How a network wants its colours: shares of the picture's largest value, minus these, over those; red, green, blue. */
export type Normalisation = Readonly<{
  mean: readonly [number, number, number];
  deviation: readonly [number, number, number];
}>;

/**
 * A picture as three planes of numbers, its brightest value being 1 before it is normalised, as rembg does it: in float64, and
 * rounded to float32 at the end. A black picture stays black.
 *
 * @returns [3, height, width]
 */
export function planeInput(
  { width, height, data }: Pixmap,
  { mean, deviation }: Normalisation,
): Float32Array {
  const largest = Math.max(
    data.reduce((most, value) => Math.max(most, value), 0),
    1e-6,
  );
  const pixels = width * height;
  const planes = new Float32Array(3 * pixels);
  for (const c of [0, 1, 2] as const) {
    const table = Float32Array.from(
      { length: 256 },
      (_, value) => (value / largest - mean[c]) / deviation[c],
    );
    for (let i = 0; i < pixels; i += 1) planes[c * pixels + i] = table[data[3 * i + c] ?? 0] ?? 0;
  }
  return planes;
}
