import type { Greymap } from "#/image/greymap.ts";
import { boxBlur } from "#/image/operations/box-blur.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Part } from "../stages/by-parts.ts";

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
 * it is no hole (pipeline section 11.4). Others have their turn before every blur: 60 of them at a million pixels take seconds.
 */
export async function* filled(
  picture: Pixmap,
  { data: hole }: Greymap,
): AsyncGenerator<Part, Pixmap, undefined> {
  let made = picture;
  for (const [done, radius] of radii.entries()) {
    await new Promise((resolve) => setImmediate(resolve));
    yield { done, of: radii.length };
    const { data, ...size } = boxBlur(made, radius);
    for (let at = 0; at < hole.length; at += 1) {
      if (hole[at]! >= 127) continue;
      data[3 * at] = picture.data[3 * at]!;
      data[3 * at + 1] = picture.data[3 * at + 1]!;
      data[3 * at + 2] = picture.data[3 * at + 2]!;
    }
    made = { ...size, data };
  }
  return made;
}
