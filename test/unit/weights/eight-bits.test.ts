import { expect, test } from "bun:test";
import { coded } from "#/weights/eight-bits.ts";

test("each channel by its largest value, halves upwards, columns side by side", () => {
  const { codes, scales, sums } = coded(Float32Array.of(127, -64, 0.5, 0, -2, 1), [2, 3], 1);
  expect([...scales]).toEqual([1, Math.fround(2 / 127)]);
  // [in, out]: 127 · (0, -2, 1) / 2 is 0, -127, 63.5
  expect([...codes]).toEqual([127, 0, -64, -127, 1, 64]);
  expect([...sums]).toEqual([64, Math.fround(-63 * Math.fround(2 / 127))]);
});

test("parts are matrices of their own, one behind the other", () => {
  const values = Float32Array.from({ length: 12 }, (_, at) => (at % 3 === 2 ? 127 : Math.floor(at / 3)));
  const { codes } = coded(values, [4, 3], 2);
  expect([...codes]).toEqual([0, 1, 0, 1, 127, 127, 2, 3, 2, 3, 127, 127]);
});

test("of a kernel the inputs of one point lie side by side", () => {
  const values = Float32Array.from({ length: 8 }, (_, at) => (at === 7 ? 127 : at)); // [1, 2, 2, 2]
  expect([...coded(values, [1, 2, 2, 2], 1).codes]).toEqual([0, 4, 1, 5, 2, 6, 3, 127]);
});

test("a channel of zeros is zero, and one that holds what is no number answers none", () => {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const values = Float32Array.of(0, 0, ...odd.flatMap((value) => [1, value]));
  const { codes, scales, sums } = coded(values, [4, 2], 1);
  expect([codes[0], codes[4], scales[0], sums[0]]).toEqual([0, 0, 0, 0]);
  expect([...scales.slice(1), ...sums.slice(1)].every(Number.isNaN)).toBe(true);
});
