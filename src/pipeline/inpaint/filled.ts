import type { Greymap } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Part } from "../stages/by-parts.ts";
import { HoleBlur } from "./hole-blur.ts";
import { holeBox } from "./hole-box.ts";

/** Radii of box blurs, one after the other. */
const radii = (
  [
    [512, 2],
    [256, 2],
    [128, 4],
    [64, 4],
    [33, 8],
    [15, 8],
    [5, 16],
    [3, 16],
  ] as const
).flatMap(([radius, times]) => Array.from({ length: times }, () => radius));

/**
 * A picture whose hole has the colours of its surroundings, flowed in: blurred ever finer, and after each blur put back where
 * it is no hole (pipeline section 11.4). Others have their turn before every blur: 60 of them at a million pixels take a second.
 */
export async function* filled(picture: Pixmap, hole: Greymap): AsyncGenerator<Part, Pixmap, undefined> {
  const box = holeBox(hole);
  if (box === undefined) return picture;
  const blurred = new HoleBlur(picture, hole, box);
  for (const [done, radius] of radii.entries()) {
    await new Promise((resolve) => setImmediate(resolve));
    yield { done, of: radii.length };
    blurred.blur(radius);
  }
  return { width: picture.width, height: picture.height, data: blurred.data };
}
