import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { ModelHashes } from "#/catalog/hashes.ts";
import { EngineError, ModelError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { writeFailure } from "#/lib/no-room.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import type { Derived } from "#/weights/derived/derived-kind.ts";
import { isSealed, sealDerived } from "#/weights/derived/seal.ts";
import { arePacked, unpackedTensors } from "#/weights/derived/unpacked-tensors.ts";
import { assertUnchanged, type FileStamp, isUnchanged, stampAt } from "#/weights/stamp.ts";

/** Where derived files lie and how many bytes of them are kept. */
export type DerivedSettings = Readonly<{ folder: string; budget: number }>;

/** A draft that nobody has written to for so long (milliseconds) belongs to a writer that is gone. */
const stale = 10 * 60 * 1000;

/** What was used so recently (milliseconds) another server may be about to open. */
const recent = 60 * 1000;

/** How a derived file is laid out, whatever its kind: part of what names it. */
const layout = "sealed-1";

/** How often a file is made that another server removes before it could be opened. */
const attempts = 8;

/**
 * Files that are made of model files so that the runtime can map them: a cache of any number of kinds
 * (`weights/derived/derived-kind.ts`). Named by content, so that a file that is there is the right one, which its seal proves
 * when it is opened for the first time; written aside and
 * renamed, so that two servers can share a folder, and one that is killed leaves a draft at most. Who still maps a file
 * that another has removed keeps it until the mapping ends; who was about to finds it gone and has it made again.
 */
export class DerivedFiles {
  readonly #settings: DerivedSettings;
  readonly #log: Log;
  readonly #hashes: ModelHashes;
  /** What this process has asked for: derived file -> what it was made of. */
  readonly #made = new Map<string, readonly FileStamp[]>();
  /** Files whose seals were right, as they were then. */
  readonly #proved = new Map<string, string>();

  constructor(settings: DerivedSettings, log: Log) {
    this.#settings = settings;
    this.#log = log;
    this.#hashes = new ModelHashes(join(settings.folder, "hashes.json"));
  }

  /**
   * A derived file, opened; written if it is not there yet.
   *
   * @param inUse whether a file is mapped by this process; such a one is never removed to make room
   * @throws EngineError `storage-failed` naming the folder and the ways out
   * @throws ModelError `file-unreadable` if one of its sources was replaced meanwhile, and as its kind
   */
  async of<T>(derived: Derived<T>, inUse: (path: string) => boolean): Promise<T> {
    const { folder } = this.#settings;
    const failed = (cause: unknown): EngineError => notWritten(derived, folder, cause);
    attempt(() => mkdirSync(folder, { recursive: true, mode: 0o700 }), failed);
    const path = join(folder, await this.#name(derived));
    this.#made.set(path, derived.sources);
    for (let left = attempts; left > 0; left -= 1) {
      const found = await this.#opened(derived, path);
      if (found !== undefined) return found;
      await this.#make(derived, path, inUse);
    }
    const found = await this.#opened(derived, path);
    if (found !== undefined) return found;
    throw failed(new Error("it is not there, or not whole, after it was written"));
  }

  /**
   * How many bytes some derived files are together, each once, and which of them are not there yet, or are damaged.
   *
   * @param pause called before one of them is looked at
   * @throws ModelError `file-unreadable` where a source cannot be read, and what `pause` throws
   */
  async outlook(
    wanted: readonly Derived<unknown>[],
    pause: () => void = () => undefined,
  ): Promise<Readonly<{ bytes: number; missing: readonly Derived<unknown>[] }>> {
    const named = new Map<string, Derived<unknown>>();
    for (const derived of wanted) named.set(await this.#name(derived), derived);
    const missing: Derived<unknown>[] = [];
    for (const [name, derived] of named) {
      pause();
      if ((await this.#opened(derived, join(this.#settings.folder, name))) === undefined)
        missing.push(derived);
    }
    return { bytes: [...named.values()].reduce((sum, { size }) => sum + size, 0), missing };
  }

  /** Bytes that are kept. */
  get budget(): number {
    return this.#settings.budget;
  }

  /**
   * Tensors that can all be mapped: those that are packed in their file are unpacked in a derived one.
   *
   * @param source the file they are in
   * @throws as {@link of}
   */
  async mappable(
    tensors: WeightMap,
    source: FileStamp,
    inUse: (path: string) => boolean,
  ): Promise<WeightMap> {
    return arePacked(tensors) ? this.of(unpackedTensors(tensors, source), inUse) : tensors;
  }

  /** Removes what this process has made of files that have been replaced or removed since. */
  dropReplaced(): void {
    for (const [path, sources] of this.#made) {
      if (sources.every(isUnchanged)) continue;
      this.#made.delete(path);
      if (remove(path))
        this.#log.info("removed derived file", {
          file: path,
          reason: "what it is made of was replaced or removed",
        });
    }
  }

  async #name({ kind, sources, plan }: Derived<unknown>): Promise<string> {
    const contents: string[] = [];
    for (const { path } of sources) {
      const hash = await this.#hashes.of(path);
      if (hash === "") throw new ModelError("file-unreadable", `${basename(path)} cannot be read.`, { path });
      contents.push(hash);
    }
    const text = JSON.stringify([layout, kind, contents, plan]);
    return `${new Bun.CryptoHasher("sha256").update(text).digest("hex")}.safetensors`;
  }

  /**
   * A derived file, and that it was used now. The first time, and whenever somebody else has touched it, its seal is looked at: what was
   * cut, or fell over on the disk, would be mapped as weights.
   */
  async #opened<T>(derived: Derived<T>, path: string): Promise<T | undefined> {
    const found = derived.read(path);
    const isProved = found !== undefined && stampAt(path) === this.#proved.get(path);
    if (found === undefined || !(isProved || (await isWhole(path)))) {
      this.#proved.delete(path);
      if (existsSync(path))
        this.#log.warn("a derived file is damaged or cannot be read, and is made anew", {
          file: path,
          kind: derived.kind,
        });
      return undefined;
    }
    touch(path);
    this.#proved.set(path, stampAt(path));
    return found;
  }

  async #make(derived: Derived<unknown>, path: string, inUse: (path: string) => boolean): Promise<void> {
    const { folder } = this.#settings;
    const failed = (cause: unknown): EngineError => notWritten(derived, folder, cause);
    const started = performance.now();
    attempt(() => this.#makeRoom(derived.size, inUse), failed);
    await writeAside(derived, path, failed);
    // Once more: another server may have written meanwhile.
    attempt(() => this.#makeRoom(0, (other) => other === path || inUse(other)), failed);
    const ms = Math.round(performance.now() - started);
    const { kind, size } = derived;
    this.#log.info("wrote derived file", { file: path, kind, bytes: size, ms });
  }

  /**
   * Removes forgotten drafts, and then, oldest use first, as many files as the new one needs. Drafts that somebody is
   * writing take room as well.
   */
  #makeRoom(size: number, inUse: (path: string) => boolean): void {
    const { folder, budget } = this.#settings;
    const kept: { path: string; bytes: number; usedAt: number }[] = [];
    let total = size;
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isFile() !== true) continue;
      const forgotten = name.endsWith(".tmp") && Date.now() - stats.mtimeMs > stale;
      if (forgotten && remove(path)) continue;
      if (name.endsWith(".safetensors")) kept.push({ path, bytes: stats.size, usedAt: stats.mtimeMs });
      else if (name.endsWith(".tmp")) total += stats.size;
    }
    total += kept.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { path, bytes, usedAt } of kept.toSorted((a, b) => a.usedAt - b.usedAt)) {
      if (total <= budget) return;
      if (inUse(path) || Date.now() - usedAt < recent) continue;
      if (!remove(path)) continue;
      total -= bytes;
      this.#log.info("removed derived file", { file: path, bytes, reason: "derived_cache is full" });
    }
  }
}

