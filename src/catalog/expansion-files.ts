import { findModel } from "./find-model.ts";

/** The files of prompt expansion. */
export type ExpansionFiles = Readonly<{
  /** GPT-2's weights. */
  model: string;
  merges: string;
  words: string;
}>;

const folder = "fooocus_expansion";

/** Names within its folder, first choice first. */
const names = {
  model: ["pytorch_model.bin", "model.safetensors"],
  merges: ["merges.txt"],
  words: ["positive.txt"],
} as const satisfies Record<keyof ExpansionFiles, readonly string[]>;

/** Which files of prompt expansion lie under the model folders, as real paths. */
function filesThere(roots: readonly string[]): Readonly<Partial<ExpansionFiles>> {
  const found: Partial<Record<keyof ExpansionFiles, string>> = {};
  for (const kind of ["model", "merges", "words"] as const) {
    const paths = names[kind].map((name) => findModel(roots, "prompt_expansion", `${folder}/${name}`));
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
    .map((kind) => names[kind][0]);
}
