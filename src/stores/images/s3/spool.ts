import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { Turns } from "#/lib/turns.ts";
import { codeOf, drafts, removeStaleDrafts, writeFile } from "../write-file.ts";
import { type Bucket, isSame } from "./bucket.ts";

/** Milliseconds between tries to put what waits: short at first, then longer. */
const shortest = 5_000;
const longest = 60_000;

/** Milliseconds for which a file stays after it was put. */
const grace = 1_000;

/** What a spool works with. */
export type SpoolParts = Readonly<{
  /** On the disk of this server, and its alone. */
  root: string;
  bucket: Pick<Bucket, "put" | "get">;
  /** Whether the bucket's server refuses to replace. */
  onlyNew: boolean;
  /** Told of each file that was put. */
  onPut: (key: string, bytes: Uint8Array, etag: string) => Promise<void>;
  log: Pick<Log, "info" | "warn" | "error">;
  /** Milliseconds before the first try again; for tests. */
  first?: number;
}>;

/**
 * Pictures that could not be put when they were made. They lie here, on the disk, until they are put, also over a restart: a
 * finished picture is never lost because a network was.
 */
export class Spool {
  readonly #parts: SpoolParts;
  readonly #keys: Set<string>;
  readonly #turns = new Turns();
  readonly #leaving = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause: number;
  #passing: Promise<void> = Promise.resolve();
  #closed = false;

  /** Takes up what the last process left. */
  constructor(parts: SpoolParts) {
    this.#parts = parts;
    this.#pause = parts.first ?? shortest;
    removeStaleDrafts(parts.root, 0);
    this.#keys = new Set(filesIn(parts.root));
    if (this.#keys.size === 0) return;
    parts.log.warn("pictures wait to be put into the bucket", { pictures: this.#keys.size });
    this.#wait(0);
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  path(key: string): string | undefined {
    return this.#keys.has(key) ? join(this.#parts.root, key) : undefined;
  }

  /**
   * Keeps a picture until it can be put; on the disk when this returns.
   *
   * @param key one that nothing else will have
   * @throws EngineError `disk-full`, or `storage-failed`
   */
  async keep(key: string, bytes: Uint8Array): Promise<void> {
    const folder = dirname(key);
    await writeFile(this.#parts.root, folder, key.slice(folder.length + 1), bytes);
    this.#keys.add(key);
    if (this.#timer === undefined) this.#wait(this.#pause);
  }

  /**
   * Forgets a picture that is to be deleted; one that is being put is waited for.
   *
   * @param before milliseconds since 1970: what was written later stays
   * @returns whether it was there
   */
  async remove(key: string, before: number): Promise<boolean> {
    if (!this.#keys.has(key)) return false;
    return await this.#turns.take(key, async () => {
      const path = join(this.#parts.root, key);
      if (!this.#keys.has(key) || (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > before)
        return false;
      await rm(path, { force: true });
      return this.#keys.delete(key);
    });
  }

  /** Begins nothing more, and waits for the picture at hand; the next start goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#passing;
    await Promise.allSettled(this.#leaving);
  }

  #wait(milliseconds: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#passing = this.#pass();
    }, milliseconds);
    this.#timer.unref();
  }

  async #pass(): Promise<void> {
    const { log } = this.#parts;
    let put = 0;
    try {
      let [...left] = this.#keys;
      while (left.length > 0 && !this.#closed) {
        const [key = "", ...rest] = left;
        left = rest;
        if (await this.#turns.take(key, () => this.#put(key))) put += 1;
      }
      // What is still there has a key that is taken: it is not tried often.
      this.#pause = this.isEmpty ? (this.#parts.first ?? shortest) : longest;
    } catch (thrown) {
      // Why a bucket takes nothing was said when the first one was kept, and what is asked meanwhile says it, too.
      if (!(thrown instanceof EngineError))
        log.error("a picture that waits to be put into the bucket cannot be read; it is tried again", {
          error: String(thrown),
        });
      this.#pause = Math.min(longest, this.#pause * 2);
    }
    if (put > 0)
      log.info("pictures that had waited were put into the bucket", { pictures: put, left: this.#keys.size });
    this.#timer = undefined;
    if (this.#keys.size > 0) this.#wait(this.#pause);
  }

  /** @returns whether it is in the bucket now */
  async #put(key: string): Promise<boolean> {
    if (!this.#keys.has(key)) return false;
    const { root, bucket, onlyNew, onPut, log } = this.#parts;
    const path = join(root, key);
    const bytes = await readFile(path).catch((cause: unknown) => {
      // What cannot be read now is still a picture: it is told of, and tried again.
      if (codeOf(cause) !== "ENOENT") throw cause;
      return undefined;
    });
    if (bytes === undefined) return this.#keys.delete(key) && false;
    const etag = await bucket.put(key, bytes, { onlyNew, between: [] });
    if (etag === undefined && !isSame(await bucket.get(key), bytes)) {
      log.error("a picture that waits has a key that another one took; it is shown by this server alone", {
        key,
      });
      return false;
    }
    await onPut(key, bytes, etag ?? "");
    this.#keys.delete(key);
    this.#leave(path);
    return true;
  }

  /** Somebody may have been given its path at this moment. */
  #leave(path: string): void {
    const gone = Bun.sleep(grace).then(() => rm(path, { force: true }));
    this.#leaving.add(gone);
    void gone.finally(() => this.#leaving.delete(gone)).catch(() => undefined);
  }
}

function filesIn(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith(drafts))
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)));
}
