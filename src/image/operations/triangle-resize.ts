import type { Picture } from "../greymap.ts";
import { resample } from "./resample.ts";
import type { ResampleFilter } from "./resample-weights.ts";

/** Straight down to nothing at one pixel. */
const triangle: ResampleFilter = { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };

/**
 * A picture at another size, byte for byte as Pillow's BILINEAR, antialiased on the way down: what torchvision's `resize` asks
 * for, and so what detectors and segmenters see.
 */
export function triangleResize<P extends Picture>(
  picture: P,
  size: Readonly<{ width: number; height: number }>,
): P {
  return resample(picture, size, triangle);
}
