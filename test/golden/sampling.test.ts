import { expect, test } from "bun:test";
import { discreteSampling } from "#/sampling/model-sampling.ts";
import { BrownianTree } from "#/sampling/noise/brownian-tree.ts";
import { cpuRandn } from "#/sampling/noise/mt19937.ts";
import { gpuRandn } from "#/sampling/noise/philox.ts";
import { seedSequence } from "#/sampling/noise/seed-sequence.ts";
import { planSigmas } from "#/sampling/plan.ts";
import type { Denoise, Latent } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";
import { schedules } from "#/sampling/schedules.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { goldenTensors, relativeError } from "../support/golden.ts";

const golden = goldenTensors("sampling.safetensors");

/** torch's vectorised build approximates log, sin and cos; its last one or two bits differ from ours. */
const noiseTolerance = 2e-6;

for (const seed of [0n, 1n, 2n ** 32n + 1n, 2n ** 63n - 1n]) {
  for (const size of ["16x16", "5x7"]) {
    test(`torch.randn on the CPU: seed ${seed}, ${size}`, () => {
      const expected = golden(`randn.${seed}.${size}`);
      const data = cpuRandn(seed, expected.data.length);
      expect(relativeError({ dims: expected.dims, data }, expected)).toBeLessThan(noiseTolerance);
    });
  }
}

test("torch.randn of fewer than 16 values takes the polar path", () => {
  const found = [...cpuRandn(0n, 4)].map((value) => value.toFixed(6));
  expect(found).toEqual(["1.540996", "-0.293429", "-2.178789", "0.568431"]);
});

test("torch.randn on CUDA: published values of seed 0, draws 0 and 1", () => {
  const six = (data: Float32Array): number[] =>
    [...data].slice(0, 4).map((value) => Math.round(value * 1e6) / 1e6);
  expect(six(gpuRandn(0n, 12))).toEqual([-0.924662, -0.425344, -2.643846, 0.145184]);
  expect(six(gpuRandn(0n, 12, 1))).toEqual([0.180826, -0.552263, 0.923813, -0.73497]);
});

test("numpy's SeedSequence, with and without a path of children", () => {
  expect([...seedSequence(12345n, [], 4)]).toEqual([2888090517, 4151165838, 1159728038, 2797387551]);
  expect([...seedSequence(2n ** 63n - 1n, [5, 3], 4)]).toEqual([
    1657546029, 1139724774, 334676306, 739122606,
  ]);
});

test("the Brownian tree is torchsde's, query by query", () => {
  const queries = golden("tree.queries");
  const size = golden("tree.0");
  const tree = new BrownianTree(0.0291671585, 14.6146411896, 12345n, (seed) =>
    cpuRandn(seed, size.data.length),
  );
  for (let i = 0; i < (queries.dims[0] ?? 0); i += 1) {
    const data = tree.increment(queries.data[2 * i] ?? 0, queries.data[2 * i + 1] ?? 0);
    // Queries come back from the fixture as float32: they move by 1e-6, and the path with them by its root.
    expect(relativeError({ dims: size.dims, data }, golden(`tree.${i}`))).toBeLessThan(2e-3);
  }
});

/** The same toy as in scripts/golden/sampling.py. */
const toy: Denoise = async ({ dims, data }, sigma) => {
  const mix = golden("toy.mix").data;
  const plane = data.length / 4;
  const scale = Math.sqrt(1 + sigma ** 2);
  const out = new Float32Array(data.length);
  for (let pixel = 0; pixel < plane; pixel += 1) {
    for (let o = 0; o < 4; o += 1) {
      let sum = 0;
      for (let c = 0; c < 4; c += 1) sum += (mix[o * 4 + c] ?? 0) * ((data[c * plane + pixel] ?? 0) / scale);
      out[o * plane + pixel] = (0.3 * (data[o * plane + pixel] ?? 0)) / scale ** 2 + Math.tanh(sum) * 0.8;
    }
  }
  return { dims, data: out };
};

/** Recorded draws, in the order they are asked for. */
function recorded(): () => Latent {
  const all = golden("toy.noises");
  const [, ...dims] = all.dims;
  const size = all.data.length / (all.dims[0] ?? 1);
  let at = 0;
  return () => {
    at += 1;
    return { dims, data: all.data.slice((at - 1) * size, at * size) };
  };
}

for (const steps of [4, 10, 30]) {
  test(`dpmpp_sde over ${steps} steps asks network and Brownian path where k-diffusion does in float32`, async () => {
    const asked: number[][] = [];
    const answer: Denoise = async (x, sigma) => {
      asked.push([sigma, 0]);
      return x;
    };
    const model = discreteSampling({ prediction: "eps", schedule: "scaled-linear" });
    const { sigmas } = planSigmas(schedules.karras, model, {}, { steps, denoise: 1 });
    const x = { dims: [1, 4, 1, 1], data: new Float32Array(4) };
    const walk = samplers.dpmpp_sde.sample(answer, x, sigmas, (from, to) => {
      asked.push([from, to]);
      return x;
    });
    while ((await walk.next()).done !== true);

    const { data, dims } = golden(`asked.${steps}`);
    const expected = Array.from({ length: dims[0]! }, (_, i) => [data[2 * i]!, data[2 * i + 1]!]);
    const timesteps = (calls: readonly number[][]) =>
      calls.filter(([, to]) => to === 0).map(([sigma]) => model.timestep(sigma!));
    expect(asked.length).toBe(expected.length);
    expect(timesteps(asked)).toEqual(timesteps(expected));
    // Every level went through a logarithm and an exponential, each of which torch may round to the other side.
    for (const [i, levels] of asked.entries()) {
      for (const [j, level] of levels.entries())
        expect(Math.abs(level - expected[i]![j]!)).toBeLessThanOrEqual(2 ** -22 * level);
    }
    const off = asked.flat().filter((level, i) => level !== expected.flat()[i]).length;
    expect(off).toBeLessThanOrEqual(asked.flat().length / 10);
  });
}

for (const name of ["euler", "euler_ancestral", "dpmpp_2m_sde", "dpmpp_sde", "lcm"] as const) {
  for (const steps of [4, 12]) {
    test(`${name} over ${steps} steps walks as torch does`, async () => {
      const walk = samplers[name].sample(
        toy,
        golden("toy.start"),
        [...golden(`toy.sigmas.${steps}`).data],
        recorded(),
      );
      let indexes = 0;
      let end: Tensor | undefined;
      for (;;) {
        const next = await walk.next();
        if (next.done === true) {
          end = next.value;
          break;
        }
        expect(next.value.index).toBe(indexes);
        indexes += 1;
      }
      expect(indexes).toBe(steps);
      // The reference ran in float64, ours in float32 with values up to 40: 1e-5 is some ten roundings a step.
      expect(relativeError(end, golden(`toy.${name}.${steps}`))).toBeLessThan(1e-5);
    });
  }
}
