import { readFileSync, statSync } from "node:fs";
import { BaseModels } from "./base-models.ts";
import { findModel, kindFolder, type ModelKind } from "./find-model.ts";
import { KnownFolders } from "./known-folders.ts";
import { modelNames, whyNotOffered } from "./model-names.ts";
import { readSidecar, type Sidecar, type SidecarReading } from "./sidecar.ts";

/**
 * What lies under the model folders. Looks at the disk at every call, at folders at least ({@link KnownFolders}): a file that was just
 * put there is there.
 */
export class Catalog {
  readonly roots: readonly string[];
  readonly #tell: (note: string) => void;
  readonly #told = new Set<string>();
  readonly #bases = new BaseModels();
  readonly #folders = new KnownFolders();

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
      return folder === undefined ? [] : modelNames(folder, (one) => this.#folders.list(one));
    });
    return [...new Set(found)];
  }

  /** Real path of a model, if it is there. */
  path(kind: ModelKind, name: string): string | undefined {
    return findModel(this.roots, kind, name);
  }

  /** Why a file that lies there is not among the names; undefined where it is among them, or where there is none. */
  unreadable(kind: ModelKind, name: string): string | undefined {
    const path = this.path(kind, name);
    const why = path === undefined ? undefined : whyNotOffered(path);
    // Asked last, since it looks through the whole folder; nearly every file is what it should be.
    return why === undefined || this.names(kind).includes(name) ? undefined : why;
  }

  /** What a checkpoint says of itself; nothing where it has no file beside it, or a broken one. */
  sidecar(checkpoint: string): Sidecar {
    const found = this.#beside(checkpoint);
    if (found === undefined) return {};
    for (const note of [...found.faults, ...found.unknown]) this.#tellOnce(note);
    return found.sidecar;
  }

  /** What that file means to say and cannot: a sentence each, for whoever asks for a picture with the checkpoint. */
  sidecarFaults(checkpoint: string): readonly string[] {
    return this.#beside(checkpoint)?.faults ?? [];
  }

  /** Beside it is in the same folder: another root may have a file of that name, which is about another checkpoint. */
  #beside(checkpoint: string): SidecarReading | undefined {
    const name = checkpoint.replace(/\.[^./]+$/, ".json");
    const root = this.roots.find((one) => findModel([one], "checkpoints", checkpoint) !== undefined);
    if (name === checkpoint || root === undefined) return undefined;
    const path = findModel([root], "checkpoints", name);
    return path === undefined ? undefined : readSidecar(textOf(path), name);
  }

  #tellOnce(note: string): void {
    if (this.#told.has(note)) return;
    this.#told.add(note);
    this.#tell(note);
  }

  /** Size in bytes; 0 if it is not there. */
  bytes(kind: ModelKind, name: string): number {
    const path = this.path(kind, name);
    return path === undefined ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  }

  /**
   * The checkpoint for requests that name none: the preset's, one it used to have, else the largest that is an SDXL base
   * model with a VAE (the demo model is the smallest by far, so it serves only where nothing else does). Larger files
   * that are none are passed over with a note each.
   *
   * @param wanted names in order of preference
   */
  defaultCheckpoint(wanted: readonly string[]): string | undefined {
    const names = this.names("checkpoints");
    const preferred = wanted.find((name) => names.includes(name));
    if (preferred !== undefined) return preferred;
    const sized = names.map((name) => ({ name, bytes: this.bytes("checkpoints", name) }));
    return sized.sort((a, b) => b.bytes - a.bytes).find(({ name }) => this.#isBase(name))?.name;
  }

  #isBase(name: string): boolean {
    const path = this.path("checkpoints", name);
    if (path === undefined) return false;
    const refusal = this.#bases.refusal(path);
    if (refusal === undefined) return true;
    this.#tellOnce(`${name} is not taken where a request names no checkpoint: ${refusal}`);
    return false;
  }
}

/** A file that cannot be read is a text that says nothing, which is told as any other broken one. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
