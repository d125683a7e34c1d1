import { findModel } from "./find-model.ts";

/** Names of the safety checker's file, first choice first: Fooocus', and the same tensors as others publish them. */
export const safetyNames = ["stable-diffusion-safety-checker.bin", "model.safetensors"] as const;

/** Which of them lies in the safety_checker folders. */
export const safetyFileThere = (roots: readonly string[]): string | undefined =>
  safetyNames.find((name) => findModel(roots, "safety_checker", name) !== undefined);
