import type { Tensor } from "./tensor.ts";

/** Means and deviations of the pictures that CLIP was trained with (Radford et al. 2021), red, green, blue. */
const means = [0.48145466, 0.4578275, 0.40821073];
const deviations = [0.26862954, 0.26130258, 0.27577711];

/** Pixels from 0 to 1, pixel by pixel. */
type Levels = Readonly<{ width: number; height: number; data: Float32Array }>;

/** A picture as CLIP's vision towers and their relatives take it: [1, 3, H, W], (v - mean) / deviation of each colour, float32. */
export function clipLevels({ width, height, data }: Levels): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel += 1) {
    const mean = Math.fround(means[channel]!);
    const deviation = Math.fround(deviations[channel]!);
    for (let pixel = 0; pixel < plane; pixel += 1)
      values[channel * plane + pixel] = Math.fround(data[3 * pixel + channel]! - mean) / deviation;
  }
  return { dims: [1, 3, height, width], data: values };
}
