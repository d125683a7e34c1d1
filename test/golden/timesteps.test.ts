import { expect, test } from "bun:test";
import { discreteSampling, edmSampling, lcmSampling, type ModelSampling } from "#/sampling/model-sampling.ts";
import { type PlanOptions, planSigmas } from "#/sampling/plan.ts";
import { type BuiltSchedule, schedules } from "#/sampling/schedules.ts";
import { scaledLinearRounding, torchLogs, zeroTerminalSnrRounding } from "#/sampling/torch-rounding.ts";
import { goldenTensors } from "../support/golden.ts";

/**
 * Which timesteps the network is asked about, against torch (scripts/golden/timesteps.py): all of them, exactly. One that
 * is off by one gives another picture.
 */
const golden = goldenTensors("timesteps.safetensors");

const kinds = ["scaled-linear", "zero-terminal-snr"] as const;
const models = {
  "scaled-linear": discreteSampling({ prediction: "eps", schedule: "scaled-linear" }),
  "zero-terminal-snr": discreteSampling({ prediction: "v", schedule: "zero-terminal-snr" }),
} as const;
const distilled = lcmSampling();

const isDistilled = (name: BuiltSchedule): boolean => name === "lcm" || name === "tcd";

/** All that ask by timesteps. */
const names = (Object.keys(schedules) as BuiltSchedule[]).filter((name) => name !== "edm_playground_v2.5");
const spaced = ["normal", "karras", "exponential", "sgm_uniform"] as const;
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
const whole: readonly PlanOptions[] = [...upTo(30), 40, 50, 60, 70, 80, 90, 100].map((steps) => ({
  steps,
  denoise: 1,
}));
const partial: readonly PlanOptions[] = [4, 20, 30].flatMap((steps) =>
  [0.9, 0.85, 0.5, 0.382].map((denoise) => ({ steps, denoise })),
);

/**
 * Tables that go through torch's `exp` (MKL) or `pow` (SLEEF), which miss the nearest float32 by its last bit in one value
 * of sixty or fewer. The others are exact.
 */
const throughMath: readonly BuiltSchedule[] = [
  "normal",
  "sgm_uniform",
  "lcm",
  "tcd",
  "turbo",
  "exponential",
  "karras",
];
const lastBit = 2 ** -23;

const plans = (name: BuiltSchedule, model: ModelSampling, runs: readonly PlanOptions[]) =>
  runs.map((run) => ({ run, sigmas: planSigmas(schedules[name], model, {}, run).sigmas }));

function expectTimesteps(
  name: BuiltSchedule,
  model: ModelSampling,
  runs: readonly PlanOptions[],
  data: Float32Array,
): void {
  let at = 0;
  for (const { run, sigmas } of plans(name, model, runs)) {
    const found = sigmas.slice(0, -1).map(model.timestep);
    expect({ name, run, found }).toEqual({ name, run, found: [...data.subarray(at, at + found.length)] });
    at += found.length;
  }
  expect(at).toBe(data.length);
}

function expectSigmas(
  name: BuiltSchedule,
  model: ModelSampling,
  runs: readonly PlanOptions[],
  data: Float32Array,
): void {
  const found = plans(name, model, runs).flatMap(({ sigmas }) => [...sigmas]);
  if (!throughMath.includes(name)) return expect(found).toEqual([...data]);
  expect(found.length).toBe(data.length);
  const off = found.filter((sigma, i) => sigma !== data[i]);
  for (const [i, sigma] of found.entries())
    expect(Math.abs(sigma - data[i]!)).toBeLessThanOrEqual(lastBit * data[i]!);
  expect(off.length).toBeLessThanOrEqual(found.length / 50);
}

for (const kind of kinds) {
  for (const name of kind === "scaled-linear" ? names : spaced) {
    const model = isDistilled(name) ? distilled : models[kind];
    const expected = (key: string) => golden(`${kind}.${name}.${key}`).data;
    const every = upTo(100).map((steps) => ({ steps, denoise: 1 }));

    test(`${kind}, ${name}: the timesteps of 1 to 100 steps, and of partial runs`, () => {
      expectTimesteps(name, model, every, expected("timesteps"));
      expectTimesteps(name, model, partial, expected("partial.timesteps"));
    });

    test(`${kind}, ${name}: the sigmas`, () => {
      expectSigmas(name, model, whole, expected("sigmas"));
      expectSigmas(name, model, partial, expected("partial.sigmas"));
    });
  }

  test(`${kind}: the trained levels and their logarithms, to the last bit`, () => {
    const { sigmas } = models[kind];
    const rounding = { "scaled-linear": scaledLinearRounding, "zero-terminal-snr": zeroTerminalSnrRounding };
    expect([...sigmas]).toEqual([...golden(`${kind}.sigmas`).data]);
    expect([...torchLogs(sigmas, rounding[kind]).table]).toEqual([...golden(`${kind}.logs`).data]);
  });
}

test("v prediction has the same levels and timesteps as eps", () => {
  const v = discreteSampling({ prediction: "v", schedule: "scaled-linear" });
  expect(v.sigmas).toEqual(models["scaled-linear"].sigmas);
  for (const name of names.filter((other) => !isDistilled(other))) {
    const steps = upTo(100).map((count) => ({ steps: count, denoise: 1 }));
    expectTimesteps(name, v, steps, golden(`scaled-linear.${name}.timesteps`).data);
  }
});

test("the Brownian path spans ddim_uniform's whole table, also the levels that its run is cut before", () => {
  const found = upTo(100).flatMap((steps) => [
    ...planSigmas(schedules.ddim_uniform, models["scaled-linear"], {}, { steps, denoise: 1 }).span,
  ]);
  expect(found).toEqual([...golden("ddim_uniform.spans").data]);
});

test("edm_playground_v2.5: the sigmas, and what the network is told of them", () => {
  const model = edmSampling();
  for (const { steps, denoise } of whole) {
    const { sigmas } = planSigmas(schedules["edm_playground_v2.5"], model, {}, { steps, denoise });
    const { data } = golden(`edm_playground_v2.5.${steps}`);
    for (const [i, sigma] of sigmas.slice(0, -1).entries()) {
      // Through torch's `pow`, and its `log`, a last bit of each.
      expect(Math.abs(sigma - data[i]!)).toBeLessThanOrEqual(2 ** -22 * data[i]!);
      expect(Math.abs(model.timestep(sigma) - data[steps + i]!)).toBeLessThanOrEqual(2 ** -21);
    }
  }
});
