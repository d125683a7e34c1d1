import { expect, test } from "bun:test";
import { samplerNames } from "#/recipe/recipe.ts";
import { BrownianTree } from "#/sampling/noise/brownian-tree.ts";
import { cpuRandn } from "#/sampling/noise/mt19937.ts";
import { combine, type Denoise, type Latent, pairs, type Walk } from "#/sampling/sampler.ts";
import { type BuiltSampler, samplers } from "#/sampling/samplers.ts";
import { trainedTable } from "#/sampling/sigma-table.ts";
import { exactEnd, type Gaussian, posteriorMean } from "../../support/gaussian-mixture.ts";

/**
 * How fast each sampler approaches what it computes: with twice as many steps, an error of order p is a 2^p-th. The data
 * are such that the answer is known: a mixture of Gaussians for the ODE (each pixel keeps its quantile), one Gaussian for
 * what draws noise (all is linear, so variances and paths can be followed exactly).
 */

const [highest, lowest] = [4, 0.1];

/** Equal steps in ln sigma, without a final 0: there every sampler takes another kind of step. */
const levels = (steps: number, from = highest, to = lowest): number[] =>
  Array.from({ length: steps + 1 }, (_, i) => from * (to / from) ** (i / steps));

/** The same, begun with steps so short that the low orders a multistep method starts with do not show. */
function withRunIn(steps: number): number[] {
  const table = levels(steps);
  const [first = 0, second = 0] = table;
  const runIn = Array.from({ length: 12 }, (_, i) => first * (second / first) ** (2 ** (i - 12)));
  return [first, ...runIn, ...table.slice(1)];
}

/** The same, ended with a step so short that the low order of UniPC's last one does not show. */
const withRunOut = (steps: number): number[] => {
  const table = withRunIn(steps);
  return [...table.slice(0, -1), lowest * (1 + 2 ** -14), lowest];
};

const { timestep } = trainedTable("scaled-linear");
const latent = (values: ArrayLike<number>): Latent => ({
  dims: [1, 1, 1, values.length],
  data: Float32Array.from(values),
});
const silent = (x: Latent) => (): Latent => latent(new Float32Array(x.data.length));

async function walked(
  name: BuiltSampler,
  walk: Pick<Walk, "denoise" | "x" | "sigmas"> & Partial<Walk>,
): Promise<Latent> {
  const steps = samplers[name].sample({ noise: silent(walk.x), timestep, ...walk });
  for (;;) {
    const next = await steps.next();
    if (next.done === true) return next.value;
  }
}

/** The order that two errors speak of, the second with half the first one's step. */
const orderOf = (coarse: number, fine: number): number => Math.log2(coarse / fine);

function expectOrder([coarse = 0, fine = 0]: readonly number[], order: number): void {
  expect(Math.abs(orderOf(coarse, fine) - order)).toBeLessThan(0.35);
}

const mixture: readonly Gaussian[] = [
  { weight: 0.4, mean: -1.5, deviation: 0.5 },
  { weight: 0.6, mean: 1, deviation: 0.8 },
];
const denoiserOf =
  (data: readonly Gaussian[]): Denoise =>
  async ({ dims, data: x }, sigma) => ({ dims, data: x.map((value) => posteriorMean(data, value, sigma)) });

const starts = [-7, -5, -3.5, -2, -1, -0.4, 0.3, 1, 2, 3.5, 5, 7];

async function odeError(name: BuiltSampler, sigmas: readonly number[]): Promise<number> {
  const end = await walked(name, { denoise: denoiserOf(mixture), x: latent(starts), sigmas });
  const distances = starts.map((x, i) => Math.abs(end.data[i]! - exactEnd(mixture, x, [highest, lowest])));
  return Math.max(...distances);
}

