import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import { historyError } from "./failures.ts";
import { noteInputs } from "./migrations/008-files.ts";
import { migrations } from "./tables.ts";

/** How long a start may wait for another program, milliseconds; nobody else waits then. */
export const startPatience = 5000;

/** How long a statement may hold the event loop up for another program; whoever writes tries again. */
export const patience = 20;

/** A file up to this size is read through at the start, some tenths of a second. */
const checkedBytes = 64 * 1024 * 1024;

/** What `quick_check` says of values that do not fit their column: the reader of rows copes with those. */
const ofRows = /^(?:NULL value in|non-\S+ value in|CHECK constraint|\S+ value in)/;

/** What it says of the index of words, which is begun anew where it is damaged (`search.ts`). */
const ofIndex = /^fts5: .*fooocusd_words|^malformed inverted index .*fooocusd_words/;

/**
 * Opens a SQLite file as a history, FooocusAPI's own included: its rows stay, ours go beside them. A file that must be
 * changed for that is copied first, to `<file>.before-fooocusd`; one of an older version of ours to
 * `<file>.before-version-<number>`. What would make the first task fail (a damaged file, one that may not be written,
 * a full disk) is found here.
 *
 * @param path a file, or `:memory:`
 * @param wait how long the opening may wait for another program, milliseconds
 * @param onNote hears what was found beside the file and put aside
 * @throws EngineError `storage-failed` with the file and the way out; the file is as it was
 */
export function openFile(path: string, wait: number, onNote: (sentence: string) => void): Database {
  let database: Database | undefined;
  try {
    const isNew = path === ":memory:" || prepareNew(path, onNote);
    database = new Database(path, { create: true });
    database.run(`PRAGMA busy_timeout = ${wait}`);
    refuseDamaged(database, path, isNew);
    refuseNewer(database, path);
    // Durable before the answer: a commit waits for the disk, readers do not wait for it.
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = FULL");
    migrate(database, path, isNew);
    // What another program left of its own since the last start.
    database.run(noteInputs("task_id NOT IN (SELECT task_id FROM fooocusd_task)"));
    tryWriting(database);
    database.run(`PRAGMA busy_timeout = ${patience}`);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof EngineError) throw cause;
    throw historyError(path, `The history ${path} cannot be used`, cause);
  }
}

/** @returns whether there is no such file yet */
function prepareNew(path: string, onNote: (sentence: string) => void): boolean {
  mkdirSync(dirname(path), { recursive: true });
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile()) {
    const message = `The history ${path} is no file but a folder or a device; move it away, or name another folder with --outputs.`;
    throw new EngineError("storage-failed", message, { path });
  }
  const isNew = stats === undefined || stats.size === 0;
  // SQLite deletes the log of a file that is not there; it may hold all that is left of a history.
  if (isNew) setAsideLog(path, onNote);
  return isNew;
}

function setAsideLog(path: string, onNote: (sentence: string) => void): void {
  const log = `${path}-wal`;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const kept = freeName(`${path}.left-behind-wal`);
  renameSync(log, kept);
  onNote(
    `${path} is missing, its log was there: the log is kept as ${kept}, and an empty history begun. With the file itself back in its place, and the log beside it as ${log}, the history is whole again.`,
  );
}

/** A name nobody has: this one, or with a number. */
export function freeName(wanted: string): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if (!existsSync(name)) return name;
  }
}

function refuseDamaged(database: Database, path: string, isNew: boolean): void {
  if (isNew || statSync(path).size > checkedBytes) return;
  const found = database.query<{ quick_check: string }, []>("PRAGMA quick_check").all();
  const damage = found
    .map(({ quick_check: words }) => words)
    .find((words) => words !== "ok" && !ofRows.test(words) && !ofIndex.test(words));
  if (damage === undefined) return;
  const cause = Object.assign(new Error(damage.replaceAll("\n", " ")), { code: "SQLITE_CORRUPT" });
  throw historyError(path, `The history ${path} cannot be used`, cause);
}

/** Before anything is written: the program that left it finds it as it was. */
function refuseNewer(database: Database, path: string): void {
  const version = versionOf(database);
  if (version <= migrations.length) return;
  const message =
    `The history ${path} was written by a newer version of fooocusd (${version} > ${migrations.length}). ` +
    "Start that version, or name another folder with --outputs.";
  throw new EngineError("storage-failed", message, { path });
}

function migrate(database: Database, path: string, isNew: boolean): void {
  const version = versionOf(database);
  if (version === migrations.length) return;
  if (!isNew) {
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    keepCopy(path, version === 0 ? "before-fooocusd" : `before-version-${migrations.length}`);
  }
  database.transaction(() => {
    for (const statements of migrations.slice(version))
      for (const statement of statements) database.run(statement);
    database.run(`PRAGMA user_version = ${migrations.length}`);
  })();
}

const versionOf = (database: Database): number =>
  database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;

/** A copy that is there was made of the older file: it stays. Renamed when it is whole, so that half of one is none. */
function keepCopy(path: string, suffix: string): void {
  const copy = `${path}.${suffix}`;
  if (existsSync(copy)) return;
  copyFileSync(path, `${copy}.tmp`);
  renameSync(`${copy}.tmp`, copy);
}

/** A file that opens may still not be writable, which SQLite says at the first write only. */
function tryWriting(database: Database): void {
  database.transaction(() => database.run(`PRAGMA user_version = ${versionOf(database)}`)).immediate();
}
