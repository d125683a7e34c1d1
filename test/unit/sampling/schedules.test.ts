import { expect, test } from "bun:test";
import { admVector } from "#/sampling/guidance/adm.ts";
import { bilateralFilter } from "#/sampling/guidance/bilateral.ts";
import { guided } from "#/sampling/guidance/guidance.ts";
import { discreteSampling, lcmSampling } from "#/sampling/model-sampling.ts";
import { planSigmas } from "#/sampling/plan.ts";
import { samplers } from "#/sampling/samplers.ts";
import type { BuiltSchedule } from "#/sampling/schedules.ts";
import { schedules } from "#/sampling/schedules.ts";
import { startState } from "#/sampling/start.ts";

/** Published tables of the reference (pipeline specification, section 20); float32 leaves one or two last bits open. */
const tables: readonly (readonly [BuiltSchedule, number, readonly number[]])[] = [
  ["karras", 4, [14.6146431, 3.1686049, 0.4469186, 0.0291672, 0]],
  [
    "normal",
    10,
    [
      14.6146393, 7.8398833, 4.6091743, 2.9183068, 1.9501615, 1.3449278, 0.9323579, 0.6249769, 0.3686577,
      0.0291672, 0,
    ],
  ],
  ["sgm_uniform", 4, [14.6146393, 4.086081, 1.6155803, 0.6951495, 0]],
  [
    "simple",
    10,
    [
      14.6146412, 8.302803, 5.0877633, 3.3210831, 2.276463, 1.6128862, 1.1605784, 0.8298596, 0.5692849,
      0.3416738, 0,
    ],
  ],
  [
    "ddim_uniform",
    10,
    [
      8.3906851, 5.1344309, 3.3477635, 2.2928538, 1.623692, 1.168216, 0.8356528, 0.5740502, 0.3461867,
      0.0413144, 0,
    ],
  ],
  [
    "exponential",
    10,
    [
      14.6146393, 7.3248692, 3.6712306, 1.8400235, 0.9222214, 0.4622183, 0.2316642, 0.1161103, 0.0581946,
      0.0291672, 0,
    ],
  ],
  ["turbo", 4, [14.6146393, 8.3028021, 5.0877633, 3.3210828, 0]],
];

const model = discreteSampling({ prediction: "eps", schedule: "scaled-linear" });

for (const [name, steps, expected] of tables) {
  test(`${name} over ${steps} steps`, () => {
    const { sigmas } = planSigmas(schedules[name], model, {}, { steps, denoise: 1 });
    expect(sigmas.length).toBe(expected.length);
    for (const [i, sigma] of sigmas.entries())
      expect(Math.abs(sigma - (expected[i] ?? -1))).toBeLessThan(2e-6 * (1 + sigma));
  });
}

test("lcm has its own parameterisation, and a partial run starts lower with the same number of steps", () => {
  const { sigmas: lcm } = planSigmas(schedules.lcm, lcmSampling(), {}, { steps: 8, denoise: 1 });
  expect(lcm.map((sigma) => (sigma > 0 ? lcmSampling().timestep(sigma) : 0))).toEqual([
    999, 879, 759, 639, 499, 379, 259, 139, 0,
  ]);
  const { sigmas: half } = planSigmas(schedules.karras, model, {}, { steps: 30, denoise: 0.5 });
  expect(half.length).toBe(31);
  expect(half[0]).toBeCloseTo(1.2123858, 5);
});

test("second-order samplers that stumble over the lowest level get a table without it, for as many steps", () => {
  for (const name of ["dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"] as const) {
    const { sigmas } = planSigmas(schedules.karras, model, samplers[name], { steps: 4, denoise: 1 });
    expect(sigmas).toEqual([...schedules.karras(model, 5).slice(0, 4), 0]);
  }
});

test("a sigma's timestep is the nearest whole one", () => {
  const { sigmas } = planSigmas(schedules.karras, model, {}, { steps: 30, denoise: 1 });
  const expected = [
    999, 975, 949, 923, 894, 863, 830, 795, 757, 716, 672, 624, 572, 517, 458, 397, 334, 273, 214, 162, 117,
    80, 53, 33, 20, 11, 6, 3, 1, 0,
  ];
  expect(sigmas.slice(0, -1).map((sigma) => model.timestep(sigma))).toEqual(expected);
});

