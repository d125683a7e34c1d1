import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Greymap } from "#/image/greymap.ts";
import { areaResize } from "#/image/operations/area-resize.ts";
import { bilinearResize } from "#/image/operations/bilinear-resize.ts";
import { canny } from "#/image/operations/canny.ts";
import { cpds } from "#/image/operations/cpds.ts";
import { decolor } from "#/image/operations/decolor.ts";
import { gaussianBlur } from "#/image/operations/gaussian-blur.ts";
import { maxPool } from "#/image/operations/max-pool.ts";
import { percentile } from "#/image/operations/percentile.ts";
import { pyraCanny } from "#/image/operations/pyra-canny.ts";
import { solveLinear } from "#/image/operations/solve-linear.ts";
import { stretchContrast } from "#/image/operations/stretch-contrast.ts";
import type { Pixmap } from "#/image/pixmap.ts";

const grey = (width: number, height: number, at: (x: number, y: number) => number): Greymap => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))),
  channels: 1,
});

const flat = (width: number, height: number, value: number): Pixmap => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
});

/** The columns of each row where there is an edge. */
const edges = ({ width, height, data }: Greymap): readonly (readonly number[])[] =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => x).filter((x) => data[y * width + x] === 255),
  );

const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("Canny: a white square", () => {
  const square = grey(16, 16, (x, y) => (x >= 4 && x <= 11 && y >= 4 && y <= 11 ? 255 : 0));
  const expected = span(0, 15).map((y) => {
    if (y === 3) return span(5, 10);
    if (y === 4) return [4, 11];
    if (y >= 5 && y <= 10) return [3, 11];
    return y === 11 ? span(4, 11) : [];
  });
  expect(edges(canny(square, 100, 200))).toEqual(expected);
  expect(edges(canny(square, 200.9, 100.9))).toEqual(expected);
});

test("Canny: a step along the diagonal", () => {
  const step = grey(12, 12, (x, y) => (x > y ? 255 : 0));
  const expected = span(0, 11).map((y) => (y === 11 ? [] : y === 0 ? [1] : [y, y + 1]));
  expect(edges(canny(step, 100, 200))).toEqual(expected);
});

test("Canny: of three channels the steepest counts, so that a step is found that grey would miss", () => {
  const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => {
    const right = Math.floor(i / 3) % 8 >= 4;
    return [right ? 255 : 0, right ? 0 : 130, 0][i % 3] ?? 0;
  });
  const found = canny({ width: 8, height: 8, data }, 100, 200);
  expect(edges(found).every((row) => row.length === 1)).toBe(true);
});

test("a weak edge stays where it touches a strong one", () => {
  const ramp = grey(9, 9, (x, y) => (x >= 4 ? (y < 4 ? 200 : 60) : 0));
  expect(edges(canny(ramp, 100, 500))[7]).toHaveLength(1);
  expect(edges(canny(ramp, 300, 500))[7]).toHaveLength(0);
  expect(
    edges(
      canny(
        grey(9, 9, (x) => (x >= 4 ? 60 : 0)),
        100,
        500,
      ),
    ).flat(),
  ).toHaveLength(0);
});

test("percentiles are linear between neighbours", () => {
  const values = Float32Array.of(1, 2, 3, 4);
  expect([0, 50, 25, 100, 10].map((percent) => percentile(values, percent))).toEqual([1, 2.5, 1.75, 4, 1.3]);
  expect(() => percentile(new Float32Array(), 1)).toThrow(RangeError);
});

test("stretched contrast cuts off, does not round, and leaves few lines on nothing", () => {
  const map = (...values: readonly number[]) => ({
    width: values.length,
    height: 1,
    data: Float32Array.from(values),
  });
  expect([...stretchContrast(map(0, 1, 2, 3, 4), [0, 100]).data]).toEqual([0, 63, 127, 191, 255]);
  expect([...stretchContrast(map(0, 1, 2, 3, 4), [25, 75]).data]).toEqual([0, 0, 127, 255, 255]);
  expect([...stretchContrast(map(7, 7, 7), [1, 99]).data]).toEqual([0, 0, 0]);
  expect([...stretchContrast(map(0, 0, 0, 0, 9), [10, 50]).data]).toEqual([0, 0, 0, 0, 255]);
});

test("a flat picture has neither edges nor structures", () => {
  const picture = flat(20, 12, 130);
  expect(pyraCanny(picture, { low: 64, high: 128 }).data.every((value) => value === 0)).toBe(true);
  expect(cpds(picture).data.every((value) => value === 0)).toBe(true);
  expect(decolor(picture).grey.data.every((value) => value === 0)).toBe(true);
  expect([...gaussianBlur(picture).data]).toEqual([...picture.data]);
  expect(areaResize(picture, { width: 7, height: 5 }).data.every((value) => value === 130)).toBe(true);
});

test("what is too small for nine sizes is refused by its size", () => {
  expect(() => pyraCanny(flat(4, 90, 1), { low: 64, high: 128 })).toThrow(
    "4 x 90 pixels cannot shrink to 0 x 18",
  );
  expect(() => areaResize(flat(4, 4, 1), { width: 5, height: 4 })).toThrow("to 5 x 4");
});

test("bilinear: centres of pixels lie on centres, and edges are clamped", () => {
  const map = (width: number, ...values: readonly number[]) => ({
    width,
    height: values.length / width,
    channels: 1,
    data: Float32Array.from(values),
  });
  expect([...bilinearResize(map(2, 0, 20), { width: 4, height: 1 }).data]).toEqual([0, 5, 15, 20]);
  expect([...bilinearResize(map(1, 0, 20), { width: 2, height: 1 }).data]).toEqual([10, 10]);
  expect([...bilinearResize(map(4, 0, 1, 2, 3), { width: 2, height: 1 }).data]).toEqual([0.5, 2.5]);
  const same = map(2, 1, 2);
  expect(bilinearResize(same, { width: 2, height: 1 })).toBe(same);
});

test("the largest of a block is kept however thin a line is, and what fills no block is left out", () => {
  const line = grey(17, 16, (x, y) => (x === 9 && y < 8 ? 255 : x === 16 ? 9 : 0));
  expect(maxPool(line, 8)).toEqual({ width: 2, height: 2, data: Uint8Array.of(0, 255, 0, 0), channels: 1 });
});

test("linear systems: solved, and a singular one is told", () => {
  const right = [Float32Array.of(5), Float32Array.of(10)];
  expect(solveLinear([Float32Array.of(0, 1), Float32Array.of(2, 4)], right)).toBe(true);
  expect(right.map((row) => row[0])).toEqual([-5, 5]);
  const rows = [Float32Array.of(1, 2), Float32Array.of(2, 4)];
  expect(solveLinear(rows, [Float32Array.of(1), Float32Array.of(1)])).toBe(false);
});

test("a picture that shrinks by a whole factor keeps its mean", () => {
  const side = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(side, side, fc.nat(1000), (width, height, seed) => {
      const picture = grey(width * 3, height * 3, (x, y) => (x * 37 + y * 91 + seed * 13) % 256);
      const mean = ({ data }: Greymap) => data.reduce((sum, value) => sum + value, 0) / data.length;
      expect(Math.abs(mean(areaResize(picture, { width, height })) - mean(picture))).toBeLessThanOrEqual(0.5);
    }),
  );
});
