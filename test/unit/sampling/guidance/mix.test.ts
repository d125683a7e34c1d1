import { expect, test } from "bun:test";
import { bilateralFilter } from "#/sampling/guidance/bilateral.ts";
import { classifierFree, gradual, type Residuals } from "#/sampling/guidance/mix.ts";
import { sharpened } from "#/sampling/guidance/sharpness.ts";
import { combine } from "#/sampling/sampler.ts";
import type { Tensor } from "#/tensor/tensor.ts";

const latent = (seed: number): Tensor => ({
  dims: [1, 4, 4, 4],
  data: Float32Array.from({ length: 64 }, (_, i) => Math.sin(seed * (i + 1))),
});
const residuals: Residuals = {
  positive: latent(1),
  negative: latent(2),
  estimate: latent(3),
  progress: 0.25,
};

test("classifier-free guidance: 1 is the positive residual, 0 the negative one, and beyond goes further", () => {
  const { positive, negative } = residuals;
  expect(classifierFree(1)(residuals)).toEqual(combine([1, positive], [0, negative]));
  expect(classifierFree(0)(residuals)).toEqual(combine([0, positive], [1, negative]));
  expect(classifierFree(4)(residuals)).toEqual(combine([4, positive], [-3, negative]));
});

test("gradual: the early mix at the start, the late one at the end, both by progress between", () => {
  const [late, early] = [classifierFree(9), classifierFree(7)];
  const at = (progress: number) => gradual(late, early)({ ...residuals, progress });
  expect(at(1)).toEqual(combine([1, late(residuals)], [0, early(residuals)]));
  expect(at(0)).toEqual(combine([0, late(residuals)], [1, early(residuals)]));
  expect(at(0.25)).toEqual(combine([0.25, late(residuals)], [0.75, early(residuals)]));
});

test("sharpness changes the positive residual before any mix, and nothing at 0 or at the start", () => {
  const mix = classifierFree(4);
  const { positive, estimate, progress } = residuals;
  const alpha = 0.001 * 30 * progress;
  const smoothed = combine([alpha, bilateralFilter(positive, estimate)], [1 - alpha, positive]);
  expect(sharpened(30, mix)(residuals)).toEqual(mix({ ...residuals, positive: smoothed }));
  expect(sharpened(30, mix)(residuals)).not.toEqual(mix(residuals));
  expect(sharpened(0, mix)(residuals)).toEqual(mix(residuals));
  const start = { ...residuals, progress: 0 };
  expect(sharpened(30, mix)(start)).toEqual(mix(start));
});
