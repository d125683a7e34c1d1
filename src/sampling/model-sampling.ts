import { combine, type Latent } from "./sampler.ts";

/**
 * How a network's answer relates to noise levels: its table of sigmas, the timestep it was trained at for each, and
 * the way from its output to an estimate of the clean latent.
 */
export type ModelSampling = Readonly<{
  /** Rising; one entry a trained timestep. */
  sigmas: Float32Array;
  sigmaMin: number;
  sigmaMax: number;
  /** The trained timestep nearest to a sigma: a whole number, never interpolated. */
  timestep: (sigma: number) => number;
  /** The sigma of a real timestep, log-linear between neighbours. */
  sigmaAt: (timestep: number) => number;
  /** Factor on x before the network sees it (c_in). */
  inputScale: (sigma: number) => number;
  /** The estimate of the clean latent from the network's output. */
  denoised: (x: Latent, output: Latent, sigma: number) => Latent;
}>;

const trainedSteps = 1000;

/** SDXL's noise schedule: betas whose roots rise linearly from 0.00085 to 0.012 (Rombach et al. 2022, appendix). */
export function discreteSigmas(): Float32Array {
  const sigmas = new Float32Array(trainedSteps);
  const first = Math.sqrt(0.00085);
  const last = Math.sqrt(0.012);
  let product = 1;
  for (let i = 0; i < trainedSteps; i += 1) {
    product *= 1 - (first + ((last - first) * i) / (trainedSteps - 1)) ** 2;
    sigmas[i] = Math.sqrt((1 - product) / product);
  }
  return sigmas;
}

/** A table with its timesteps `offset`, `offset + stride`, ... */
function tabled(
  sigmas: Float32Array,
  stride: number,
  offset: number,
): Omit<ModelSampling, "inputScale" | "denoised"> {
  const logs = sigmas.map(Math.log);
  return {
    sigmas,
    sigmaMin: sigmas[0]!,
    sigmaMax: sigmas.at(-1)!,
    timestep: (sigma) => nearest(logs, Math.fround(Math.log(sigma))) * stride + offset,
    sigmaAt: (timestep) => {
      const at = Math.min(Math.max((timestep - offset) / stride, 0), logs.length - 1);
      const low = Math.floor(at);
      const part = at - low;
      const log = Math.fround(
        Math.fround((1 - part) * logs[low]!) + Math.fround(part * logs[Math.ceil(at)]!),
      );
      return Math.fround(Math.exp(log));
    },
  };
}

/** Two distances this close are one: neighbours lie 5e-3 and more apart, a rounded middle between them 1e-7 off. */
const tie = 1e-6;

/** Index of the entry nearest to a value; the lowest on a tie. */
function nearest(values: Float32Array, value: number): number {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) {
    if (Math.abs(values[i]! - value) < Math.abs(values[best]! - value) - tie) best = i;
  }
  return best;
}

const unitScale = (sigma: number): number => 1 / Math.sqrt(sigma ** 2 + 1);

/** The ordinary parameterisation of SDXL checkpoints (Ho et al. 2020; v: Salimans & Ho 2022). */
export function discreteSampling(prediction: "eps" | "v"): ModelSampling {
  return {
    ...tabled(discreteSigmas(), 1, 0),
    inputScale: unitScale,
    denoised: (x, output, sigma) =>
      prediction === "eps"
        ? combine([1, x], [-sigma, output])
        : combine([1 / (sigma ** 2 + 1), x], [-sigma * unitScale(sigma), output]),
  };
}

/**
 * The parameterisation of consistency-distilled models (Luo et al. 2023, section 4): every twentieth timestep, and a
 * boundary condition that blends x back in near sigma = 0.
 */
export function lcmSampling(): ModelSampling {
  const all = discreteSigmas();
  const sigmas = Float32Array.from({ length: 50 }, (_, i) => all[20 * i + 19]!);
  const table = tabled(sigmas, 20, 19);
  return {
    ...table,
    inputScale: unitScale,
    denoised: (x, output, sigma) => {
      const q = 10 * table.timestep(sigma);
      const keep = 0.25 / (q ** 2 + 0.25);
      const take = q / Math.sqrt(q ** 2 + 0.25);
      return combine([take + keep, x], [-take * sigma, output]);
    },
  };
}
