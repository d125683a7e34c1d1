import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { hashFile } from "#/lib/hash-file.ts";
import { stampAt } from "#/weights/stamp.ts";

/** What a hash was made of: a file that still has this stamp has this hash. */
type Known = Readonly<{ stamp: string; sha256: string }>;

/** Files that are remembered; the one that was hashed first is forgotten first. */
const remembered = 10_000;

/**
 * SHA-256 of model files. A checkpoint takes many seconds, so each is read once, when it is first asked for, and its
 * hash is kept in a file across restarts.
 */
export class ModelHashes {
  readonly #cache: string;
  readonly #known: Map<string, Known>;
  readonly #running = new Map<string, Promise<string>>();

  /** @param cache file the hashes are kept in; a broken or missing one is made anew */
  constructor(cache: string) {
    this.#cache = cache;
    this.#known = new Map(Object.entries(readCache(cache)));
  }

  /** Lower-case hex digits of a file's SHA-256; empty if it cannot be read. */
  of(path: string): Promise<string> {
    const running = this.#running.get(path) ?? this.#hash(path);
    this.#running.set(path, running);
    return running.finally(() => this.#running.delete(path));
  }

  /** The hash of a file that has not changed since it was hashed; undefined where it would have to be read. */
  known(path: string): string | undefined {
    const known = this.#known.get(path);
    return known !== undefined && known.stamp === stampAt(path) ? known.sha256 : undefined;
  }

  async #hash(path: string): Promise<string> {
    const stamp = stampAt(path);
    if (stamp === "") return "";
    const known = this.#known.get(path);
    if (known?.stamp === stamp) return known.sha256;
    try {
      const sha256 = await hashFile(path);
      this.#known.delete(path);
      this.#known.set(path, { stamp, sha256 });
      this.#save();
      return sha256;
    } catch {
      return "";
    }
  }

  /** What another server has written there meanwhile is kept. */
  #save(): void {
    for (const [path, known] of Object.entries(readCache(this.#cache)))
      if (!this.#known.has(path)) this.#known.set(path, known);
    for (const path of this.#known.keys()) {
      if (this.#known.size <= remembered) break;
      this.#known.delete(path);
    }
    // Not by the process: two containers with one folder number theirs alike.
    const draft = `${this.#cache}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      writeFileSync(draft, JSON.stringify(Object.fromEntries(this.#known)));
      renameSync(draft, this.#cache);
    } catch {
      // Only time is lost: the next start reads the file again.
    }
  }
}

function readCache(path: string): Readonly<Record<string, Known>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value !== "object" || value === null) return {};
    const entries: [string, unknown][] = Object.entries(value);
    return Object.fromEntries(entries.filter((entry): entry is [string, Known] => isKnown(entry[1])));
  } catch {
    return {};
  }
}

const isKnown = (value: unknown): value is Known =>
  typeof value === "object" &&
  value !== null &&
  "stamp" in value &&
  "sha256" in value &&
  typeof value.sha256 === "string" &&
  /^[0-9a-f]{64}$/.test(value.sha256);
