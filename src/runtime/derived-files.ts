import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { ModelHashes } from "#/catalog/hashes.ts";
import { EngineError, ModelError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { JoinPlan } from "#/weights/derived/join-plan.ts";
import { type JoinedLoras, joinedSize, readJoined, writeJoined } from "#/weights/derived/joined-loras.ts";
import { assertUnchanged, type FileStamp, isUnchanged } from "#/weights/stamp.ts";

/** Where derived files lie and how many bytes of them are kept. */
export type DerivedSettings = Readonly<{ folder: string; budget: number }>;

/** Part of every name: another number where the same plan would be written in another way. */
const format = 1;

/** A draft that nobody has written to for so long (milliseconds) belongs to a writer that is gone. */
const stale = 10 * 60 * 1000;

/** What was used so recently (milliseconds) another server may be about to open. */
const recent = 60 * 1000;

/**
 * Files that are made of model files so that the runtime can map them. Named by content, so that a file that is there is
 * the right one; written aside and renamed, so that two servers can share a folder. Who still maps a file that another
 * has removed keeps it until the mapping ends.
 */
export class DerivedFiles {
  readonly #settings: DerivedSettings;
  readonly #log: Log;
  readonly #hashes: ModelHashes;
  /** What this process has asked for: derived file -> what it was made of. */
  readonly #made = new Map<string, readonly FileStamp[]>();

  constructor(settings: DerivedSettings, log: Log) {
    this.#settings = settings;
    this.#log = log;
    this.#hashes = new ModelHashes(join(settings.folder, "hashes.json"));
  }

  /**
   * The joined factors of a set of LoRAs for one network, written if they are not there yet.
   *
   * @param sources the LoRAs' files, in the order of the set
   * @param inUse   whether a file is mapped by this process; such a one is never removed to make room
   * @throws EngineError `storage-failed` naming the folder and the ways out
   * @throws ModelError `file-unreadable` if a LoRA was replaced meanwhile
   */
  async joined(
    plan: JoinPlan,
    sources: readonly FileStamp[],
    inUse: (path: string) => boolean,
  ): Promise<JoinedLoras> {
    const { folder } = this.#settings;
    const size = joinedSize(plan);
    const failed = (cause: unknown): EngineError => notWritten(folder, size, cause);
    attempt(() => mkdirSync(folder, { recursive: true, mode: 0o700 }), failed);
    const path = join(folder, await this.#name(plan, sources));
    this.#made.set(path, sources);
    const known = readJoined(plan, path);
    if (known !== undefined) {
      touch(path);
      return known;
    }
    const started = performance.now();
    attempt(() => this.#makeRoom(size, inUse), failed);
    await this.#write(plan, path, sources, failed);
    const ms = Math.round(performance.now() - started);
    this.#log.info("joined LoRA factors", { file: path, loras: plan.count, bytes: size, ms });
    const written = readJoined(plan, path);
    if (written === undefined) throw failed(new Error("it is not there, or not whole, after it was written"));
    return written;
  }

  /** Removes what this process has made of files that have been replaced or removed since. */
  dropReplaced(): void {
    for (const [path, sources] of this.#made) {
      if (sources.every(isUnchanged)) continue;
      this.#made.delete(path);
      rmSync(path, { force: true });
      this.#log.info("removed derived file", { file: path, reason: "its LoRA was replaced or removed" });
    }
  }

  async #name(plan: JoinPlan, sources: readonly FileStamp[]): Promise<string> {
    const contents: string[] = [];
    for (const { path } of sources) {
      const hash = await this.#hashes.of(path);
      if (hash === "") throw new ModelError("file-unreadable", `${path} cannot be read.`, { path });
      contents.push(hash);
    }
    const modules = plan.modules.map(({ module, down, up, branches }) => [
      module,
      down,
      up,
      branches.map(({ owner, branch }) => [owner, branch.down.key, branch.up.key, branch.scale]),
    ]);
    const text = JSON.stringify([format, contents, modules]);
    return `${new Bun.CryptoHasher("sha256").update(text).digest("hex")}.safetensors`;
  }

  async #write(
    plan: JoinPlan,
    path: string,
    sources: readonly FileStamp[],
    failed: (cause: unknown) => EngineError,
  ): Promise<void> {
    const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      await writeJoined(plan, draft);
      assertUnchanged(sources);
      renameSync(draft, path);
    } catch (thrown) {
      assertUnchanged(sources); // why else it may have failed matters less
      throw thrown instanceof ModelError ? thrown : failed(thrown);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Removes forgotten drafts, and then, oldest use first, as many files as the new one needs. */
  #makeRoom(size: number, inUse: (path: string) => boolean): void {
    const { folder, budget } = this.#settings;
    const kept: { path: string; bytes: number; usedAt: number }[] = [];
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isFile() !== true) continue;
      if (name.endsWith(".tmp") && Date.now() - stats.mtimeMs > stale) rmSync(path, { force: true });
      else if (name.endsWith(".safetensors")) kept.push({ path, bytes: stats.size, usedAt: stats.mtimeMs });
    }
    let total = kept.reduce((sum, { bytes }) => sum + bytes, size);
    for (const { path, bytes, usedAt } of kept.toSorted((a, b) => a.usedAt - b.usedAt)) {
      if (total <= budget) return;
      if (inUse(path) || Date.now() - usedAt < recent) continue;
      rmSync(path, { force: true });
      total -= bytes;
      this.#log.info("removed derived file", { file: path, bytes, reason: "derived_cache is full" });
    }
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

function notWritten(folder: string, size: number, cause: unknown): EngineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const megabytes = Math.ceil(size / 2 ** 20);
  return new EngineError(
    "storage-failed",
    `The joined factors of the LoRAs (${megabytes} MB) could not be written to ${folder}: ${reason}. ` +
      "Make room there, lower derived_cache, or name another folder with FOOOCUSD_CACHE_DIR.",
    { folder, bytes: size },
    cause,
  );
}
