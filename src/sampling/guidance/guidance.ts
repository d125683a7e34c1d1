import type { ModelSampling } from "../model-sampling.ts";
import { combine, type Denoise, type Latent } from "../sampler.ts";
import { bilateralFilter } from "./bilateral.ts";

export type GuidanceSettings = Readonly<{
  cfg: number;
  /** 0 to 30 */
  sharpness: number;
  /** Guidance at the start of the run where `cfg` exceeds it. */
  adaptiveCfg: number;
}>;

/** One branch: the estimate of the clean latent under one conditioning. */
export type Branch = Denoise;

/**
 * Classifier-free guidance (Ho & Salimans 2022) as Fooocus extends it: the positive residual is smoothed a little,
 * ever more towards the end, where the estimate is smooth ("sharpness"), and guidance above `adaptiveCfg` is reached
 * only gradually (after Lin et al. 2023). At CFG 1 the positive branch alone answers.
 *
 * The branches are two network runs; between them whoever wrapped them can stop.
 */
export function guided(
  positive: Branch,
  negative: Branch,
  settings: GuidanceSettings,
  model: Pick<ModelSampling, "timestep">,
): Denoise {
  const { cfg, sharpness, adaptiveCfg } = settings;
  if (Math.abs(cfg - 1) <= 1e-9) return positive;
  return async (x, sigma) => {
    const p = await positive(x, sigma);
    const q = await negative(x, sigma);
    const progress = 1 - model.timestep(sigma) / 999;
    const ePositive = sharpened(combine([1, x], [-1, p]), p, 0.001 * sharpness * progress);
    const eNegative = combine([1, x], [-1, q]);
    const residual = (scale: number): Latent => combine([scale, ePositive], [1 - scale, eNegative]);
    const full = residual(cfg);
    const mixed = cfg > adaptiveCfg ? combine([progress, full], [1 - progress, residual(adaptiveCfg)]) : full;
    return combine([1, x], [-1, mixed]);
  };
}

function sharpened(residual: Latent, estimate: Latent, alpha: number): Latent {
  if (alpha === 0) return residual;
  return combine([alpha, bilateralFilter(residual, estimate)], [1 - alpha, residual]);
}
