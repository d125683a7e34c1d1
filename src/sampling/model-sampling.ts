import { combine, type Latent } from "./sampler.ts";
import { distilledTable, type NoiseSchedule, type SigmaTable, trainedTable } from "./sigma-table.ts";

/**
 * How a network's answer relates to noise levels: its table of sigmas, the timestep it was trained at for each, and
 * the way from its output to an estimate of the clean latent.
 */
export type ModelSampling = SigmaTable &
  Readonly<{
    /** Factor on x before the network sees it (c_in). */
    inputScale: (sigma: number) => number;
    /** The estimate of the clean latent from the network's output. */
    denoised: (x: Latent, output: Latent, sigma: number) => Latent;
  }>;

const unitScale = (sigma: number): number => 1 / Math.sqrt(sigma ** 2 + 1);

/**
 * The ordinary parameterisation of SDXL checkpoints (Ho et al. 2020; v: Salimans & Ho 2022).
 *
 * @param model what it predicts and the noise levels it was trained at, as its file says
 */
export function discreteSampling({
  prediction,
  schedule,
}: Readonly<{ prediction: "eps" | "v"; schedule: NoiseSchedule }>): ModelSampling {
  return {
    ...trainedTable(schedule),
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
  const table = distilledTable();
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
