import type { Tensor } from "./tensor.ts";

/** RGB rows. */
type Pixels = Readonly<{ width: number; height: number; data: Uint8Array }>;

/** A picture as a VAE's encoder takes it: [1, 3, H, W], -1 to 1; v / 255 and its double less 1 in float32, as in Fooocus. */
export function pictureTensor({ width, height, data }: Pixels): Tensor {
  const levels = Float32Array.from({ length: 256 }, (_, v) => Math.fround(2 * Math.fround(v / 255)) - 1);
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let pixel = 0, at = 0; pixel < plane; pixel += 1) {
    values[pixel] = levels[data[at++]!]!;
    values[plane + pixel] = levels[data[at++]!]!;
    values[2 * plane + pixel] = levels[data[at++]!]!;
  }
  return { dims: [1, 3, height, width], data: values };
}
