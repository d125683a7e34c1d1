import type { Greymap } from "#/image/greymap.ts";
import { fittedSize } from "#/image/operations/fit-to-size-number.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { threshold } from "#/image/operations/threshold.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";

/** How many times longer than wide what is drawn may be. */
const longest = 32;

/** What is drawn on: the part of the picture and its hole, both sides multiples of 64. */
export type WorkingPictures = Readonly<{ picture: Pixmap; hole: Greymap }>;

/**
 * Brings a part of a picture to the size at which it is drawn on, and the hole with it (pipeline section 11.4). Both sides
 * become multiples of 64 even where the size fits: a latent is cut to whole blocks, and the picture would come back shifted.
 *
 * @param part       in its own size, or enlarged
 * @param mask       of the part, in its own size
 * @param sizeNumber the side of the square of as many pixels as it gets
 * @throws RequestError `invalid-value` where the part is too narrow
 */
export function workingPictures(part: Pixmap, mask: Greymap, sizeNumber: number): WorkingPictures {
  const size = fittedSize(part, sizeNumber, "always");
  if (size === undefined || Math.max(size.width, size.height) > longest * Math.min(size.width, size.height)) {
    const message = `The part of the picture around the hole has ${mask.width} x ${mask.height} pixels, too narrow to be drawn on: ${longest} to 1 is the most. Raise inpaint_respective_field.`;
    throw new RequestError("invalid-value", message, { field: "inpaint_input_image" });
  }
  return { picture: lanczosResize(part, size), hole: threshold(lanczosResize(mask, size)) };
}
