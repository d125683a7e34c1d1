import type { Greymap } from "#/image/greymap.ts";
import { fittedSize } from "#/image/operations/fit-to-size-number.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { sizeNumber as numberOf } from "#/image/operations/size-number.ts";
import { threshold } from "#/image/operations/threshold.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";

/** By how much the reference's upscaling network enlarges: what a small part is fitted to depends on it. */
const enlargedBy = 4;

/** How many times longer than wide what is drawn may be. */
const longest = 32;

/** What is drawn on: the part of the picture and its hole, both sides multiples of 64. */
export type WorkingPictures = Readonly<{ picture: Pixmap; hole: Greymap }>;

/**
 * Brings a part of a picture to the size at which it is drawn on, and the hole with it (pipeline section 11.4). Both sides
 * become multiples of 64 even where the size fits: a latent is cut to whole blocks, and the picture would come back shifted.
 *
 * @param part       in its own size, or enlarged where {@link isSmall}
 * @param mask       of the part, in its own size
 * @param sizeNumber the side of the square of as many pixels as it gets
 * @throws RequestError `invalid-value` where the part is too narrow
 */
export function workingPictures(part: Pixmap, mask: Greymap, sizeNumber: number): WorkingPictures {
  const size = workingSize(mask, sizeNumber);
  if (size === undefined) {
    const message = `The part of the picture around the hole has ${mask.width} x ${mask.height} pixels, too narrow to be drawn on: ${longest} to 1 is the most. Raise inpaint_respective_field.`;
    throw new RequestError("invalid-value", message, { field: "inpaint_input_image" });
  }
  return { picture: lanczosResize(part, size), hole: threshold(lanczosResize(mask, size)) };
}

type Size = Readonly<{ width: number; height: number }>;

/** Whether a part is smaller than what is drawn: an upscaling network enlarges it first. */
export const isSmall = (part: Size, sizeNumber: number): boolean => numberOf(part) < sizeNumber;

/** Of a few pixels a side would be rounded to none; enlarged again they have one. */
function workingSize(part: Size, sizeNumber: number): Size | undefined {
  const [long, short] = [Math.max(part.width, part.height), Math.min(part.width, part.height)];
  if (long > longest * short) return undefined;
  for (let scale = isSmall(part, sizeNumber) ? enlargedBy : 1; scale <= 1024; scale *= enlargedBy) {
    const size = fittedSize({ width: scale * part.width, height: scale * part.height }, sizeNumber, "always");
    if (size !== undefined) return size;
  }
  return undefined;
}
