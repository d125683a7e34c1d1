import { expect, test } from "bun:test";
import { isFiniteThroughout } from "#/tensor/tensor.ts";

test("one value that is infinite or no number is found wherever it lies, and no large one is taken for it", () => {
  expect(isFiniteThroughout(new Float32Array(0))).toBe(true);
  expect(isFiniteThroughout(new Float32Array(1000).fill(3.4e38))).toBe(true);
  for (const value of [Number.NaN, Infinity, -Infinity])
    for (const at of [0, 500, 999])
      expect(isFiniteThroughout(new Float32Array(1000).fill(-1).fill(value, at, at + 1))).toBe(false);
});
