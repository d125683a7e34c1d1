import { expect, test } from "bun:test";
import { lengthOf, stretchesOf } from "#/runtime/stretches.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

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

test("tensors that lie side by side are one stretch, what is far off or packed is not in it", () => {
  const ref = (offset: number, path = "/a"): WeightRef => ({
    path,
    key: `${offset}`,
    dtype: "F16",
    shape: [50],
    offset,
    length: 100,
  });
  const far = 8 * 2 ** 20;
  const view = { start: 0, shape: [50], strides: [1] };
  const packed = { storage: { offset: 0, length: 100 }, view, element: 2 };
  expect(stretchesOf([ref(300), ref(far), ref(100), ref(0, "/b"), { ...ref(2 * far), packed }])).toEqual([
    { path: "/a", start: 100, end: 400 },
    { path: "/a", start: far, end: far + 100 },
    { path: "/b", start: 0, end: 100 },
  ]);
});
