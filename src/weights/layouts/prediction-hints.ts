import { basename } from "node:path";
import type { WeightFile } from "../weight-file.ts";

/** Where people write what a model is, though no program reads it: titles, and the models that it was merged from. */
const places = [
  "modelspec.title",
  "modelspec.merged_from",
  "ss_output_name",
  "ss_sd_model_name",
  "sd_merge_models",
  "sd_merge_recipe",
];

/** Words for what a network predicts and for zero terminal SNR, as names of files and models have them. */
const words = {
  v: /v[-_. ]?(pred|param)/i,
  edm: /playground[-_. ]?v?2[-_. ]?5/i,
  "the image itself": /lightning.*x0|x0[-_. ]?pred/i,
  "a flow": /rectified[-_. ]?flow|flow[-_. ]?match/i,
  zero: /z(ero)?[-_. ]?t?(erminal)?[-_. ]?snr/i,
} as const;

export type HintedAt = keyof typeof words;

/**
 * Where a file's name or its metadata hint at a parameterisation that no mark says for certain.
 *
 * @returns the place, for a sentence; undefined where nothing hints at it
 */
export function hintOf(file: Pick<WeightFile, "path" | "metadata">, at: HintedAt): string | undefined {
  if (words[at].test(basename(file.path))) return "its name";
  const place = places.find((key) => words[at].test(file.metadata.get(key) ?? ""));
  return place === undefined ? undefined : `its metadata (${place})`;
}
