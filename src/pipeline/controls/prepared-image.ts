import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Tensor } from "#/tensor/tensor.ts";

/** What CLIP's vision towers look at. */
const seen = { width: 224, height: 224 } as const;

/** Means and deviations of the colours that CLIP was trained on (Radford et al. 2021), from 0 to 1. */
const colours = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  deviation: [0.26862954, 0.26130258, 0.27577711],
} as const;

/** A picture as an image prompt is looked at (pipeline section 12.3): the whole of it in a square, whatever its aspect. */
export const preparedImage = (picture: Pixmap): Pixmap => lanczosResize(picture, seen);

/** The same as a vision tower reads it: [1, 3, 224, 224], by means and deviations. */
export function clipPixels({ width, height, data }: Pixmap): Tensor {
  const plane = width * height;
  const values = Float32Array.from({ length: 3 * plane }, (_, i) => {
    const colour = Math.floor(i / plane);
    const value = (data[3 * (i % plane) + colour] ?? 0) / 255;
    return (value - (colours.mean[colour] ?? 0)) / (colours.deviation[colour] ?? 1);
  });
  return { dims: [1, 3, height, width], data: values };
}
