import { expect, test } from "bun:test";
import { cayley, neumann, skewed, skewedFromUpper, turnedOver } from "#/weights/lora/rotation.ts";

const size = 5;
const wave = (count: number, by: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.7 + 1) * by);

/** Largest difference of R Rᵀ from the identity, over all blocks, R being the blocks with the identity added. */
function offOrthogonal(values: Float32Array): number {
  let worst = 0;
  for (let at = 0; at < values.length; at += size * size) {
    const r = (i: number, j: number): number => (values[at + i * size + j] ?? Number.NaN) + (i === j ? 1 : 0);
    for (let i = 0; i < size; i += 1)
      for (let j = 0; j < size; j += 1) {
        let sum = i === j ? -1 : 0;
        for (let k = 0; k < size; k += 1) sum += r(i, k) * r(j, k);
        worst = Math.max(worst, Math.abs(sum));
      }
  }
  return worst;
}

test("Cayley's transform turns without stretching, however large Q is", () => {
  for (const by of [0.01, 1, 100]) {
    const { values } = cayley(skewed({ size, values: wave(3 * size * size, by) }));
    expect(offOrthogonal(values)).toBeLessThan(1e-5);
    expect(values.some((value) => Math.abs(value) > by / 100)).toBe(true);
  }
});

test("of nothing it is the identity, and of -Q it is the transposed turn", () => {
  expect(
    [...cayley({ size, values: new Float32Array(size * size) }).values].every((value) => value === 0),
  ).toBe(true);
  const blocks = skewed({ size, values: wave(size * size, 0.5) });
  const back = cayley({ size, values: blocks.values.map((value) => -value) }).values;
  const over = turnedOver(cayley(blocks)).values;
  for (const [i, value] of back.entries())
    expect(Math.abs(value - (over[i] ?? Number.NaN))).toBeLessThan(1e-6);
});

test("a constraint shortens what is longer, all blocks together", () => {
  const length = (values: Float32Array): number => Math.hypot(...values);
  const blocks = { size, values: wave(2 * size * size, 1) };
  const free = skewed(blocks).values;
  expect(length(skewed(blocks, 0.25).values)).toBeCloseTo(0.25, 6);
  expect([...skewed(blocks, 1000).values]).toEqual([...free]);
});

test("PEFT's series is close to the transform where Q is small, and no further", () => {
  const upper = (by: number): Float32Array => wave((2 * size * (size - 1)) / 2, by);
  const apart = (by: number): number => {
    const blocks = skewedFromUpper(size, upper(by));
    const exact = cayley(blocks).values;
    return Math.max(...neumann(blocks).values.map((value, i) => Math.abs(value - (exact[i] ?? Number.NaN))));
  };
  expect(apart(0.01)).toBeLessThan(1e-6);
  expect(apart(0.2)).toBeGreaterThan(1e-4);
});

test("numbers above the diagonal stand row by row", () => {
  expect([...skewedFromUpper(3, Float32Array.of(1, 2, 3)).values]).toEqual([0, 1, 2, -1, 0, 3, -2, -3, 0]);
});
