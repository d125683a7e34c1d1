import { Database } from "bun:sqlite";
import { copyFileSync, existsSync } from "node:fs";
import { basename, join } from "node:path";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import { temporaryFolder } from "#/lib/temporary-folder.ts";
import { historyError } from "./failures.ts";
import { generateRecord } from "./tables.ts";

/** A row of FooocusAPI's table. Whatever wrote it may have left anything in a column. */
export type OldRecord = typeof generateRecord.$inferSelect;

/** The rows of a history that stays where it is. */
export type OldRecords = Readonly<{
  /** How many rows it says it has; undefined where it cannot say. */
  count: number | undefined;
  /** Oldest first, as far as they can be read; around a damaged part those behind it follow, newest first. */
  rows: () => Iterable<OldRecord>;
  /** Why not all rows can be read, once they were read. */
  damage: () => string | undefined;
  close: () => void;
}>;

/** How long another program may be waited for, milliseconds. */
const patience = 3000;

/**
 * Reads a history of FooocusAPI from a copy, which is made while nobody writes: neither the file nor what SQLite keeps beside
 * it is touched, and whoever works with it waits for no more than the copying.
 *
 * @returns undefined where the file has no table of FooocusAPI's
 * @throws EngineError `storage-failed` where it is locked, or no database
 */
export function readOldRecords(path: string): OldRecords | undefined {
  const folder = temporaryFolder("migrate");
  let copy: Database | undefined;
  const close = (): void => {
    copy?.close();
    folder.remove();
  };
  try {
    copy = new Database(copyInto(folder.path, path));
    if (!hasOurColumns(copy)) {
      close();
      return undefined;
    }
    return { ...reader(copy), close };
  } catch (cause) {
    close();
    throw historyError(path, `The old history ${path} cannot be read`, cause);
  }
}

function copyInto(folder: string, path: string): string {
  const copy = join(folder, basename(path));
  const copyAll = (): void => {
    for (const end of ["", "-wal", "-journal"])
      if (existsSync(path + end)) copyFileSync(path + end, copy + end);
  };
  // Opening such a file makes others beside it, also for whoever only reads.
  if (existsSync(`${path}-wal`) || existsSync(`${path}-journal`)) copyAll();
  else whileNobodyWrites(path, copyAll);
  return copy;
}

/** A transaction that reads keeps writers away until it ends. */
function whileNobodyWrites(path: string, work: () => void): void {
  const original = new Database(path, { readonly: true });
  try {
    original.run(`PRAGMA busy_timeout = ${patience}`);
    original.run("BEGIN");
    original.query("SELECT count(*) FROM sqlite_master").get();
    work();
  } finally {
    original.close();
  }
}

const columns = getTableConfig(generateRecord).columns.map(({ name }) => name);

function hasOurColumns(database: Database): boolean {
  const there = database.query<{ name: string }, []>("PRAGMA table_info(generate_record)").all();
  return columns.every((column) => there.some(({ name }) => name === column));
}

function reader(database: Database): Omit<OldRecords, "close"> {
  let damage: string | undefined;
  const walk = function* (order: "ASC" | "DESC"): Generator<OldRecord, void, undefined> {
    const query = database.query<OldRecord, []>(
      `SELECT ${columns.join(", ")} FROM generate_record ORDER BY id ${order}`,
    );
    try {
      yield* query.iterate();
    } catch (cause) {
      damage = cause instanceof Error ? cause.message : String(cause);
    }
  };
  return {
    count: countOf(database),
    damage: () => damage,
    rows: function* () {
      const seen = new Set<number>();
      for (const row of walk("ASC")) {
        seen.add(row.id);
        yield row;
      }
      if (damage === undefined) return;
      for (const row of walk("DESC")) if (!seen.has(row.id)) yield row;
    },
  };
}

function countOf(database: Database): number | undefined {
  try {
    return database.query<{ rows: number }, []>("SELECT count(*) AS rows FROM generate_record").get()?.rows;
  } catch {
    return undefined;
  }
}
