import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { findModel, type ModelKind } from "./find-model.ts";

const extensions = /\.(pth|ckpt|bin|safetensors)$/i;

/** What a model may say of itself in `<stem>.json` beside it: values for requests that say nothing. */
export type Sidecar = Readonly<{
  default_aspect_ratio?: string;
  default_loras?: readonly (readonly [boolean, string, number])[];
  /** Its own LoRA for a performance mode, instead of the one made for SDXL. */
  performance_loras?: Readonly<Record<string, string>>;
  /** Sides up to which its pictures hold together. */
  largest_side?: number;
}>;

/** What lies under the model folders. Looks at the disk at every call: a file that was just put there is there. */
export class Catalog {
  readonly roots: readonly string[];

  /** @param roots folders laid out like Fooocus' `models/`; the first that has a name wins */
  constructor(roots: readonly string[]) {
    this.roots = roots.filter((root) => existsSync(root));
  }

  /** Names relative to the kind's folder: sub-folders' files first, each folder's files in order of their letters. */
  names(kind: ModelKind): readonly string[] {
    const found = this.roots.flatMap((root) => walk(join(root, kind), ""));
    return [...new Set(found)];
  }

  /** Real path of a model, if it is there. */
  path(kind: ModelKind, name: string): string | undefined {
    return findModel(this.roots, kind, name);
  }

  /** What a checkpoint says of itself; nothing where it has no file beside it, or a broken one. */
  sidecar(checkpoint: string): Sidecar {
    const path = this.path("checkpoints", checkpoint.replace(/\.[^.]+$/, ".json"));
    if (path === undefined) return {};
    try {
      const value: Sidecar = JSON.parse(readFileSync(path, "utf8"));
      return value;
    } catch {
      return {};
    }
  }

  /** Size in bytes; 0 if it is not there. */
  bytes(kind: ModelKind, name: string): number {
    const path = this.path(kind, name);
    return path === undefined ? 0 : statSync(path).size;
  }

  /**
   * The checkpoint for requests that name none: the preset's, one it used to have, else the largest there is.
   *
   * @param wanted names in order of preference
   */
  defaultCheckpoint(wanted: readonly string[]): string | undefined {
    const names = this.names("checkpoints").filter((name) => name.endsWith(".safetensors"));
    const preferred = wanted.find((name) => names.includes(name));
    if (preferred !== undefined) return preferred;
    return [...names].sort((a, b) => this.bytes("checkpoints", b) - this.bytes("checkpoints", a))[0];
  }
}

function walk(folder: string, prefix: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  const isFolder = (name: string): boolean =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true;
  const names = entries.map(({ name }) => name).sort((a, b) => compare(a.toLowerCase(), b.toLowerCase()));
  const below = names.filter(isFolder).flatMap((name) => walk(join(folder, name), `${prefix}${name}/`));
  const files = names.filter((name) => extensions.test(name) && !isFolder(name)).map((name) => prefix + name);
  return [...below, ...files];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
