import { type Listing, listFolder, look } from "./model-names.ts";

/** Milliseconds after which a folder is looked through in any case: not every file system of a network tells of changes. */
const trustedFor = 15_000;

/** Milliseconds within which the clock of a file system may not tell two changes apart. */
const tick = 2000;

/** A folder as it was when it was looked through, and when that was. */
type Known = Readonly<{ stamp: string; changed: number; at: number; listing: Listing }>;

/**
 * Folders that are looked through again only where they changed. A file that comes, goes or gets another name changes its folder, so
 * that a look at the folders alone is enough, and thousands of LoRAs need not be looked at for every request. Nothing is watched:
 * file systems of a network tell nothing of what others do.
 */
export class KnownFolders {
  readonly #known = new Map<string, Known>();
  readonly #now: () => number;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** As {@link listFolder}. */
  list(folder: string): Listing | undefined {
    const stats = look(folder);
    if (stats?.isDirectory() !== true) {
      this.#known.delete(folder);
      return undefined;
    }
    const stamp = [stats.dev, stats.ino, stats.mtimeMs, stats.ctimeMs].join(":");
    const known = this.#known.get(folder);
    const now = this.#now();
    // What changes in the moment in which it is looked through may bear the time of before.
    const isSettled = known !== undefined && Math.abs(known.at - known.changed) > tick;
    if (isSettled && known.stamp === stamp && now - known.at < trustedFor && now >= known.at)
      return known.listing;
    const listing = listFolder(folder);
    if (listing === undefined) this.#known.delete(folder);
    else
      this.#known.set(folder, { stamp, changed: Math.max(stats.mtimeMs, stats.ctimeMs), at: now, listing });
    return listing;
  }
}
