import { statSync } from "node:fs";
import { mkdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { bytesBelow, makeRoom } from "../bounded-folder.ts";
import type { There } from "./bucket.ts";

const usualGrace = 60_000;

type Entry = { used: number; seen: number; etag?: string };

/**
 * Files of objects that were put or fetched lately. Each has the time at which its object was written, so that it is the same
 * file to clients of every server. What is needed no longer makes room, the longest unused first.
 */
export class PictureCache {
  readonly #root: string;
  readonly #budget: number;
  readonly #grace: number;
  readonly #entries = new Map<string, Entry>();
  #taken: number | undefined;

  /**
   * @param budget bytes that all files may take together; what is in use stays also above it
   * @param grace  milliseconds for which a file stays after somebody was given its path
   */
  constructor(root: string, budget: number, grace = usualGrace) {
    this.#root = root;
    this.#budget = budget;
    this.#grace = grace;
  }

  /** Path of the file of an object, where there is one. */
  path(key: string): string | undefined {
    const path = join(this.#root, key);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
    this.#entry(key).used = Date.now();
    return path;
  }

  /** Whether the file was seen to be the object's within so many milliseconds. */
  isFresh(key: string, milliseconds: number): boolean {
    return Date.now() - (this.#entries.get(key)?.seen ?? 0) < milliseconds;
  }

  /**
   * Keeps the content of an object.
   *
   * @param there what is known of the object; of one that was just put, its tag
   * @throws Error of the disk
   */
  async keep(key: string, bytes: Uint8Array, there: Pick<There, "etag"> & Partial<There>): Promise<string> {
    const path = join(this.#root, key);
    await mkdir(dirname(path), { recursive: true });
    const draft = `${path}.${crypto.randomUUID()}.tmp`;
    const before = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    try {
      await writeFile(draft, bytes);
      if (there.at !== undefined) await utimes(draft, there.at / 1000, there.at / 1000);
      await rename(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
    Object.assign(this.#entry(key), {
      used: Date.now(),
      seen: there.at === undefined ? 0 : Date.now(),
      etag: there.etag,
    });
    this.#taken = (this.#taken ?? (await bytesBelow(this.#root)) - bytes.length) + bytes.length - before;
    if (this.#taken > this.#budget) await this.#makeRoom();
    return path;
  }

  /** Whether the file is still the object's; then it gets the object's time. */
  async agrees(key: string, path: string, there: There): Promise<boolean> {
    const found = await stat(path).catch(() => undefined);
    const entry = this.#entry(key);
    const known = entry.etag ?? "";
    const isSame =
      known === "" ? found?.mtimeMs === there.at && found.size === there.size : known === there.etag;
    if (found === undefined || !isSame) return false;
    if (found.mtimeMs !== there.at) await utimes(path, there.at / 1000, there.at / 1000);
    Object.assign(entry, { seen: Date.now(), etag: there.etag });
    return true;
  }

  async remove(key: string): Promise<void> {
    const path = join(this.#root, key);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    this.#entries.delete(key);
    if (size === undefined) return;
    await rm(path, { force: true });
    if (this.#taken !== undefined) this.#taken -= size;
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key) ?? { used: 0, seen: 0 };
    this.#entries.set(key, known);
    return known;
  }

  async #makeRoom(): Promise<void> {
    const keyOf = (path: string): string => relative(this.#root, path);
    this.#taken = await makeRoom(this.#root, this.#budget, {
      // What an earlier process used is known by when it was fetched.
      used: ({ path, changed }) => this.#entries.get(keyOf(path))?.used ?? changed,
      mayGo: (used) => Date.now() - used >= this.#grace,
      onGone: (path) => this.#entries.delete(keyOf(path)),
    });
  }
}
