import { expect, test } from "bun:test";
import { controlInput } from "#/sampling/guidance/controlled.ts";
import { discreteSampling, edmSampling, lcmSampling } from "#/sampling/model-sampling.ts";
import { zeros } from "#/tensor/tensor.ts";

const sampling = discreteSampling({ prediction: "eps", schedule: "scaled-linear" });
const call = (sigma: number) => ({ sample: zeros([1, 4, 2, 2]), timestep: 500, sigma });
const answering =
  (value: number, asked: number[] = []) =>
  async () => {
    asked.push(value);
    return [0, 1, 2].map(() => ({ dims: [1, 1, 1, 2], data: Float32Array.of(value, -value) }));
  };

test("the level of a progress: half of it is 1.6155803 of SDXL's, log-linear where there are no timesteps", () => {
  expect(sampling.sigmaOf(0.5)).toBeCloseTo(1.6155803, 6);
  expect(sampling.sigmaOf(0)).toBeCloseTo(14.614641, 5);
  expect(sampling.sigmaOf(1)).toBeCloseTo(0.0291671585, 8);
  expect(edmSampling().sigmaOf(0.5)).toBeCloseTo(Math.sqrt(0.002 * 120), 9);
  expect(lcmSampling().sigmaOf(0.5)).toBeCloseTo(1.6129, 2);
});

test("what several add, each times its weight, the less the further out", async () => {
  const controls = [
    { residuals: answering(1), weight: 0.5, stop: 1 },
    { residuals: answering(4), weight: 1, stop: 0.5 },
  ];
  const input = controlInput(controls, { places: 3, softness: 0.5 }, sampling);
  const early = await input(call(2));
  expect(Object.keys(early)).toEqual(["control_0", "control_1", "control_2"]);
  expect([0, 1, 2].map((place) => early[`control_${place}`]?.data[0])).toEqual([2.25, 3.375, 4.5]);
  const late = await input(call(1.6));
  expect([0, 1, 2].map((place) => late[`control_${place}`]?.data[1])).toEqual([-0.25, -0.375, -0.5]);
});

test("the level of the end itself is guided yet; below it no network is asked, and one zero is broadcast", async () => {
  const asked: number[] = [];
  const stop = 0.5;
  const input = controlInput(
    [{ residuals: answering(1, asked), weight: 1, stop }],
    { places: 3, softness: 0 },
    sampling,
  );
  await input(call(sampling.sigmaOf(stop)));
  expect(asked).toEqual([1]);
  const over = await input(call(sampling.sigmaOf(stop) - 1e-4));
  expect(asked).toEqual([1]);
  expect(over["control_2"]).toEqual({ dims: [1, 1, 1, 1], data: Float32Array.of(0) });
});

test("one that never ends guides the last call, at no noise", async () => {
  const asked: number[] = [];
  const controls = [{ residuals: answering(1, asked), weight: 1, stop: 1 }];
  await controlInput(controls, { places: 3, softness: 0 }, sampling)(call(0.001));
  expect(asked).toEqual([1]);
});
