import type { Greymap } from "#/image/greymap.ts";
import { boxBlur } from "#/image/operations/box-blur.ts";
import type { Pixmap } from "#/image/pixmap.ts";

/** Radii of box blurs, and how often each. */
const blurs = [
  [512, 2],
  [256, 2],
  [128, 4],
  [64, 4],
  [33, 8],
  [15, 8],
  [5, 16],
  [3, 16],
] as const;

/** How many blurs there are. */
export const fillParts = blurs.reduce((sum, [, times]) => sum + times, 0);

/**
 * A picture whose hole has the colours of its surroundings, flowed in: blurred ever finer, and after each blur put back where
 * it is no hole (pipeline section 11.4). Yields after every blur: with 60 of them at a million pixels somebody may want to stop.
 */
export function* filled(picture: Pixmap, { data: hole }: Greymap): Generator<void, Pixmap, undefined> {
  let made = picture;
  for (const [radius, times] of blurs)
    for (let i = 0; i < times; i += 1) {
      const { data, ...size } = boxBlur(made, radius);
      for (let at = 0; at < hole.length; at += 1) {
        if (hole[at]! >= 127) continue;
        data[3 * at] = picture.data[3 * at]!;
        data[3 * at + 1] = picture.data[3 * at + 1]!;
        data[3 * at + 2] = picture.data[3 * at + 2]!;
      }
      made = { ...size, data };
      yield;
    }
  return made;
}
