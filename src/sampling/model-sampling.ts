import { type LatentFormat, playgroundLatents, sdxlLatents } from "./latent-format.ts";
import { combine, type Latent } from "./sampler.ts";
import {
  continuousTable,
  distilledTable,
  type NoiseSchedule,
  type SigmaTable,
  trainedTable,
} from "./sigma-table.ts";

/**
 * How a network's answer relates to noise levels: its table of sigmas, the timestep it was trained at for each, the way
 * from its output to an estimate of the clean latent, and the space its latents are in.
 */
export type ModelSampling = SigmaTable &
  Readonly<{
    /** Factor on x before the network sees it (c_in). */
    inputScale: (sigma: number) => number;
    /** The estimate of the clean latent from the network's output. */
    denoised: (x: Latent, output: Latent, sigma: number) => Latent;
    /** A whole timestep of SDXL's thousand for a level; the network's own where it has any. */
    trainedTimestep: (sigma: number) => number;
    latents: LatentFormat;
  }>;

/** What a network predicts and the noise levels it was trained at, as its file says. */
export type FileSampling = Readonly<{ prediction: "eps" | "v" | "edm" | "edm-v"; schedule: NoiseSchedule }>;

const unitScale = (sigma: number): number => 1 / Math.sqrt(sigma ** 2 + 1);

const epsDenoised: ModelSampling["denoised"] = (x, output, sigma) => combine([1, x], [-sigma, output]);

const vDenoised: ModelSampling["denoised"] = (x, output, sigma) =>
  combine([1 / (sigma ** 2 + 1), x], [-sigma * unitScale(sigma), output]);

/** What all networks with timesteps have in common. */
const discrete = (table: SigmaTable): Omit<ModelSampling, "denoised"> => ({
  ...table,
  inputScale: unitScale,
  trainedTimestep: table.timestep,
  latents: sdxlLatents,
});

/** As the file says. */
export function fileSampling({ prediction, schedule }: FileSampling): ModelSampling {
  switch (prediction) {
    case "edm":
      return edmSampling();
    case "edm-v":
      return edmVSampling();
    case "eps":
    case "v":
      return discreteSampling({ prediction, schedule });
  }
}

/** The ordinary parameterisation of SDXL checkpoints (Ho et al. 2020; v: Salimans & Ho 2022). */
export function discreteSampling({
  prediction,
  schedule,
}: Readonly<{ prediction: "eps" | "v"; schedule: NoiseSchedule }>): ModelSampling {
  return {
    ...discrete(trainedTable(schedule)),
    denoised: prediction === "eps" ? epsDenoised : vDenoised,
  };
}

/**
 * The parameterisation of consistency-distilled models (Luo et al. 2023, section 4): every twentieth timestep, and a
 * boundary condition that blends x back in near sigma = 0.
 */
export function lcmSampling(): ModelSampling {
  const table = distilledTable();
  return {
    ...discrete(table),
    denoised: (x, output, sigma) => {
      const q = 10 * table.timestep(sigma);
      const keep = 0.25 / (q ** 2 + 0.25);
      const take = q / Math.sqrt(q ** 2 + 0.25);
      return combine([take + keep, x], [-take * sigma, output]);
    },
  };
}

/** The parameterisation of trajectory-consistency-distilled models (Zheng et al. 2024): every twentieth timestep, eps. */
export const tcdSampling = (): ModelSampling => ({ ...discrete(distilledTable()), denoised: epsDenoised });

/** What EDM takes the deviation of the data to be. */
const dataDeviation = 0.5;

/**
 * The preconditioning of EDM (Karras et al. 2022, table 1), which Playground 2.5 was trained with: levels without timesteps,
 * and latents of a space of their own.
 */
export function edmSampling(): ModelSampling {
  const variance = (sigma: number): number => sigma ** 2 + dataDeviation ** 2;
  return {
    ...continuousTable(),
    inputScale: (sigma) => 1 / Math.sqrt(variance(sigma)),
    denoised: (x, output, sigma) =>
      combine(
        [dataDeviation ** 2 / variance(sigma), x],
        [(sigma * dataDeviation) / Math.sqrt(variance(sigma)), output],
      ),
    trainedTimestep: trainedTable("scaled-linear").timestep,
    latents: playgroundLatents,
  };
}

/**
 * v at EDM's levels, which CosXL was trained with (Stability AI 2024): told ln sigma / 4 instead of a timestep, unit
 * deviation of the data, and SDXL's own latents.
 */
export const edmVSampling = (): ModelSampling => ({
  ...discrete(continuousTable()),
  denoised: vDenoised,
  trainedTimestep: trainedTable("scaled-linear").timestep,
});
