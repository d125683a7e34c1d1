import { expect, test } from "bun:test";
import { Statistics } from "#/runtime/strips/statistics.ts";

/** Mean and squares of a strip, the same for every group. */
function partOf(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const all = (value: number): Float32Array => new Float32Array(32).fill(value);
  return { mean: all(mean), squares: all(squares), count: values.length };
}

test("strips of any height give the mean and the deviation of all", () => {
  const strips = [[1000, 1001, 1002, 1003], [1010, 1012], [990]];
  const statistics = new Statistics();
  for (const strip of strips) statistics.add(partOf(strip));
  const { shift, factor } = statistics.known;
  const { mean, squares, count } = partOf(strips.flat());
  expect(shift.dims).toEqual([32, 1]);
  expect(shift.data[31]).toBeCloseTo(-mean[0]!, 3);
  expect(factor.data[31]).toBeCloseTo(1 / Math.sqrt(squares[0]! / count), 5);
});

test("a strip that holds no numbers is noticed", () => {
  const statistics = new Statistics();
  statistics.add(partOf([1, 2]));
  expect(statistics.isFinite).toBe(true);
  statistics.add(partOf([Number.POSITIVE_INFINITY, 1]));
  expect(statistics.isFinite).toBe(false);
});
