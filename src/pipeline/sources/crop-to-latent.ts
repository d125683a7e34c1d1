import { crop } from "#/image/operations/crop.ts";
import type { Pixmap } from "#/image/pixmap.ts";

/** The middle of a picture whose sides are no multiples of 8, of which a VAE can make a latent; half of the rest is cut off before it. */
export function cropToLatent(image: Pixmap): Pixmap {
  const [left, top] = [(image.width % 8) >> 1, (image.height % 8) >> 1];
  const right = left + image.width - (image.width % 8);
  const bottom = top + image.height - (image.height % 8);
  return crop(image, { left, top, right, bottom });
}
