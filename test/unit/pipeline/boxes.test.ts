import { expect, test } from "bun:test";
import type { Box } from "#/image/operations/crop.ts";
import { boxesMask, grownBoxes } from "#/pipeline/masks/boxes.ts";

const size = { width: 200, height: 100 };
const box = (left: number, top: number, right: number, bottom: number): Box => ({ left, top, right, bottom });

test("boxes grow and shrink on every side, and end where the picture does", () => {
  expect(grownBoxes([box(10, 20, 110.5, 60)], 15, size)).toEqual([box(0, 5, 125.5, 75)]);
  expect(grownBoxes([box(190, 90, 199, 99)], 20, size)).toEqual([box(170, 70, 200, 100)]);
  expect(grownBoxes([box(10, 20, 110, 60)], -10, size)).toEqual([box(20, 30, 100, 50)]);
});

test("a box of which nothing is left is gone, not turned inside out", () => {
  expect(grownBoxes([box(50, 0, 150, 100), box(0, 0, 200, 100)], -64, size)).toEqual([]);
  expect(grownBoxes([box(50, 0, 150, 100), box(0, 0, 200, 100)], -49, size)).toEqual([
    box(99, 49, 101, 51),
    box(49, 49, 151, 51),
  ]);
});

test("boxes that nobody changes stay as they were found, beyond the picture's edge too", () => {
  expect(grownBoxes([box(-1.5, 3, 20, 104), box(5, 5, 5, 9)], 0, size)).toEqual([box(-1.5, 3, 20, 104)]);
});

test("boxes to look at are white on black", () => {
  const { data } = boxesMask([box(1.9, 0, 2.1, 1.5), box(-9, -9, -1, -1)], { width: 4, height: 3 });
  expect([...data]).toEqual([0, 255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 0]);
});
