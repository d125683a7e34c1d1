import type { GenerateParams } from "#/api/generate.ts";
import { distilledGuidance, type Performance } from "./performance.ts";
import type { Guidance } from "./recipe.ts";

/** Guidance of a mode, or as the request asks where the mode leaves it alone. */
export const chooseGuidance = (params: GenerateParams, { distilled }: Performance): Guidance =>
  distilled === undefined ? guidanceOf(params) : distilledGuidance;

const guidanceOf = (params: GenerateParams): Guidance => ({
  cfg: params.guidance_scale,
  sharpness: params.sharpness,
  adaptiveCfg: params.adaptive_cfg,
  admPositive: params.adm_scaler_positive,
  admNegative: params.adm_scaler_negative,
  admEnd: params.adm_scaler_end,
  ...(params.cfg_until < 1 ? { until: params.cfg_until } : {}),
});
