import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { findModel, kindFolder, type ModelKind } from "./find-model.ts";
import { readSidecar, type Sidecar } from "./sidecar.ts";

const extensions = /\.(pth|ckpt|bin|safetensors)$/i;

/** What lies under the model folders. Looks at the disk at every call: a file that was just put there is there. */
export class Catalog {
  readonly roots: readonly string[];
  readonly #tell: (note: string) => void;
  readonly #told = new Set<string>();

  /**
   * @param roots as {@link kindFolder} reads them; the first that has a name wins
   * @param tell  hears once of everything in a file that is passed over
   */
  constructor(roots: readonly string[], tell: (note: string) => void = () => undefined) {
    this.roots = roots;
    this.#tell = tell;
  }

  /** Names relative to the kind's folder: sub-folders' files first, each folder's files in order of their letters. */
  names(kind: ModelKind): readonly string[] {
    const found = this.roots.flatMap((root) => {
      const folder = kindFolder(root, kind);
      return folder === undefined ? [] : walk(folder, "", []);
    });
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
    const { sidecar, notes } = readSidecar(readFileSync(path, "utf8"), path);
    for (const note of notes.filter((text) => !this.#told.has(text))) {
      this.#told.add(note);
      this.#tell(note);
    }
    return sidecar;
  }

  /** Size in bytes; 0 if it is not there. */
  bytes(kind: ModelKind, name: string): number {
    const path = this.path(kind, name);
    return path === undefined ? 0 : statSync(path).size;
  }

  /**
   * The checkpoint for requests that name none: the preset's, one it used to have, else the largest there is (the demo
   * model is the smallest by far, so it serves only where nothing else does).
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

/** @param above real paths of the folders that were come through, which a link must not lead back into */
function walk(folder: string, prefix: string, above: readonly string[]): string[] {
  if (!existsSync(folder)) return [];
  const real = realpathSync(folder);
  if (above.includes(real)) return [];
  // A link to nowhere is neither a file nor a folder.
  const look = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false });
  const names = readdirSync(folder).sort((a, b) => compare(a.toLowerCase(), b.toLowerCase()));
  const folders = names.filter((name) => look(name)?.isDirectory() === true);
  const below = folders.flatMap((name) => walk(join(folder, name), `${prefix}${name}/`, [...above, real]));
  const files = names.filter((name) => extensions.test(name) && look(name)?.isFile() === true);
  return [...below, ...files.map((name) => prefix + name)];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
