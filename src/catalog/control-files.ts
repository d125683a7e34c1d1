import { findModel } from "./find-model.ts";

/** The ControlNet of each kind of picture that guides, by Fooocus' names. */
export const controlFileNames = {
  canny: "control-lora-canny-rank128.safetensors",
  cpds: "fooocus_xl_cpds_128.safetensors",
} as const;

/** Which of these files lie in the controlnet folders. */
export const controlFilesThere = (roots: readonly string[]): readonly string[] =>
  Object.values(controlFileNames).filter((name) => findModel(roots, "controlnet", name) !== undefined);
