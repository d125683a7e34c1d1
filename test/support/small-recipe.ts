import type { Recipe } from "#/recipe/recipe.ts";

/** A recipe of one small picture without a fast mode, with a default request's guidance. */
export const smallRecipe: Recipe = {
  base: "base.safetensors",
  vae: null,
  loras: [],
  size: { width: 64, height: 64 },
  steps: 4,
  sampler: "euler",
  schedule: "karras",
  clipSkip: 2,
  guidance: { cfg: 4, sharpness: 2, adaptiveCfg: 7, admPositive: 1.5, admNegative: 0.8, admEnd: 0.3 },
  freeU: null,
  refiner: null,
  noise: "cpu",
  precision: "full",
  previews: null,
  source: { kind: "noise" },
  inputs: [],
  images: [{ seed: 1n, positive: { texts: ["a"], topK: 1 }, negative: { texts: [""], topK: 1 } }],
};
