import type { Greymap } from "#/image/greymap.ts";
import type { Box } from "#/image/operations/crop.ts";
import { holeBox } from "./hole-box.ts";

/** The part of a picture's sides that is drawn anew is 1.15 times as large as the hole. */
const margin = 1.15;

/**
 * The part of a picture that is worked on: around the hole, and grown until it has the wanted share of both sides (pipeline
 * section 11.3), the shorter side first.
 *
 * @param mask  of 0 and 255
 * @param field share of the sides: 0 is what is around the hole alone, 1 the whole picture
 * @returns undefined where there is no hole
 */
export function areaOfInterest(mask: Greymap, field: number): Box | undefined {
  const { width, height } = mask;
  const hole = holeBox(mask);
  if (hole === undefined) return undefined;
  if (field === 1) return { left: 0, top: 0, right: width, bottom: height };
  const middle = (low: number, high: number): number => Math.floor((low + high) / 2);
  const half = (low: number, high: number): number => Math.floor((high - low) / 2);
  const [lowest, rightmost] = [hole.bottom - 1, hole.right - 1];
  const [y, x] = [middle(hole.top, lowest), middle(hole.left, rightmost)];
  const longer = Math.max(half(hole.top, lowest), half(hole.left, rightmost));
  const reach = Math.trunc(longer * margin);
  let box = within(mask, { left: x - reach, top: y - reach, right: x + reach + 1, bottom: y + reach + 1 });
  for (;;) {
    const [tall, wide] = [box.bottom - box.top, box.right - box.left];
    if (tall >= height * field && wide >= width * field) return box;
    const up = tall < wide || wide === width ? 1 : 0;
    const across = tall >= wide || tall === height ? 1 : 0;
    box = within(mask, {
      left: box.left - across,
      top: box.top - up,
      right: box.right + across,
      bottom: box.bottom + up,
    });
  }
}

const within = ({ width, height }: Greymap, { left, top, right, bottom }: Box): Box => ({
  left: Math.max(0, left),
  top: Math.max(0, top),
  right: Math.min(width, right),
  bottom: Math.min(height, bottom),
});
