import { type Stats, statSync } from "node:fs";
import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";

/** A file as it was when it was looked at: another stamp means another content. */
export type FileStamp = Readonly<{
  /** Real path, links followed. */
  path: string;
  stamp: string;
}>;

/**
 * What changes when a file does: device, inode, size in bytes, time of change, and time of the last change of state, which
 * programs that set the time of change (rsync, cp -p) cannot set.
 */
export const stampOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string =>
  [dev, ino, size, mtimeMs, ctimeMs].join(":");

/** The stamp of a file as it is now; empty where there is none. */
export function stampAt(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : stampOf(stats);
}

/** Whether the file is still the one that was looked at; false when it is gone. */
export const isUnchanged = ({ path, stamp }: FileStamp): boolean => stampAt(path) === stamp;

/**
 * For what was made of files whose headers were read before.
 *
 * @throws ModelError `file-unreadable` naming the first file that is another one by now, or gone
 */
export function assertUnchanged(files: readonly FileStamp[]): void {
  const changed = files.find((file) => !isUnchanged(file));
  if (changed === undefined) return;
  const { path } = changed;
  throw new ModelError("file-unreadable", `${basename(path)} was replaced while it was read. Ask again.`, {
    path,
  });
}
