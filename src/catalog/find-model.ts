import { existsSync, realpathSync } from "node:fs";
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
] as const;
export type ModelKind = (typeof modelKinds)[number];

/**
 * Where a model lies: the first root that has it. A name that leaves its folder, by dots or by a link, is not found.
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
    const path = join(root, kind, relative);
    if (existsSync(path)) return realpathSync(path);
  }
  return undefined;
}
