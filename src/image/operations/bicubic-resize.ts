import type { Picture } from "../greymap.ts";
import { resample } from "./resample.ts";
import type { ResampleFilter } from "./resample-weights.ts";

/** Keys' cubic convolution with a = -0.5. */
const cubic: ResampleFilter = {
  support: 2,
  at: (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((x - 5) * x + 8) * x * -0.5 + 2 : 0;
  },
};

/** A picture at another size, byte for byte as Pillow's BICUBIC, antialiased on the way down. What CLIP's towers see. */
export function bicubicResize<P extends Picture>(
  picture: P,
  size: Readonly<{ width: number; height: number }>,
): P {
  return resample(picture, size, cubic);
}
