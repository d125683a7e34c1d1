import { basename } from "node:path";
import { findModel } from "./find-model.ts";

/** The files of prompt expansion. */
export type ExpansionFiles = Readonly<{
  /** GPT-2's weights. */
  model: string;
  merges: string;
  words: string;
}>;

/** Names below the kind's folder, first choice first; a folder that a setting names may be the innermost one itself. */
export const expansionNames = {
  model: [
    "fooocus_expansion/pytorch_model.bin",
    "fooocus_expansion/model.safetensors",
    "pytorch_model.bin",
    "model.safetensors",
  ],
  merges: ["fooocus_expansion/merges.txt", "merges.txt"],
  words: ["fooocus_expansion/positive.txt", "positive.txt"],
} as const satisfies Record<keyof ExpansionFiles, readonly string[]>;

/** Which files of prompt expansion lie under the model folders, as real paths. */
function filesThere(roots: readonly string[]): Readonly<Partial<ExpansionFiles>> {
  const found: Partial<Record<keyof ExpansionFiles, string>> = {};
  for (const kind of ["model", "merges", "words"] as const) {
    const paths = expansionNames[kind].map((name) => findModel(roots, "prompt_expansion", name));
    const path = paths.find((one) => one !== undefined);
    if (path !== undefined) found[kind] = path;
  }
  return found;
}

/** The files of prompt expansion; undefined where one of them is missing. */
export function findExpansion(roots: readonly string[]): ExpansionFiles | undefined {
  const { model, merges, words } = filesThere(roots);
  if (model === undefined || merges === undefined || words === undefined) return undefined;
  return { model, merges, words };
}

/** Names of the files that are missing of prompt expansion, in its folder; none where it can be done. */
export function missingOfExpansion(roots: readonly string[]): readonly string[] {
  const there = filesThere(roots);
  return (["model", "merges", "words"] as const)
    .filter((kind) => there[kind] === undefined)
    .map((kind) => basename(expansionNames[kind][0]));
}
