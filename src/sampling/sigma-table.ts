import { linspace } from "./linspace.ts";
import {
  distilledRounding,
  scaledLinearRounding,
  type TorchRounding,
  torchLogs,
  zeroTerminalSnrRounding,
} from "./torch-rounding.ts";

/** How the noise levels a network was trained at are spaced: SDXL's own, or those rescaled to end in pure noise. */
export type NoiseSchedule = "scaled-linear" | "zero-terminal-snr";

/** A table of noise levels and the timesteps that stand for them. */
export type SigmaTable = Readonly<{
  /** Rising; one entry a trained timestep. */
  sigmas: Float32Array;
  sigmaMin: number;
  sigmaMax: number;
  /**
   * What the network is told of a sigma: the trained timestep nearest to it in float32, a whole number, never interpolated,
   * the lower one on a tie. A continuous one is told ln sigma / 4.
   */
  timestep: (sigma: number) => number;
  /** The sigma of a real timestep, log-linear between neighbours. */
  sigmaAt: (timestep: number) => number;
  /** The sigma at a progress between 0, all noise, and 1. */
  sigmaOf: (progress: number) => number;
}>;

const trainedSteps = 1000;

/** SDXL's alphaBars: of betas whose roots rise linearly from 0.00085 to 0.012 (Rombach et al. 2022, appendix). */
function scaledLinear(): Float64Array {
  const alphaBars = new Float64Array(trainedSteps);
  const first = Math.sqrt(0.00085);
  const last = Math.sqrt(0.012);
  let product = 1;
  for (let i = 0; i < trainedSteps; i += 1) {
    product *= 1 - (first + ((last - first) * i) / (trainedSteps - 1)) ** 2;
    alphaBars[i] = product;
  }
  return alphaBars;
}

/** The noise levels of SDXL's training, in float32. */
const trainedSigmas = (): Float32Array =>
  Float32Array.from(scaledLinear(), (alphaBar) => Math.sqrt((1 - alphaBar) / alphaBar));

/** The share of the signal's variance that is left at each of the thousand timesteps, in float32; falling. */
export const trainedAlphaBars = (): Float32Array => Float32Array.from(scaledLinear());

/** What stands for the last alpha-bar, which would be 0 and its sigma infinite: sigma is about 4519. */
const lastAlphaBar = 4.8973451890853435e-8;

/**
 * The levels rescaled to zero terminal SNR (Lin et al. 2023, algorithm 1): the root of alpha-bar is shifted and scaled so
 * that the last is 0 and the first stays. In float32 throughout, as torch has it.
 */
function zeroTerminalSnr(sigmas: Float32Array): Float32Array {
  const { fround, sqrt } = Math;
  const roots = sigmas.map((sigma) => sqrt(fround(1 / fround(fround(sigma * sigma) + 1))));
  const [first, last] = [roots[0]!, roots.at(-1)!];
  const scale = fround(first / fround(first - last));
  return roots.map((root, i) => {
    const shifted = fround(fround(root - last) * scale);
    const alphaBar = fround(i + 1 === roots.length ? lastAlphaBar : shifted * shifted);
    return sqrt(fround(fround(1 - alphaBar) / alphaBar));
  });
}

/** A table whose entries are the timesteps `offset`, `offset + stride`, ... All arithmetic is float32, as torch's. */
function tabled(sigmas: Float32Array, rounding: TorchRounding, stride = 1, offset = 0): SigmaTable {
  const { fround } = Math;
  const { table: logs, log, exp } = torchLogs(sigmas, rounding);
  const sigmaAt = (timestep: number): number => {
    const at = Math.min(Math.max(fround(fround(timestep - offset) / stride), 0), logs.length - 1);
    const low = Math.floor(at);
    const part = at - low;
    return exp(fround(fround(fround(1 - part) * logs[low]!) + fround(part * logs[Math.ceil(at)]!)));
  };
  return {
    sigmas,
    sigmaMin: sigmas[0]!,
    sigmaMax: sigmas.at(-1)!,
    timestep: (sigma) => nearest(logs, log(sigma)) * stride + offset,
    sigmaAt,
    sigmaOf: (progress) => sigmaAt(fround((1 - progress) * (trainedSteps - 1))),
  };
}

/** Index of the entry nearest to a value by float32 distance; the lowest on a tie. */
function nearest(values: Float32Array, value: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, entry] of values.entries()) {
    const distance = Math.abs(Math.fround(value - entry));
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}

/** The thousand levels of an SDXL checkpoint, whatever it predicts. */
export function trainedTable(schedule: NoiseSchedule): SigmaTable {
  return schedule === "scaled-linear"
    ? tabled(trainedSigmas(), scaledLinearRounding)
    : tabled(zeroTerminalSnr(trainedSigmas()), zeroTerminalSnrRounding);
}

/** The fifty levels of consistency-distilled models: every twentieth timestep, 19 to 999. */
export function distilledTable(): SigmaTable {
  const all = trainedSigmas();
  return tabled(
    Float32Array.from({ length: 50 }, (_, i) => all[20 * i + 19]!),
    distilledRounding,
    20,
    19,
  );
}

/** Lowest and highest level of Playground 2.5 (Li et al. 2024, section 2.1; EDM's as the reference sets them). */
const [continuousMin, continuousMax] = [0.002, 120];

/**
 * The levels of a network that knows no timesteps but ln sigma / 4 (Karras et al. 2022, table 1): any between its ends. The
 * table, for what counts entries, is log-linear.
 */
export function continuousTable(): SigmaTable {
  const { fround, log, exp } = Math;
  const logs = linspace(log(continuousMin), log(continuousMax), trainedSteps);
  const sigmas = Float32Array.from(logs, exp);
  return {
    sigmas,
    sigmaMin: sigmas[0]!,
    sigmaMax: sigmas.at(-1)!,
    timestep: (sigma) => fround(0.25 * fround(log(sigma))),
    sigmaAt: (timestep) => fround(exp(fround(timestep / 0.25))),
    sigmaOf: (progress) => exp(log(continuousMin) + (1 - progress) * log(continuousMax / continuousMin)),
  };
}
