import type { Sides } from "./pad.ts";

type Size = Readonly<{ width: number; height: number }>;

/** By how much a side grows that says nothing else: a part of the picture's length in that direction. */
const share = 0.3;

/** The sides that a picture goes on beyond, each by pixels, or null for a share of its length. */
type Beyond = Readonly<Partial<Record<keyof Sides, number | null>>>;

/** By how many pixels a picture goes on beyond its sides (pipeline section 11.2). */
export function addedBeyond({ width, height }: Size, sides: Beyond): Sides {
  const pixels = (side: keyof Sides, length: number): number => sides[side] ?? Math.trunc(length * share);
  const wanted = (side: keyof Sides, length: number): number => (side in sides ? pixels(side, length) : 0);
  return {
    left: wanted("left", width),
    right: wanted("right", width),
    top: wanted("top", height),
    bottom: wanted("bottom", height),
  };
}

/** The size of a picture that goes on beyond its sides. */
export function outpaintedSize(picture: Size, sides: Beyond): Size {
  const { left, right, top, bottom } = addedBeyond(picture, sides);
  return { width: picture.width + left + right, height: picture.height + top + bottom };
}