const ode: readonly (readonly [BuiltSampler, number, number, (steps: number) => readonly number[]])[] = [
  // Sampler, order, and how many steps show it best between the first terms and float32's roundings.
  ["euler", 1, 64, levels],
  ["ddim", 1, 64, levels],
  ["heunpp2", 1, 64, levels],
  ["heun", 2, 32, levels],
  ["restart", 2, 8, levels],
  ["dpm_2", 2, 32, levels],
  ["dpmpp_2m", 2, 64, levels],
  ["uni_pc", 2, 64, levels],
  ["uni_pc_bh2", 2, 64, levels],
  // All of its steps are of third order but the last, which is of second.
  ["dpm_fast", 3, 8, (steps) => levels(3 * steps - 1)],
  // The corrector adds one to the predictor's three.
  ["uni_pc", 4, 16, withRunOut],
  ["uni_pc_bh2", 4, 16, withRunOut],
  ["lms", 4, 32, withRunIn],
];
for (const [name, order, steps, table] of ode) {
  test(`${name} is of order ${order} on the probability-flow ODE, from ${table(steps).length - 1} steps`, async () => {
    const errors = [await odeError(name, table(steps)), await odeError(name, table(2 * steps))];
    expectOrder(errors, order);
  });
}

test("dpm_adaptive chooses steps with which it stays within its tolerance", async () => {
  const error = await odeError("dpm_adaptive", levels(1));
  expect(error).toBeLessThan(0.05);
});

const deviation = 0.7;
const single = denoiserOf([{ weight: 1, mean: 0, deviation }]);
const varianceAt = (sigma: number): number => deviation ** 2 + sigma ** 2;

/**
 * The variance of where a sampler ends, exactly: x and all noise enter linearly, so each gets an element of its own and what
 * comes of it is squared and added up. Noise on a Brownian path counts by the pieces between the levels it is asked at.
 */
async function endVariance(
  name: BuiltSampler,
  sigmas: readonly number[],
  data: Readonly<{ denoise: Denoise; deviation: number }> = { denoise: single, deviation },
): Promise<number> {
  const { denoise } = data;
  const isPath = samplers[name].noise === "brownian";
  const asked: (readonly [number, number])[] = [];
  const note = (from: number, to: number): Latent => {
    asked.push([from, to]);
    return latent([0]);
  };
  await walked(name, { denoise, x: latent([1]), sigmas, noise: note });
  const points = [...new Set(asked.flat())].sort((a, b) => a - b);
  const pieces = [...pairs(points)].map(([, low, high]): [number, number] => [low, high]);

  const size = 1 + (isPath ? pieces.length : asked.length);
  let draw = 0;
  const noise = (from: number, to: number): Latent => {
    draw += 1;
    const values = new Float32Array(size);
    if (!isPath) values[draw] = 1;
    else
      for (const [i, [low, high]] of pieces.entries())
        if (low >= to && high <= from) values[i + 1] = Math.sqrt((high - low) / (from - to));
    return latent(values);
  };
  const x = latent(Float32Array.from({ length: size }, (_, i) => (i === 0 ? 1 : 0)));
  const end = await walked(name, { denoise, x, sigmas, noise });
  const first = data.deviation ** 2 + (sigmas[0] ?? 0) ** 2;
  return end.data.reduce((sum, value, i) => sum + value ** 2 * (i === 0 ? first : 1), 0);
}

const stochastic: readonly (readonly [BuiltSampler, number, number])[] = [
  ["euler_ancestral", 1, 64],
  ["ddpm", 1, 64],
  ["dpm_2_ancestral", 2, 32],
  ["dpmpp_2s_ancestral", 2, 32],
  ["dpmpp_sde", 2, 32],
  ["dpmpp_sde_gpu", 2, 32],
  ["dpmpp_2m_sde", 2, 32],
  ["dpmpp_2m_sde_gpu", 2, 32],
  ["dpmpp_3m_sde", 2, 32],
  ["dpmpp_3m_sde_gpu", 2, 32],
];
for (const [name, order, steps] of stochastic) {
  test(`${name} is of weak order ${order}: the variance of what it draws`, async () => {
    const error = async (count: number): Promise<number> =>
      Math.abs((await endVariance(name, levels(count))) - varianceAt(lowest));
    const errors = [await error(steps), await error(2 * steps)];
    expectOrder(errors, order);
  });
}

test("restart is of weak order 2 where it restarts", async () => {
  // The last step, to 0, leaves the estimate at the lowest level: the data's share of the variance.
  const expected = deviation ** 4 / varianceAt(lowest);
  const error = async (count: number): Promise<number> =>
    Math.abs((await endVariance("restart", [...levels(count - 1), 0])) - expected);
  const errors = [await error(48), await error(96)];
  expectOrder(errors, 2);
});

