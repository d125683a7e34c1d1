import { readdirSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { kindFolder, type ModelKind, modelKinds } from "./find-model.ts";

/** A file below a folder of models. */
export type FileThere = Readonly<{ kind: ModelKind; name: string; bytes: number }>;

/**
 * All files below the folders of models, also those that are never offered by themselves (the words of an expansion, what
 * stands beside a checkpoint). Of a name that two roots have, the first one's.
 */
export function allFiles(roots: readonly string[]): readonly FileThere[] {
  const found = new Map<string, FileThere>();
  for (const root of roots)
    for (const kind of modelKinds)
      for (const file of filesBelow(root, kind)) {
        const key = `${kind}/${file.name}`;
        if (!found.has(key)) found.set(key, file);
      }
  return [...found.values()];
}

function filesBelow(root: string, kind: ModelKind): readonly FileThere[] {
  const folder = kindFolder(root, kind);
  return folder === undefined ? [] : walk(folder, folder, kind);
}

function walk(folder: string, from: string, kind: ModelKind): readonly FileThere[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    // A kind that nobody has, or a folder that went meanwhile.
    return [];
  }
  return names.flatMap((name) => {
    if (name.startsWith(".")) return [];
    const path = join(folder, name);
    // Links are followed, as where a model is looked for.
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) return walk(path, from, kind);
    if (there?.isFile() !== true) return [];
    return [{ kind, name: relative(from, path).replaceAll(sep, "/"), bytes: there.size }];
  });
}
