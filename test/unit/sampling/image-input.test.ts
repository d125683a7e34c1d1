import { expect, test } from "bun:test";
import { imageInput, type TellingImage } from "#/sampling/guidance/image-input.ts";
import { discreteSampling, edmSampling } from "#/sampling/model-sampling.ts";
import { zeros } from "#/tensor/tensor.ts";

const sampling = discreteSampling({ prediction: "eps", schedule: "scaled-linear" });
const call = (sigma: number) => ({ sample: zeros([1, 4, 2, 2]), timestep: 500, sigma });

/** One site of two channels, as many tokens as there are values. */
function image(values: readonly number[], more: Partial<TellingImage> = {}): TellingImage {
  const told = { dims: [1, values.length, 2], data: Float32Array.from(values.flatMap((v) => [v, -v])) };
  return { keys: [{ keys: told, values: told }], weight: 1, stop: 1, ...more };
}

test("several in one tensor a site: the shorter is filled up, and what fills it takes no part", async () => {
  const told = await imageInput(
    [image([1, 2, 3], { weight: 0.5 }), image([4], { weight: 2 })],
    sampling,
  )(call(1));
  expect(Object.keys(told).toSorted()).toEqual([
    "image_keys_0",
    "image_mask",
    "image_scales",
    "image_values_0",
  ]);
  expect([...told["image_scales"]!.data]).toEqual([0.5, 2]);
  expect(told["image_mask"]).toEqual({ dims: [2, 3], data: Float32Array.of(0, 0, 0, 0, -30_000, -30_000) });
  expect(told["image_keys_0"]?.dims).toEqual([2, 3, 2]);
  expect([...told["image_values_0"]!.data]).toEqual([1, -1, 2, -2, 3, -3, 4, -4, 0, 0, 0, 0]);
});

test("each tells until the progress of its stop, which itself is past: 1 - t / 999 by whole timesteps", async () => {
  const stop = 1 - 499 / 999;
  const input = imageInput([image([1], { stop, weight: 0.25 }), image([2])], sampling);
  const scales = async (timestep: number) => {
    const told = await input(call(sampling.sigmaOf(1 - timestep / 999)));
    return [...told["image_scales"]!.data];
  };
  expect(await scales(999)).toEqual([0.25, 1]);
  expect(await scales(500)).toEqual([0.25, 1]);
  expect(await scales(499)).toEqual([1]);
  expect(await scales(1)).toEqual([1]);
});

test("where none tells any more, one token of zeros is told", async () => {
  const input = imageInput([image([1, 2], { stop: 0.5 })], sampling);
  const told = await input(call(0.03));
  expect([...told["image_scales"]!.data, ...told["image_mask"]!.data]).toEqual([0, 0]);
  expect(told["image_values_0"]).toEqual({ dims: [1, 1, 2], data: Float32Array.of(0, 0) });
  expect(await input(call(0.02))).toBe(told);
});

test("levels without timesteps have the progress of those of SDXL: half of the way is told, not nothing", async () => {
  const input = imageInput([image([1], { stop: 0.5 })], edmSampling());
  expect([...(await input(call(80)))["image_scales"]!.data]).toEqual([1]);
  expect([...(await input(call(1.7)))["image_scales"]!.data]).toEqual([1]);
  expect([...(await input(call(1.5)))["image_scales"]!.data]).toEqual([0]);
});
