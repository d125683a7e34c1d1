import { join } from "node:path";
import type { TakenRow, TakingIn } from "#/stores/history/take-in.ts";
import type { TakenFile } from "#/stores/images/take-file.ts";

/** Rows that are written together: each time waits for the disk. */
const batch = 50;

/** Where the old history goes. */
export type Destination = Readonly<{
  /** How the addresses of our pictures begin, without a slash at the end. */
  base: string;
  has: (taskId: string) => boolean;
  putOutput: (from: string, folder: string, name: string) => Promise<TakenFile>;
  putInput: (from: string, name: string) => Promise<TakenFile>;
  put: (row: TakenRow) => void;
  /** Writes what waits to be written. */
  flush: () => void;
}>;

type Parts = Readonly<{
  base: string;
  outputs: string;
  inputs: string;
  history: TakingIn;
  takeFile: (from: string, root: string, folder: string, name: string) => Promise<TakenFile>;
}>;

/** Our own folders. */
export function ownDestination({ base, outputs, inputs, history, takeFile }: Parts): Destination {
  let waiting: TakenRow[] = [];
  const flush = (): void => {
    history.take(waiting);
    waiting = [];
  };
  return {
    base,
    has: history.has,
    putOutput: (from, folder, name) => takeFile(from, outputs, folder, name),
    putInput: (from, name) => takeFile(from, inputs, "", name),
    put: (row) => {
      waiting.push(row);
      if (waiting.length >= batch) flush();
    },
    flush,
  };
}

/** Nothing is put anywhere: what would be is counted by whoever asks. */
export const dryDestination = (base: string, known: ReadonlySet<string>): Destination => ({
  base,
  has: (taskId) => known.has(taskId),
  putOutput: (_from, _folder, name) => Promise.resolve({ name, isNew: true }),
  putInput: (_from, name) => Promise.resolve({ name, isNew: true }),
  put: () => undefined,
  flush: () => undefined,
});

/** Where a history's file is. */
export const historyOf = (outputs: string): string => join(outputs, "db.sqlite3");
