import { realpathSync, statSync } from "node:fs";
import { isAbsolute, join, normalize, sep } from "node:path";

/** Sub-folders of a models folder, named as Fooocus names them. */
export const modelKinds = [
  "checkpoints",
  "loras",
  "vae",
  "vae_approx",
  "embeddings",
  "controlnet",
  "clip_vision",
  "inpaint",
  "upscale_models",
  "prompt_expansion",
  "safety_checker",
  "sam",
] as const;
export type ModelKind = (typeof modelKinds)[number];

/**
 * The folder a root has for a kind of model. A root is a folder laid out like Fooocus' `models/`, or `<kind>=<folder>`
 * for a folder that holds one kind alone (a shared folder of checkpoints, say).
 */
export function kindFolder(root: string, kind: ModelKind): string | undefined {
  const own = modelKinds.find((candidate) => root.startsWith(`${candidate}=`));
  if (own === undefined) return join(root, kind);
  return own === kind ? root.slice(own.length + 1) : undefined;
}

/** Where files of a kind are put: the first folder that takes them; undefined where none does. */
export const folderFor = (roots: readonly string[], kind: ModelKind): string | undefined =>
  roots.map((root) => kindFolder(root, kind)).find((folder) => folder !== undefined);

/**
 * Where a model lies: the first root that has it. A name that leaves its folder by dots, or is a folder's, is not found;
 * links are followed, since people keep their models elsewhere.
 *
 * @param name relative to the kind's folder, as the API lists it
 */
export function findModel(roots: readonly string[], kind: ModelKind, name: string): string | undefined {
  const relative = normalize(name);
  if (
    name === "" ||
    name.includes("\0") ||
    isAbsolute(name) ||
    relative === ".." ||
    relative.startsWith(`..${sep}`)
  ) {
    return undefined;
  }
  for (const root of roots) {
    const folder = kindFolder(root, kind);
    if (folder === undefined) continue;
    const path = fileAt(join(folder, relative));
    if (path !== undefined) return path;
  }
  return undefined;
}

/** Real path of a file; undefined where there is none, or none that can be looked at (a name that is too long). */
function fileAt(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}
