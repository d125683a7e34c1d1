import type { Picture } from "../greymap.ts";
import { resample } from "./resample.ts";
import type { ResampleFilter } from "./resample-weights.ts";

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** The sinc of a window of three lobes on each side. */
export const lanczos: ResampleFilter = {
  support: 3,
  at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

/**
 * A picture at another size, byte for byte as Pillow's LANCZOS: antialiased on the way down, and what shoots over is clipped
 * between rows and columns. Stretched: the aspect is the caller's matter. Sides are at least 1.
 */
export function lanczosResize<P extends Picture>(
  picture: P,
  size: Readonly<{ width: number; height: number }>,
): P {
  return resample(picture, size, lanczos);
}
