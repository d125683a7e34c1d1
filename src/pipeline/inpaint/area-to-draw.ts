import type { Greymap } from "#/image/greymap.ts";
import { type Box, crop } from "#/image/operations/crop.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";
import type { InpaintSource } from "#/recipe/recipe.ts";
import { inputAt } from "../sources/input-at.ts";
import { areaOfInterest } from "./area-of-interest.ts";
import { outpainted } from "./outpainted.ts";
import type { Place } from "./paste-back.ts";
import { preparedMask } from "./prepared-mask.ts";
import { softMask } from "./soft-mask.ts";

/** The part of a picture that is drawn on, its hole, and where it belongs. */
export type AreaToDraw = Readonly<{
  part: Pixmap;
  mask: Greymap;
  place: Place;
  /** The same part of another picture of the picture's size; undefined for one of another size. */
  partOf: (other: Pixmap) => Pixmap | undefined;
}>;

/**
 * The mask is made, the picture continued beyond its sides, and the part around the hole cut out, all in the picture's own
 * size (pipeline sections 11.1 to 11.4).
 *
 * @throws RequestError `invalid-value` where nothing is to be painted anew, or the picture would become too large
 */
export function areaToDraw(inputs: readonly Pixmap[], source: InpaintSource): AreaToDraw {
  const picture = inputAt({ inputs }, source.picture);
  const drawn = source.mask === undefined ? undefined : inputAt({ inputs }, source.mask);
  const own = { picture, mask: preparedMask(drawn, picture, source) };
  const { picture: whole, mask } = outpainted(own, source.outpaint);
  const box: Box = areaOfInterest(mask, source.field) ?? nothingToPaint(source);
  const partOf = (other: Pixmap): Pixmap | undefined =>
    other.width === picture.width && other.height === picture.height
      ? crop(outpainted({ picture: other, mask: own.mask }, source.outpaint).picture, box)
      : undefined;
  return {
    part: crop(whole, box),
    mask: crop(mask, box),
    place: { whole, box, soft: softMask(mask) },
    partOf,
  };
}

function nothingToPaint({ outpaint }: InpaintSource): never {
  if (Object.keys(outpaint).length > 0) {
    const message =
      "Nothing is added to the picture: three tenths of so short a side are no pixel. Say how many pixels there shall be in outpaint_distance.";
    throw new RequestError("invalid-value", message, { field: "outpaint_distance" });
  }
  const message =
    "Nothing of the mask is white (above 127) in the picture's size, or nothing is left of it: there is nothing to paint anew. Paint more of the place white, change inpaint_erode_or_dilate, or choose a side in outpaint_selections.";
  throw new RequestError("invalid-value", message, { field: "inpaint_mask_image_upload" });
}
