import { expect, test } from "bun:test";
import { lengthOf } from "#/runtime/stretches.ts";

test("bytes in at least one stretch are counted once, in whatever order they come", () => {
  expect(lengthOf([])).toBe(0);
  expect(
    lengthOf([
      [10, 20],
      [0, 5],
    ]),
  ).toBe(15);
  expect(
    lengthOf([
      [10, 20],
      [10, 20],
      [12, 15],
    ]),
  ).toBe(10);
  expect(
    lengthOf([
      [5, 15],
      [0, 10],
      [15, 16],
      [30, 30],
    ]),
  ).toBe(16);
});
