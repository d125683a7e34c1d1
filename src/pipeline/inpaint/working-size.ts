import { fittedSize } from "#/image/operations/fit-to-size-number.ts";
import { sizeNumber } from "#/image/operations/size-number.ts";
import { RequestError } from "#/lib/errors.ts";

type Size = Readonly<{ width: number; height: number }>;

/** By how much the reference's upscaling network enlarges: what a small part is fitted to depends on it. */
const enlargedBy = 4;

/** How many times longer than wide what is drawn may be. */
const longest = 32;

/** Whether a part is smaller than what is drawn: an upscaling network enlarges it first. */
export const isSmall = (part: Size, working: number): boolean => sizeNumber(part) < working;

/**
 * The size at which a part of a picture is drawn on (pipeline section 11.4). Both sides are multiples of 64 even where the
 * part has the wanted number already: a latent is cut to whole blocks, and the picture would come back shifted.
 *
 * @param working size number that the checkpoint draws best at
 * @throws RequestError `invalid-value` where the part is too narrow
 */
export function workingSize(part: Size, working: number): Size {
  const [long, short] = [Math.max(part.width, part.height), Math.min(part.width, part.height)];
  // Of a few pixels a side would be rounded to none; enlarged once more they have one.
  for (let scale = isSmall(part, working) ? enlargedBy : 1; scale <= 1024; scale *= enlargedBy) {
    const size = fittedSize({ width: scale * part.width, height: scale * part.height }, working, "always");
    if (size !== undefined && long <= longest * short) return size;
  }
  const message = `The part of the picture around the hole has ${part.width} x ${part.height} pixels, too narrow to be drawn on: ${longest} to 1 is the most. Lower inpaint_respective_field, or send less of the long side.`;
  throw new RequestError("invalid-value", message, { field: "inpaint_input_image" });
}
