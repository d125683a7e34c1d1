import { Database } from "bun:sqlite";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#/lib/errors.ts";

/** A folder that is ours alone until it is released. */
export type FolderLock = Readonly<{
  /**
   * Takes the folder again if it was deleted since, or another one was put in its place; else does nothing.
   *
   * @throws EngineError as {@link lockFolder}
   */
  renew: () => void;
  release: () => void;
}>;

/**
 * Takes a folder for this process, making it where it is missing: two servers over one history would both make its
 * waiting tasks. The lock is the system's, on a file that SQLite holds, so that it ends with the process however that dies.
 *
 * @param taken the sentence for one that another process has
 * @throws EngineError `bad-setting` if another process has it, `storage-failed` if it cannot be written
 */
export function lockFolder(folder: string, taken: string = takenBy(folder)): FolderLock {
  let held = takeLock(folder, taken);
  return {
    renew: () => {
      if (identityOf(folder) === held.identity) return;
      const again = takeLock(folder, taken);
      held.file.close();
      held = again;
    },
    release: () => held.file.close(),
  };
}

type Held = Readonly<{ file: Database; identity: string | undefined }>;

const takenBy = (folder: string): string =>
  `Another fooocusd works in the folder ${folder}; stop it, or give this one a folder of its own with --outputs.`;

function takeLock(folder: string, taken: string): Held {
  try {
    mkdirSync(folder, { recursive: true });
    const file = new Database(lockFile(folder), { create: true });
    // Nothing is ever written, so nothing has to be undone after a crash: no second file.
    file.run("PRAGMA journal_mode = MEMORY");
    file.run("BEGIN EXCLUSIVE");
    return { file, identity: identityOf(folder) };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    if (words.includes("locked")) {
      throw new EngineError("bad-setting", taken, { folder }, cause);
    }
    const message = `The folder ${folder} cannot be written: ${words}. --outputs names another one.`;
    throw new EngineError("storage-failed", message, { folder }, cause);
  }
}

const lockFile = (folder: string): string => join(folder, "server.lock");

function identityOf(folder: string): string | undefined {
  try {
    const { dev, ino } = statSync(lockFile(folder));
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
