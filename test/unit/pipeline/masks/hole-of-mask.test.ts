import { expect, test } from "bun:test";
import type { Greymap } from "#/image/greymap.ts";
import { holeOfMask } from "#/pipeline/masks/hole-of-mask.ts";

/** A mask of faint values, as mattes have them nearly everywhere, with a square. */
function matte(side: number, square: readonly [from: number, to: number]): Greymap {
  const data = Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return [x, y].every((at) => at >= square[0] && at < square[1]) ? 255 : 2;
  });
  return { width: side, height: side, channels: 1, data };
}
const plain = { grow: 0, invert: false };
const areaOf = (hole: Greymap | undefined) => hole?.data.reduce((sum, value) => sum + value / 255, 0);

test("faint values are no hole: the hole is the square", () => {
  const hole = holeOfMask({ mask: matte(20, [5, 9]), found: 1 }, plain);
  expect(areaOf(hole)).toBe(16);
  expect(hole?.data.every((value) => value === 0 || value === 255)).toBe(true);
});

test("it grows and shrinks by pixels on all sides before it is turned round", () => {
  const made = { mask: matte(20, [5, 9]), found: 1 };
  expect(areaOf(holeOfMask(made, { grow: 2, invert: false }))).toBe(64);
  expect(areaOf(holeOfMask(made, { grow: -1, invert: false }))).toBe(4);
  expect(areaOf(holeOfMask(made, { grow: 2, invert: true }))).toBe(400 - 64);
});

test("nothing found stays nothing, turned round too; so does what is eaten up", () => {
  const made = { mask: matte(20, [5, 9]), found: 0 };
  expect(holeOfMask(made, { grow: 0, invert: true })).toBeUndefined();
  expect(holeOfMask({ ...made, found: 1 }, { grow: -2, invert: false })).toBeUndefined();
  const all = { mask: matte(4, [0, 4]), found: 1 };
  expect(holeOfMask(all, { grow: 0, invert: true })).toBeUndefined();
});
