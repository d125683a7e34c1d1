import { expect, test } from "bun:test";
import { admVector } from "#/sampling/guidance/adm.ts";
import { bilateralFilter } from "#/sampling/guidance/bilateral.ts";
import { guided } from "#/sampling/guidance/guidance.ts";
import { playgroundLatents } from "#/sampling/latent-format.ts";
import { discreteSampling, edmSampling, lcmSampling, tcdSampling } from "#/sampling/model-sampling.ts";
import { planSigmas } from "#/sampling/plan.ts";
import { combine } from "#/sampling/sampler.ts";
import { type BuiltSchedule, samplingFor, schedules } from "#/sampling/schedules.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { goldenTensors, relativeError } from "../support/golden.ts";

/** What a step computes around the network, against a second writing in torch (scripts/golden/guidance.py). */
const golden = goldenTensors("guidance.safetensors");

/** Elementwise float32 formulas: a handful of roundings of 6e-8 each. */
const elementwise = 1e-6;

/** A sum of 169 products, and exponentials that torch approximates. */
const summed = 1e-5;

const models = {
  eps: discreteSampling({ prediction: "eps", schedule: "scaled-linear" }),
  v: discreteSampling({ prediction: "v", schedule: "scaled-linear" }),
  lcm: lcmSampling(),
  tcd: tcdSampling(),
  "edm_playground_v2.5": edmSampling(),
} as const;

const names = Object.keys(schedules) as BuiltSchedule[];

for (const name of names) {
  test(`${name}: the tables of 1 to 30 steps, full and partial`, () => {
    for (const steps of [1, 4, 8, 20, 30]) {
      for (const denoise of [1, 0.85, 0.5, 0.382]) {
        const model = samplingFor(name, { prediction: "eps", schedule: "scaled-linear" });
        const { sigmas: found } = planSigmas(schedules[name], model, {}, { steps, denoise });
        const { dims, data } = golden(`sigmas.${name}.${steps}.${denoise}`);
        expect([found.length]).toEqual([...dims]);
        // Every level relative to itself: the last bits of torch's exp differ from ours.
        for (const [i, sigma] of found.entries())
          expect(Math.abs(sigma - data[i]!)).toBeLessThanOrEqual(5e-7 * data[i]!);
      }
    }
  });
}

test("karras is torch's to the last bit, so that the Brownian path is asked at the same places", () => {
  for (const steps of [4, 8, 20, 30]) {
    const { sigmas: found } = planSigmas(schedules.karras, models.eps, {}, { steps, denoise: 1 });
    expect([...found]).toEqual([...golden(`sigmas.karras.${steps}.1`).data]);
  }
});

for (const name of ["eps", "v", "lcm", "tcd", "edm_playground_v2.5"] as const) {
  test(`${name}: from the network's answer to the clean latent`, () => {
    for (const sigma of [14.6146412, 3.3, 1, 0.2, 0.03]) {
      const rounded = Math.fround(sigma);
      const found = models[name].denoised(
        golden("parameterisation.x"),
        golden("parameterisation.output"),
        rounded,
      );
      const key = `parameterisation.${name}.${Number(sigma.toPrecision(6))}`;
      expect(relativeError(found, golden(key))).toBeLessThan(elementwise);
    }
  });
}

test("EDM: what the network is asked, and the latents of Playground 2.5", () => {
  const [edm, x, sigma] = [models["edm_playground_v2.5"], golden("parameterisation.x"), Math.fround(0.03)];
  const input = combine([edm.inputScale(sigma), x]);
  expect(relativeError(input, golden("parameterisation.edm_playground_v2.5.input"))).toBeLessThan(
    elementwise,
  );
  const [timestep] = golden("parameterisation.edm_playground_v2.5.timestep").data;
  expect(edm.timestep(sigma)).toBeCloseTo(timestep!, 6);
  const latent = playgroundLatents.toSampler(x);
  expect(relativeError(latent, golden("playground.latent"))).toBeLessThan(elementwise);
  expect(relativeError(playgroundLatents.toVae(latent), x)).toBeLessThan(elementwise);
});

