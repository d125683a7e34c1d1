import type { ModelSampling } from "../model-sampling.ts";
import { combine, type Denoise } from "../sampler.ts";
import { classifierFree, gradual, type Mix } from "./mix.ts";
import { sharpened } from "./sharpness.ts";

export type GuidanceSettings = Readonly<{
  cfg: number;
  /** 0 to 30 */
  sharpness: number;
  /** Guidance at the start of the run where `cfg` exceeds it. */
  adaptiveCfg: number;
  /** The level from which on down the positive branch alone answers; absent where it never does. */
  endsAt?: number;
}>;

/**
 * Classifier-free guidance as Fooocus extends it: with sharpness, and where it exceeds `adaptiveCfg`, reached only
 * gradually (after Lin et al. 2023). At CFG 1 the positive branch alone answers.
 *
 * @param positive the estimate of the clean latent under one conditioning, by one network run
 * @param negative the other one's, asked after it
 */
export function guided(
  positive: Denoise,
  negative: Denoise,
  settings: GuidanceSettings,
  model: Pick<ModelSampling, "timestep">,
): Denoise {
  if (!isGuided(settings)) return positive;
  const mix = mixOf(settings);
  const { endsAt = 0 } = settings;
  return async (x, sigma) => {
    const estimate = await positive(x, sigma);
    if (sigma <= endsAt) return estimate;
    const other = await negative(x, sigma);
    const residual = mix({
      positive: combine([1, x], [-1, estimate]),
      negative: combine([1, x], [-1, other]),
      estimate,
      progress: 1 - model.timestep(sigma) / 999,
    });
    return combine([1, x], [-1, residual]);
  };
}

/** Whether there is anything to mix. */
export const isGuided = ({ cfg }: Pick<GuidanceSettings, "cfg">): boolean => Math.abs(cfg - 1) > 1e-9;

const mixOf = ({ cfg, sharpness, adaptiveCfg }: GuidanceSettings): Mix =>
  sharpened(
    sharpness,
    cfg > adaptiveCfg ? gradual(classifierFree(cfg), classifierFree(adaptiveCfg)) : classifierFree(cfg),
  );
