import type { WeightRef } from "./weight-file.ts";

/** A part's tensors under the names its network is drawn with, whatever the file calls them. */
export type WeightMap = ReadonlyMap<string, WeightRef>;

/**
 * What the network predicts: the noise, or v = alpha · noise - sigma · image (Salimans & Ho 2022); or what EDM has it
 * predict, by a preconditioning of its own (Karras et al. 2022; Playground 2.5), or v at EDM's levels (CosXL).
 */
export type Prediction = "eps" | "v" | "edm" | "edm-v";

/** What a file leaves open of how it is sampled, a sentence each, until the file beside it decides. */
export type Doubts = Readonly<{ prediction: readonly string[]; schedule: readonly string[] }>;

/**
 * The noise levels it was trained at: SDXL's own, or those rescaled so that the last is pure noise (Lin et al. 2023).
 */
export type NoiseSchedule = "scaled-linear" | "zero-terminal-snr";

/** A base model: where each part of it lies. Made by `layouts/`, from names and shapes alone. */
export type Checkpoint = Readonly<{
  /** Real path; for messages and cache keys. */
  path: string;
  /** Changes when the file does. */
  stamp: string;
  /** The others serve as refiners: of the SDXL refiner the UNet is read, of Stable Diffusion 1.x the VAE, too. */
  family: "sdxl-base" | "sdxl-refiner" | "sd-1";
  prediction: Prediction;
  schedule: NoiseSchedule;
  /** LDM names below `model.diffusion_model.`. */
  unet: WeightMap;
  /** transformers' names below `text_model.`. */
  textL: WeightMap;
  /** The same names, plus `text_projection`; OpenCLIP's fused projections are three tensors here. */
  textG: WeightMap;
  /** LDM names below `first_stage_model.`; empty where the file has no VAE. */
  vae: WeightMap;
  doubts: Doubts;
  /** What the file has and no network uses, and all its doubts: a sentence each, for whoever asked for it. */
  notes: readonly string[];
}>;

/** The tensors below a prefix, under their names without it. */
export function below(tensors: WeightMap, prefix: string): WeightMap {
  const part = new Map<string, WeightRef>();
  for (const [key, ref] of tensors) if (key.startsWith(prefix)) part.set(key.slice(prefix.length), ref);
  return part;
}
