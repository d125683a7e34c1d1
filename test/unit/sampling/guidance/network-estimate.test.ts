import { expect, test } from "bun:test";
import { checkedBefore } from "#/sampling/guidance/checked.ts";
import { merged, sizeInput, textInput } from "#/sampling/guidance/inputs.ts";
import { networkEstimate } from "#/sampling/guidance/network-estimate.ts";
import { discreteSampling } from "#/sampling/model-sampling.ts";
import { combine } from "#/sampling/sampler.ts";
import type { Tensor } from "#/tensor/tensor.ts";

const model = discreteSampling({ prediction: "eps", schedule: "scaled-linear" });
const of = (...values: number[]): Tensor => ({ dims: [1, values.length], data: Float32Array.from(values) });
const x = of(1, -2, 3);

test("a network is asked with the scaled latent, the timestep and whatever contributes, by name", async () => {
  const asked: Readonly<Record<string, Tensor>>[] = [];
  const order: string[] = [];
  const control = (name: string) => async () => {
    order.push(name);
    await Promise.resolve();
    return { [name]: of(order.length) };
  };
  const estimate = networkEstimate(
    async (inputs) => {
      asked.push(inputs);
      return of(1, 1, 1);
    },
    model,
    merged(
      textInput(of(7)),
      sizeInput((timestep) => of(timestep)),
      control("control.0"),
      control("control.1"),
    ),
  );
  const sigma = model.sigmaMax;
  const found = await estimate(x, sigma);
  expect(asked).toEqual([
    {
      sample: combine([model.inputScale(sigma), x]),
      timestep: { dims: [1], data: Float32Array.of(999) },
      context: of(7),
      y: of(999),
      "control.0": of(1),
      "control.1": of(2),
    },
  ]);
  expect(order).toEqual(["control.0", "control.1"]);
  expect(found).toEqual(model.denoised(x, of(1, 1, 1), sigma));
});

test("what contributes is told of each run: its scaled latent, timestep and level", async () => {
  const calls: unknown[] = [];
  const estimate = networkEstimate(
    async () => x,
    model,
    (call) => {
      calls.push(call);
      return {};
    },
  );
  for (const sigma of [model.sigmaMax, 1]) await estimate(x, sigma);
  expect(calls).toEqual(
    [model.sigmaMax, 1].map((sigma) => ({
      sample: combine([model.inputScale(sigma), x]),
      timestep: model.timestep(sigma),
      sigma,
    })),
  );
});

test("a check that throws comes before the run, as a rejection", async () => {
  let runs = 0;
  let left = false;
  const estimate = checkedBefore(
    () => {
      if (left) throw new Error("left");
    },
    async () => {
      runs += 1;
      return x;
    },
  );
  expect(await estimate(x, 1)).toBe(x);
  left = true;
  await expect(estimate(x, 1)).rejects.toThrow("left");
  expect(runs).toBe(1);
});
