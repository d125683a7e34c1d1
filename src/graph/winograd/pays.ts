import { convolved, type Dimension, shrunk, type Window } from "../dimensions.ts";
import { tile } from "./matrices.ts";

/** From here on the transforms, which every channel takes, cost less than the products they save. */
const fewestChannels = 128;

/** From here on a kernel's own transform, which every run takes once, costs less than the products it saves. */
const fewestTiles = 16;

/** The side of a picture of 512 pixels as a latent, which is about the smallest that is asked for: what a name is taken for. */
const usualSide = 64;

/**
 * Whether a convolution is cheaper in tiles. Measured in place on one thread (docs/performance.md): of the time of a plain one, 320
 * channels at 64 x 64 take 0.5, 1280 at 32 x 32 0.5 and at 16 x 16 0.8, 128 channels 0.75, 64 channels 1.0 and 32 channels 1.3.
 */
export function paysInTiles(dims: readonly Dimension[], weight: readonly number[], window: Window): boolean {
  const [out = 0, input = 0, height, width] = weight;
  if (height !== tile.kernel || width !== tile.kernel || window.strides.some((stride) => stride !== 1))
    return false;
  if (Math.min(out, input) < fewestChannels) return false;
  const [, , rows = 0, columns = 0] = convolved(dims, out, window);
  return tilesAlong(rows) * tilesAlong(columns) >= fewestTiles;
}

const tilesAlong = (dim: Dimension): number =>
  (typeof dim === "number" ? dim : usualSide / shrunk(dim)) / tile.answer;
