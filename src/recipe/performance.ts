import type { GenerateParams } from "#/api/generate.ts";
import type { performances } from "#/api/generate-objects.ts";
import type { Guidance, SamplerName, ScheduleName } from "./recipe.ts";

export type PerformanceName = (typeof performances)[number];

/** What a distilled mode overrides; such a mode also switches guidance off. */
type Distilled = Readonly<{
  /** The reference's file name, for SDXL. */
  lora: string;
  weight: number;
  sampler: SamplerName;
  schedule: ScheduleName;
}>;

/** `upscaling` are the steps where an enlarged picture is diffused. */
export type Performance = Readonly<{ steps: number; upscaling: number; distilled?: Distilled }>;

/** Steps and overrides of each mode (pipeline section 1.2). */
export const performanceModes = {
  Quality: { steps: 60, upscaling: 36 },
  Speed: { steps: 30, upscaling: 18 },
  "Extreme Speed": {
    steps: 8,
    upscaling: 8,
    distilled: { lora: "sdxl_lcm_lora.safetensors", weight: 1, sampler: "lcm", schedule: "lcm" },
  },
  Lightning: {
    steps: 4,
    upscaling: 4,
    distilled: {
      lora: "sdxl_lightning_4step_lora.safetensors",
      weight: 1,
      sampler: "euler",
      schedule: "sgm_uniform",
    },
  },
  "Hyper-SD": {
    steps: 4,
    upscaling: 4,
    distilled: {
      lora: "sdxl_hyper_sd_4step_lora.safetensors",
      weight: 0.8,
      sampler: "dpmpp_sde_gpu",
      schedule: "karras",
    },
  },
} as const satisfies Record<PerformanceName, Performance>;

/** The mode a request chose. */
export const modeOf = ({
  performance_selection,
}: Pick<GenerateParams, "performance_selection">): Performance => performanceModes[performance_selection];

/** Guidance of the distilled modes: none, and the plain sizes in the ADM vector. */
export const distilledGuidance: Guidance = {
  cfg: 1,
  sharpness: 0,
  adaptiveCfg: 1,
  admPositive: 1,
  admNegative: 1,
  admEnd: 0,
};

/** What a mode decides whatever a request says, in the words of a request; nothing where it decides its steps alone. */
export function setByMode({ distilled }: Performance): Partial<GenerateParams> {
  if (distilled === undefined) return {};
  const { cfg, sharpness, adaptiveCfg, admPositive, admNegative, admEnd } = distilledGuidance;
  return {
    guidance_scale: cfg,
    sharpness,
    adaptive_cfg: adaptiveCfg,
    adm_scaler_positive: admPositive,
    adm_scaler_negative: admNegative,
    adm_scaler_end: admEnd,
    sampler_name: distilled.sampler,
    scheduler_name: distilled.schedule,
    refiner_model_name: "None",
  };
}
