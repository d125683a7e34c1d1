import type { Greymap } from "#/image/greymap.ts";
import { padByEdge, padByValue, type Sides } from "#/image/operations/pad.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Outpaint } from "#/recipe/recipe.ts";

/** By how much a side grows that says nothing else: a part of the picture's length in that direction. */
const share = 0.3;

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
  const { width, height } = picture;
  const pixels = (side: keyof Outpaint, length: number): number => sides[side] ?? Math.trunc(length * share);
  const wanted = (side: keyof Outpaint, length: number): number => (side in sides ? pixels(side, length) : 0);
  const added: Sides = {
    left: wanted("left", width),
    right: wanted("right", width),
    top: wanted("top", height),
    bottom: wanted("bottom", height),
  };
  const size = [width + added.left + added.right, height + added.top + added.bottom] as const;
  if (Math.max(...size) > longest) {
    const message = `With outpaint_distance the picture would have ${size[0]} x ${size[1]} pixels; ${longest} a side are the most.`;
    throw new RequestError("invalid-value", message, {
      field: "outpaint_distance",
      value: Math.max(...size),
    });
  }
  return { picture: padByEdge(picture, added), mask: padByValue(mask, added, 255) };
}
