import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** A file below a folder; times are milliseconds since 1970, of its content and of whatever changed last. */
type FolderFile = Readonly<{ path: string; size: number; at: number; changed: number }>;

/** Which files of a folder go first, and which may. */
export type Leaving = Readonly<{
  /** When a file was of use last: the lowest goes first. */
  used: (file: FolderFile) => number;
  /** Whether one may go, by when it was of use; where it may not, those used later stay as well. By default all may. */
  mayGo?: (used: number) => boolean;
  /** Is told of each that went. */
  onGone?: (path: string) => void;
}>;

/** Bytes of all files below a folder. */
export const bytesBelow = async (root: string): Promise<number> => total(await filesBelow(root));

/**
 * Deletes files below a folder until the others take four fifths of the budget, so that not every further file looks through it.
 *
 * @param budget bytes
 * @returns bytes of what stays
 */
export async function makeRoom(root: string, budget: number, leaving: Leaving): Promise<number> {
  const { used, mayGo = () => true, onGone = () => undefined } = leaving;
  const files = (await filesBelow(root)).map((file) => ({ ...file, used: used(file) }));
  let taken = total(files);
  for (const file of files.toSorted((a, b) => a.used - b.used)) {
    if (taken <= 0.8 * budget || !mayGo(file.used)) break;
    await rm(file.path, { force: true });
    onGone(file.path);
    taken -= file.size;
  }
  return taken;
}

const total = (files: readonly FolderFile[]): number => files.reduce((sum, { size }) => sum + size, 0);

async function filesBelow(root: string): Promise<readonly FolderFile[]> {
  const names = await readdir(root, { recursive: true });
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(root, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats?.isFile() !== true) return [];
      return [{ path, size: stats.size, at: stats.mtimeMs, changed: stats.ctimeMs }];
    }),
  );
  return found.flat();
}