/** Whether its seal is right; also where another server has removed it just now it is not. */
async function isWhole(path: string): Promise<boolean> {
  try {
    return await isSealed(path);
  } catch {
    return false;
  }
}

async function writeAside(
  { write, sources }: Derived<unknown>,
  path: string,
  failed: (cause: unknown) => EngineError,
): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await write(draft);
    await sealDerived(draft, basename(path));
    assertUnchanged(sources);
    renameSync(draft, path);
  } catch (thrown) {
    assertUnchanged(sources); // why else it may have failed matters less
    throw thrown instanceof ModelError ? thrown : failed(thrown);
  } finally {
    remove(draft);
  }
}

/**
 * Removes a file if it is there.
 *
 * @returns false where that cannot be done, in a folder that is only readable: it costs room, and no picture
 */
function remove(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

/** When a file was used last is its time of change; whoever may not set it does without. */
function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // A folder that is only readable, or a file that another server has removed just now and we have open.
  }
}

function attempt(work: () => void, failed: (cause: unknown) => EngineError): void {
  try {
    work();
  } catch (cause) {
    throw failed(cause);
  }
}

function notWritten({ title, size }: Derived<unknown>, folder: string, cause: unknown): EngineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const megabytes = Math.ceil(size / 2 ** 20);
  return new EngineError(
    writeFailure(cause),
    `${title} (${megabytes} MB) could not be written to ${folder}: ${reason}. ` +
      "Make room there, lower derived_cache, or name another folder with FOOOCUSD_CACHE_DIR.",
    { folder, bytes: size },
    cause,
  );
}
