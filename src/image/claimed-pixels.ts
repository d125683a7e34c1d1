import { ExcessiveClaim, pictureLimits } from "./claims.ts";
import { inspectPicture } from "./inspect.ts";

/** Pixels that a picture of ours says it has; it may be larger than what is taken from others: a grid. */
export function pixelsOf(bytes: Uint8Array): number {
  try {
    return inspectPicture(bytes)?.pixels ?? pictureLimits.pixels;
  } catch (thrown) {
    if (thrown instanceof ExcessiveClaim) return pictureLimits.pixels;
    throw thrown;
  }
}
