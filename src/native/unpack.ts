import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, type Stats, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import { isOwn, refuseForeign } from "./own-folder.ts";

/** A file inside the binary: where it unpacks to, and where its zstd-compressed bytes lie. */
export type EmbeddedFile = Readonly<{
  /** Below the folder it is unpacked into, e.g. `checkpoints/demo.safetensors`. */
  path: string;
  /** Unpacked size in bytes. */
  size: number;
  /** The compressed file, readable with `node:fs` (in a binary: a path below `/$bunfs/`). */
  packed: string;
}>;

/** Files that belong together; `hash` changes when one of them does, so two versions never share a folder. */
export type EmbeddedFolder = Readonly<{ hash: string; files: readonly EmbeddedFile[] }>;

/** A shared library, with one symbol it exports, which is what opening it asks for. */
export type EmbeddedLibrary = EmbeddedFile & Readonly<{ symbol: string }>;

/** All that a binary unpacks; everything else in it is read where it lies. */
export type Embedded = Readonly<{
  libraries: Readonly<{ hash: string; files: readonly EmbeddedLibrary[] }>;
  models: EmbeddedFolder;
}>;

/**
 * Unpacks the files that are not there yet. Safe beside another process that does the same: a file appears under its
 * name only when it is whole.
 *
 * @param parent folder of all unpacked folders, see `cacheFolder`
 * @param name   what the folder is for; its hash is appended
 * @returns the folder that holds them, `<parent>/<name>-<hash>`
 * @throws EngineError `storage-failed` when the folder cannot be written or belongs to somebody else
 */
export function unpack(parent: string, name: string, folder: EmbeddedFolder): string {
  const target = join(parent, `${name}-${folder.hash}`);
  try {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    refuseForeign(parent, "parent");
    mkdirSync(target, { recursive: true, mode: 0o700 });
    refuseForeign(target, "folder");
    for (const file of folder.files) unpackFile(target, file);
    return target;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError(
      "storage-failed",
      `The files inside the binary could not be unpacked to ${target}: ${reason}. ` +
        "Set FOOOCUSD_CACHE_DIR to a folder that this user may write and that is not mounted noexec.",
      { folder: target },
      error,
    );
  }
}

function unpackFile(target: string, { path, size, packed }: EmbeddedFile): void {
  const file = join(target, path);
  const folder = dirname(file);
  if (folder !== target) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    refuseForeign(folder, "folder");
  }
  const there = lstatSync(file, { throwIfNoEntry: false });
  // What others could have put here, or have a hand on, is replaced by what it should be.
  if (there?.isFile() === true && there.size === size && isOurs(there)) return;
  const partial = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    writeFileSync(partial, Bun.zstdDecompressSync(readFileSync(packed)), { mode: 0o600 });
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

const isOurs = ({ uid, mode }: Stats): boolean => isOwn(uid) && (mode & 0o022) === 0;