const latent = (values: readonly number[]) => ({
  dims: [1, 4, 1, values.length / 4],
  data: Float32Array.from(values),
});

test("a full run starts with the noise scaled by sqrt(1 + sigma²), a partial one by sigma", () => {
  const zero = latent([0, 0, 0, 0]);
  const noise = latent([1, 1, 1, 1]);
  expect(startState(zero, noise, 14.6146412, model.sigmaMax).data[0]).toBeCloseTo(
    Math.sqrt(1 + 14.6146412 ** 2),
    4,
  );
  expect(startState(zero, noise, 2, model.sigmaMax).data[0]).toBe(2);
});

test("CFG 1 asks the positive branch alone; otherwise both, and the residuals are mixed", async () => {
  const asked: string[] = [];
  const branch = (name: string, value: number) => async () => {
    asked.push(name);
    return latent([value, value, value, value]);
  };
  const x = latent([3, 3, 3, 3]);
  const off = { cfg: 1, sharpness: 0, adaptiveCfg: 1 };
  expect((await guided(branch("p", 1), branch("n", 0), off, model)(x, 5)).data[0]).toBe(1);
  expect(asked).toEqual(["p"]);
  const on = { cfg: 4, sharpness: 0, adaptiveCfg: 7 };
  expect((await guided(branch("p", 1), branch("n", 0), on, model)(x, 5)).data[0]).toBe(4);
  const late = { cfg: 9, sharpness: 0, adaptiveCfg: 7 };
  expect((await guided(branch("p", 1), branch("n", 0), late, model)(x, model.sigmaMax)).data[0]).toBeCloseTo(
    7,
    5,
  );
});

test("the bilateral filter leaves a constant alone and follows its definition on one pixel", () => {
  const dims = [1, 1, 8, 8];
  const constant = { dims, data: new Float32Array(64).fill(2) };
  const guide = { dims, data: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)) };
  for (const value of bilateralFilter(constant, guide).data) expect(value).toBeCloseTo(2, 5);

  const values = { dims, data: Float32Array.from({ length: 64 }, (_, i) => (i * 37) % 11) };
  const mean = guide.data.reduce((a, b) => a + b, 0) / 64;
  const deviation = Math.sqrt(guide.data.reduce((a, b) => a + (b - mean) ** 2, 0) / 63) + 1e-5;
  const mirror = (i: number): number => (i < 0 ? -i : i > 7 ? 14 - i : i);
  let sum = 0;
  let total = 0;
  for (let v = -6; v <= 6; v += 1) {
    for (let u = -6; u <= 6; u += 1) {
      const at = mirror(3 + v) * 8 + mirror(4 + u);
      const distance = Math.abs((guide.data[at] ?? 0) - (guide.data[3 * 8 + 4] ?? 0)) / deviation;
      const weight = Math.exp(-(u * u + v * v) / 18 - (distance * distance) / 18);
      sum += weight * (values.data[at] ?? 0);
      total += weight;
    }
  }
  expect(bilateralFilter(values, guide).data[3 * 8 + 4]).toBeCloseTo(sum / total, 4);
});

test("the ADM vector exaggerates the original size early, height first, cosines first", () => {
  const pooled = { dims: [1, 2], data: Float32Array.of(0.25, -0.5) };
  const y = admVector(pooled, { width: 1152, height: 896 }, { scale: 1.5, end: 0.3 });
  const early = y(700).data;
  const late = y(699).data;
  expect(early.length).toBe(2 + 6 * 256);
  expect([early[0], early[1]]).toEqual([0.25, -0.5]);
  expect(early[2]).toBeCloseTo(Math.cos(1344), 4);
  expect(early[2 + 128]).toBeCloseTo(Math.sin(1344), 4);
  expect(early[2 + 256]).toBeCloseTo(Math.cos(1728), 4);
  expect(early[2 + 512]).toBe(1);
  expect(late[2]).toBeCloseTo(Math.cos(896), 4);
  expect(late[2 + 256]).toBeCloseTo(Math.cos(1152), 4);
});