const drifts: readonly (readonly [BuiltSampler, number, number, (steps: number) => readonly number[]])[] = [
  ["euler_ancestral", 1, 64, levels],
  ["ddpm", 1, 64, levels],
  ["dpmpp_sde", 2, 32, levels],
  ["dpmpp_2m_sde", 2, 32, levels],
  ["dpmpp_3m_sde", 3, 16, withRunIn],
];
/** Where the SDE's drift, twice the ODE's slope, leads without its noise: by Runge-Kutta's method with steps of no size. */
function driftEnd(start: number): number {
  const steps = 4000;
  const h = Math.log(lowest / highest) / steps;
  const drift = (x: number, log: number): number => 2 * (x - posteriorMean(mixture, x, Math.exp(log)));
  let x = start;
  for (let i = 0; i < steps; i += 1) {
    const log = Math.log(highest) + i * h;
    const a = drift(x, log);
    const b = drift(x + (h / 2) * a, log + h / 2);
    const c = drift(x + (h / 2) * b, log + h / 2);
    const d = drift(x + h * c, log + h);
    x += (h / 6) * (a + 2 * b + 2 * c + d);
  }
  return x;
}

const driftEnds = starts.map(driftEnd);
for (const [name, order, steps, table] of drifts) {
  test(`${name} without its noise is of order ${order} on the drift of the SDE`, async () => {
    const error = async (count: number): Promise<number> => {
      const walk = { denoise: denoiserOf(mixture), x: latent(starts), sigmas: table(count) };
      const { data } = await walked(name, walk);
      return Math.max(...driftEnds.map((end, i) => Math.abs(data[i]! - end)));
    };
    const errors = [await error(steps), await error(2 * steps)];
    expectOrder(errors, order);
  });
}

for (const name of ["dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde"] as const) {
  test(`${name} is of strong order 1: on one Brownian path, shorter steps end at the same point`, async () => {
    const tree = new BrownianTree(lowest, highest, 5n, (seed) => cpuRandn(seed, 256));
    const noise = (from: number, to: number): Latent =>
      latent(tree.increment(to, from).map((value) => -value / Math.sqrt(from - to)));
    const x = latent(cpuRandn(1n, 256).map((value) => value * highest));
    const end = (steps: number) => walked(name, { denoise: single, x, sigmas: levels(steps), noise });
    const finest = await end(256);
    const error = async (steps: number): Promise<number> => {
      const { data } = await end(steps);
      return Math.sqrt(data.reduce((sum, value, i) => sum + (value - finest.data[i]!) ** 2, 0) / 256);
    };
    const errors = [await error(16), await error(32)];
    expectOrder(errors, 1);
  });
}

test("no sampler of the contract is without a test of what it converges to", () => {
  const tested = [...ode, ...stochastic, ...drifts].map(([name]): string => name);
  const others = ["dpm_adaptive", "lcm", "tcd"];
  expect([...new Set([...tested, ...others])].sort()).toEqual([...samplerNames].sort());
});

test("ddpm is euler_ancestral in other variables", async () => {
  const noise = () => latent(starts.map(Math.sin));
  const walk = { denoise: denoiserOf(mixture), x: latent(starts), sigmas: [...levels(7), 0], noise };
  const [one, other] = [await walked("ddpm", walk), await walked("euler_ancestral", walk)];
  for (const [i, value] of one.data.entries()) expect(value).toBeCloseTo(other.data[i]!, 5);
});

for (const steps of [1, 2, 8]) {
  test(`lcm over ${steps} steps draws exactly what a perfect consistency function leads to`, async () => {
    // The end of the ODE from anywhere, which distillation aims at in place of the best estimate.
    const denoise: Denoise = async (x, sigma) => combine([deviation / Math.sqrt(varianceAt(sigma)), x]);
    const variance = await endVariance("lcm", [...levels(steps), 0], { denoise, deviation });
    expect(variance).toBeCloseTo(deviation ** 2, 5);
  });

  test(`tcd over ${steps} steps adds as much noise as its jumps went too far`, async () => {
    // Of data in one point, from where each jump is exact.
    const denoise: Denoise = async (x) => combine([0, x]);
    const variance = await endVariance("tcd", levels(steps), { denoise, deviation: 0 });
    expect(Math.sqrt(variance)).toBeCloseTo(lowest, 5);
  });
}