test("three schedules say how the network is asked, whatever its file says", () => {
  const file = { prediction: "v", schedule: "zero-terminal-snr" } as const;
  const highest = (name: BuiltSchedule): number => samplingFor(name, file).sigmaMax;
  expect(highest("karras")).toBeCloseTo(4518.7568, 0);
  expect(highest("lcm")).toBeCloseTo(14.6146, 3);
  expect(highest("tcd")).toBeCloseTo(14.6146, 3);
  expect(highest("edm_playground_v2.5")).toBeCloseTo(120, 4);
});

test("a file of Playground 2.5 is asked its way under all other schedules, with numbers at each of their levels", () => {
  const file = { prediction: "edm", schedule: "scaled-linear" } as const;
  for (const name of names.filter((other) => other !== "lcm" && other !== "tcd")) {
    const model = samplingFor(name, file);
    expect(model.latents).toBe(playgroundLatents);
    const { sigmas: found } = planSigmas(schedules[name], model, {}, { steps: 8, denoise: 1 });
    for (const [i, sigma] of found.slice(0, -1).entries()) expect(sigma).toBeGreaterThan(found[i + 1]!);
    expect(found[0]).toBeLessThanOrEqual(120.001);
  }
});

test("the bilateral filter, borders included", () => {
  const found = bilateralFilter(golden("guidance.x"), golden("guidance.positive"));
  expect(relativeError(found, golden("guidance.filtered"))).toBeLessThan(summed);
});

for (const sharpness of [0, 2, 30]) {
  test(`guidance at sharpness ${sharpness}: below, at and above the adaptive CFG, early to late`, async () => {
    for (const [cfg, adaptiveCfg] of [
      [1.5, 7],
      [4, 7],
      [9, 7],
    ] as const) {
      for (const timestep of [999, 699, 0]) {
        const answer = (value: Tensor) => async () => value;
        const call = guided(
          answer(golden("guidance.positive")),
          answer(golden("guidance.negative")),
          { cfg, sharpness, adaptiveCfg },
          { timestep: () => timestep },
        );
        const found = await call(golden("guidance.x"), 1);
        const expected = golden(`guidance.${sharpness}.${cfg}.${adaptiveCfg}.${timestep}`);
        expect(relativeError(found, expected)).toBeLessThan(summed);
      }
    }
  });
}

test("the ADM vector: numbers by size, scale and time, each as 256 sinusoids behind the pooled text", () => {
  const pooled = { dims: [1, 3], data: Float32Array.of(1, -2, 3) };
  const angles = [0, 1, 896, 1000, 1152, 1344, 1728];
  const sinusoids = golden("sinusoids").data;
  let compared = 0;
  for (const [width, height] of [
    [1152, 896],
    [1000, 1040],
  ] as const) {
    for (const [scale, end] of [
      [1.5, 0.3],
      [0.8, 0.3],
      [1, 0],
    ] as const) {
      const vector = admVector(pooled, { width, height }, { scale, end });
      for (const timestep of [999, 700, 699, 0]) {
        const { data } = vector(timestep);
        expect([...data.subarray(0, 3)]).toEqual([1, -2, 3]);
        for (const [i, number] of golden(
          `adm.${width}.${height}.${scale}.${end}.${timestep}`,
        ).data.entries()) {
          const found = data.subarray(3 + 256 * i, 3 + 256 * (i + 1));
          // An angle of 1728 in float32 is off by 1e-4 at most, and its cosine with it.
          expect(Math.abs(found[0]! - Math.cos(number))).toBeLessThan(1e-4);
          const listed = angles.indexOf(number);
          if (listed < 0) continue;
          compared += 1;
          const expected = sinusoids.subarray(256 * listed, 256 * (listed + 1));
          for (const [at, value] of expected.entries())
            expect(Math.abs(found[at]! - value)).toBeLessThan(2e-4);
        }
      }
    }
  }
  expect(compared).toBeGreaterThan(60);
});
