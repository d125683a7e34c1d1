import { constants, type Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { AppError, EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { Ballast } from "./ballast.ts";
import { carryOver } from "./carry-over.ts";
import { historyError, isFull, named } from "./failures.ts";
import { freeName, openFile, patience, startPatience } from "./open-file.ts";

export type Db = BunSQLiteDatabase & Readonly<{ $client: Database }>;

/** Milliseconds between looks at whether the file is still there, beside those at every use. */
const lookEvery = 1000;

/** A failed try to bring the file back is followed by a rest of so many times its length: it holds up everything else. */
const restAfterFailure = 20;

/**
 * The file a history is in, at its path whatever happens to that. A program goes on reading and writing a file that was
 * deleted or moved away, and all of it is gone when it ends; so at every use, and every second, the path is compared
 * with what is open. A file that is no longer there is written anew from the one that is open, with every row in it.
 * Where another file was put in its place, the history goes on in that one, with the tasks that have not ended, and the
 * old one is kept beside it.
 */
export class HistoryFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #claim: () => void;
  readonly #ballast: Ballast | undefined;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #open: Readonly<{ database: Database; db: Db; identity: string | undefined }> | undefined;
  #closed = false;
  /** A history whose unfinished tasks the next file that opens must get. */
  #owed: string | undefined;
  /** Why the file could not be brought back last, and until when that is not tried again. */
  #failure: Readonly<{ error: EngineError; until: number }> | undefined;
  /** What was said last of a file that cannot be brought back, so that it is said once. */
  #trouble = "";

  /**
   * @param claim makes sure that the folder is ours before a file is made in it; throws if it is another server's
   * @param ballast what makes room for {@link writeAnyway}
   * @throws EngineError `storage-failed`, see {@link openFile}
   */
  constructor(path: string, log: Log, claim: () => void = () => undefined, ballast?: Ballast) {
    this.#path = path;
    this.#log = log;
    this.#claim = claim;
    this.#ballast = ballast;
    this.#openAgain(startPatience);
    if (path === ":memory:") return;
    ballast?.fill();
    this.#timer = setInterval(() => {
      this.#look();
      ballast?.fill();
    }, lookEvery);
    this.#timer.unref();
  }

  /** @throws EngineError `storage-failed` */
  read<T>(work: (db: Db) => T): T {
    // What can still be read is; the look has logged what is wrong.
    this.#look();
    return this.#run(`${capital(named(this.#path))} could not be read`, work);
  }

  /**
   * @param what what is written, for people
   * @throws EngineError `storage-failed`
   */
  write<T>(what: string, work: (db: Db) => T): T {
    this.#comeBack();
    return this.#run(`${what} could not be written to ${named(this.#path)}`, work);
  }

  /**
   * As {@link write}, for what must work on a full disk too: deletions, which are the way out of it. There it is done in the
   * room of the ballast, and in that of the log, whose pages go into the file first.
   *
   * @throws EngineError `storage-failed`
   */
  writeAnyway<T>(what: string, work: (db: Db) => T): T {
    try {
      return this.write(what, work);
    } catch (thrown) {
      if (this.#ballast === undefined || !isFull(this.#path, thrown)) throw thrown;
      return this.#ballast.without(() => {
        this.#emptyLog();
        return this.write(what, work);
      });
    }
  }

  #emptyLog(): void {
    try {
      this.#open?.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // There is no room for that either: the log stays as it is.
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#open?.database.close();
    this.#open = undefined;
  }

  #run<T>(said: string, work: (db: Db) => T): T {
    if (this.#open === undefined) throw historyError(this.#path, said, new Error("the file is not open"));
    try {
      return work(this.#open.db);
    } catch (cause) {
      throw cause instanceof AppError ? cause : historyError(this.#path, said, cause);
    }
  }

  /** Looks, and tells what is wrong once instead of throwing it. */
  #look(): void {
    try {
      if (!this.#closed) this.#claim();
      this.#comeBack();
      this.#trouble = "";
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      if (error !== this.#trouble) this.#log.error("the history is not where it should be", { error });
      this.#trouble = error;
    }
  }

  /** Makes the open file the one at the path, if it is not. */
  #comeBack(): void {
    if (this.#closed || this.#path === ":memory:") return;
    const there = identityOf(this.#path);
    if (this.#open !== undefined && there === this.#open.identity) return;
    if (this.#failure !== undefined && performance.now() < this.#failure.until) throw this.#failure.error;
    const from = performance.now();
    try {
      this.#claim();
      if (this.#open === undefined) this.#openAgain();
      else if (there === undefined) this.#writeAnew(this.#open.database);
      else this.#moveInto(this.#open.database);
      this.#failure = undefined;
    } catch (cause) {
      const error = this.#explained(cause);
      const now = performance.now();
      this.#failure = { error, until: now + restAfterFailure * (now - from) };
      throw error;
    }
  }

  /** Clients read this, and need not know where the server keeps its files. */
  #explained(cause: unknown): EngineError {
    const folder = dirname(this.#path);
    if (!(cause instanceof AppError))
      return historyError(this.#path, `${capital(named(this.#path))} could not be written anew`, cause);
    const message = cause.message
      .replaceAll(this.#path, basename(this.#path))
      .replaceAll(folder, basename(folder));
    return new EngineError(
      cause instanceof EngineError ? cause.code : "storage-failed",
      message,
      cause.details,
      cause,
    );
  }

  #openAgain(wait = patience): void {
    const database = openFile(this.#path, wait, (sentence) => this.#log.error(sentence));
    try {
      if (this.#owed !== undefined) carryOver(this.#owed, database);
    } catch (cause) {
      database.close();
      throw cause;
    }
    this.#owed = undefined;
    this.#open = { database, db: drizzle(database), identity: identityOf(this.#path) };
  }

  #writeAnew(old: Database): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const draft = `${this.#path}.${crypto.randomUUID()}.tmp`;
    copyWhole(old, draft);
    this.#closeOld(old);
    renameSync(draft, this.#path);
    this.#openAgain();
    const file = basename(this.#path);
    this.#log.error(
      `${file} was deleted or moved away while the server ran; it was written anew with all its rows`,
      { path: this.#path },
    );
  }

  #moveInto(old: Database): void {
    const kept = freeName(`${this.#path}.before-it-was-replaced`);
    copyWhole(old, kept);
    this.#closeOld(old);
    this.#owed = kept;
    this.#openAgain();
    this.#log.error(
      `${basename(this.#path)} was replaced by another file while the server ran; it goes on in that one with the tasks that have not ended`,
      { path: this.#path, kept },
    );
  }

  /**
   * Before another file is opened. The last of a file to close it deletes the log beside its path, whoever's that is by
   * then, and that may be much later: statements that wait to be collected keep it open.
   */
  #closeOld(old: Database): void {
    this.#open = undefined;
    old.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
    old.close();
    for (const end of ["-wal", "-shm"]) rmSync(`${this.#path}${end}`, { force: true });
  }
}

/** Which file is at a path; nothing if none is. */
function identityOf(path: string): string | undefined {
  const stats = existsSync(path) ? statSync(path, { throwIfNoEntry: false }) : undefined;
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/** All of a database as a file that is on the disk when this returns, or not at all. */
function copyWhole(database: Database, path: string): void {
  try {
    database.query("VACUUM INTO ?").run(path);
    for (const one of [path, dirname(path)]) {
      const handle = openSync(one, "r");
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    }
  } catch (cause) {
    rmSync(path, { force: true });
    throw cause;
  }
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
