import { type Stats, statSync } from "node:fs";

/** A file as it was when it was looked at: another stamp means another content. */
export type FileStamp = Readonly<{
  /** Real path, links followed. */
  path: string;
  stamp: string;
}>;

/** What changes when a file does: device, inode, size in bytes and time of change. */
export const stampOf = ({ dev, ino, size, mtimeMs }: Stats): string => `${dev}:${ino}:${size}:${mtimeMs}`;

/** Whether the file is still the one that was looked at; false when it is gone. */
export function isUnchanged({ path, stamp }: FileStamp): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stampOf(stats) === stamp;
}
