import type { Tensor } from "./tensor.ts";

/** RGB rows. */
type Pixels = Readonly<{ width: number; height: number; data: Uint8Array }>;

/**
 * A picture as a VAE's encoder takes it: [1, 3, H, W], -1 to 1; v / 255 and its double less 1 in float32, as in Fooocus.
 *
 * @param hole a value a pixel: grey (0) where it is 255
 */
export function pictureTensor(
  { width, height, data }: Pixels,
  hole?: Readonly<{ data: Uint8Array }>,
): Tensor {
  const levels = Float32Array.from({ length: 256 }, (_, v) => Math.fround(2 * Math.fround(v / 255)) - 1);
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let pixel = 0, at = 0; pixel < plane; pixel += 1) {
    values[pixel] = levels[data[at++]!]!;
    values[plane + pixel] = levels[data[at++]!]!;
    values[2 * plane + pixel] = levels[data[at++]!]!;
  }
  for (const [pixel, value] of (hole?.data ?? new Uint8Array()).entries())
    if (value === 255) for (let channel = 0; channel < 3; channel += 1) values[channel * plane + pixel] = 0;
  return { dims: [1, 3, height, width], data: values };
}
