import { expect, test } from "bun:test";
import { distinct } from "#/runtime/face-detector/distinct.ts";
import type { Face } from "#/runtime/face-detector/face.ts";

const at = (left: number, top: number, size: number, score: number): Face => ({
  score,
  box: { left, top, right: left + size, bottom: top + size },
  points: [],
});

test("of boxes that mostly cover one another the most certain stays, and the most certain face comes first", () => {
  const [sure, same, other] = [at(0, 0, 100, 0.99), at(10, 10, 100, 0.98), at(200, 0, 50, 0.995)];
  expect(distinct([same, sure, other])).toEqual([other, sure]);
});

test("boxes that share less than two fifths of what they cover are two faces", () => {
  // 100 x 100 boxes, moved by 42 and by 43 pixels: 58 / 142 of it is shared, and 57 / 143.
  const first = at(0, 0, 100, 0.99);
  expect(distinct([first, at(42, 0, 100, 0.98)])).toHaveLength(1);
  expect(distinct([first, at(43, 0, 100, 0.98)])).toHaveLength(2);
});

test("a box within a much larger one is a face of its own", () => {
  expect(distinct([at(0, 0, 100, 0.99), at(30, 30, 40, 0.98)])).toHaveLength(2);
});
