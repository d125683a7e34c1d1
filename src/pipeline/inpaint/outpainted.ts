import type { Greymap } from "#/image/greymap.ts";
import { addedBeyond, outpaintedSize } from "#/image/operations/outpainted-size.ts";
import { padByEdge, padByValue } from "#/image/operations/pad.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Outpaint } from "#/recipe/recipe.ts";

/** Longest side of a picture that is made larger. */
const longest = 16_384;

/** A picture and the hole in it. */
export type Holed = Readonly<{ picture: Pixmap; mask: Greymap }>;

/**
 * A picture that goes on beyond its sides: edges repeated, and all that is added a hole (pipeline section 11.2).
 *
 * @throws RequestError `invalid-value` where it would become too large
 */
export function outpainted({ picture, mask }: Holed, sides: Outpaint): Holed {
  const added = addedBeyond(picture, sides);
  const { width, height } = outpaintedSize(picture, sides);
  const size = [width, height] as const;
  if (Math.max(...size) > longest) {
    const message = `With outpaint_distance the picture would have ${size[0]} x ${size[1]} pixels; ${longest} a side are the most.`;
    throw new RequestError("invalid-value", message, {
      field: "outpaint_distance",
      value: Math.max(...size),
    });
  }
  return { picture: padByEdge(picture, added), mask: padByValue(mask, added, 255) };
}
