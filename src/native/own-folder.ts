import { lstatSync, statSync } from "node:fs";
import { EngineError } from "#/lib/errors.ts";

/**
 * Code is loaded from here: a folder that another user made, or may write or exchange (think of /tmp), must not be trusted.
 *
 * @param place of the parent the rest is asked: it may be the system's, and one where all may write but nobody may move
 *   what is another's (the sticky bit of /tmp) does no harm
 * @throws EngineError `storage-failed`
 */
export function refuseForeign(folder: string, place: "parent" | "folder"): void {
  // A link that was there before us leads wherever its maker likes; to the parent the user's own configuration leads.
  const seen = place === "parent" ? statSync(folder) : lstatSync(folder);
  const sticky = place === "parent" && (seen.mode & 0o1000) !== 0;
  const othersMayWrite = (seen.mode & 0o022) !== 0 && !sticky;
  const foreign = !isOwn(seen.uid) && !(place === "parent" && seen.uid === 0);
  if (seen.isDirectory() && !othersMayWrite && !foreign) return;
  const what = !seen.isDirectory()
    ? "is no folder of its own"
    : othersMayWrite
      ? "may be written by other users"
      : "belongs to another user";
  throw new EngineError(
    "storage-failed",
    `${folder} ${what}, so libraries are not loaded from it. ` +
      "Remove it, or set FOOOCUSD_CACHE_DIR to a folder of your own.",
    { folder },
  );
}

/** A system without users has nobody else. */
export const isOwn = (uid: number): boolean => process.getuid === undefined || uid === process.getuid();
