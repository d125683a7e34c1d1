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

/** What there is of prompt expansion. */
export type ExpansionThere = Readonly<{
  /** Its model's name below the kind's folder. */
  model: string;
  /** Names of its files that are missing; none where it can be done. */
  lacks: readonly string[];
}>;

/** What there is of prompt expansion under the model folders. */
export function expansionThere(roots: readonly string[]): ExpansionThere {
  const [usual] = expansionNames.model;
  const model = expansionNames.model.find((name) => findModel(roots, "prompt_expansion", name) !== undefined);
  return { model: model ?? usual, lacks: missingOfExpansion(roots) };
}

function missingOfExpansion(roots: readonly string[]): readonly string[] {
  const there = filesThere(roots);
  return (["model", "merges", "words"] as const)
    .filter((kind) => there[kind] === undefined)
    .map((kind) => basename(expansionNames[kind][0]));
}
