import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { historyError } from "./failures.ts";
import { noteInputs } from "./migrations/008-files.ts";
import type { OldRecord } from "./old-records.ts";
import { openFile, startPatience } from "./open-file.ts";
import { generateRecord, taskExtra } from "./tables.ts";

/** A row that another program's history brings, and what we know of it beyond the reference's columns. */
export type TakenRow = Readonly<{
  record: Omit<OldRecord, "id"> & Readonly<{ id?: number }>;
  extra?: Omit<typeof taskExtra.$inferInsert, "task_id">;
}>;

/** A history that rows of another program are taken into, while no server works on it. */
export type TakingIn = Readonly<{
  has: (taskId: string) => boolean;
  /** All of them or none; such as are there already stay as they are. */
  take: (rows: readonly TakenRow[]) => void;
  /** Puts all rows in the order of their time, which is that of lists; numbers of rows change where that is needed. */
  arrange: () => void;
  close: () => void;
}>;

/**
 * Opens a history to take rows into it.
 *
 * @param onNote see {@link openFile}
 * @throws EngineError `storage-failed`, of every method too
 */
export function openTakingIn(path: string, onNote: (sentence: string) => void): TakingIn {
  const database = openFile(path, startPatience, onNote);
  const db = drizzle(database);
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw historyError(path, `The history ${path} could not take the old one in`, cause);
    }
  };
  const has = (taskId: string): boolean =>
    db
      .select({ id: generateRecord.id })
      .from(generateRecord)
      .where(eq(generateRecord.task_id, taskId))
      .limit(1)
      .get() !== undefined;
  const isFree = (id: number): boolean =>
    db.select({ id: generateRecord.id }).from(generateRecord).where(eq(generateRecord.id, id)).get() ===
    undefined;
  const insert = ({ record: { id, ...record }, extra }: TakenRow): void => {
    if (has(record.task_id)) return;
    // A table that another program made may number its rows by something else.
    const number = !Number.isSafeInteger(id) || id === undefined || !isFree(id) ? {} : { id };
    db.insert(generateRecord)
      .values({ ...number, ...record })
      .run();
    if (extra !== undefined)
      db.insert(taskExtra)
        .values({ task_id: record.task_id, ...extra })
        .onConflictDoNothing()
        .run();
  };
  const take = (rows: readonly TakenRow[]): void => {
    rows.forEach(insert);
    const ids = JSON.stringify(rows.map(({ record }) => record.task_id));
    database.query(noteInputs("task_id IN (SELECT value FROM json_each(?))")).run(ids);
  };
  return {
    has: (taskId) => guarded(() => has(taskId)),
    take: (rows) => guarded(() => database.transaction(() => take(rows))()),
    arrange: () => guarded(() => database.transaction(() => arrange(database))()),
    close: () => database.close(),
  };
}

/** Beyond every number that a row has: where rows are while their places change. */
const aside = 2 ** 50;

function arrange(database: ReturnType<typeof openFile>): void {
  const time = "coalesce(in_queue_mills, start_mills, finish_mills, 0)";
  const disorder = database
    .query<{ rows: number }, []>(
      `SELECT count(*) AS rows FROM (
        SELECT ${time} AS now, lag(${time}) OVER (ORDER BY id) AS before FROM generate_record
      ) WHERE before > now`,
    )
    .get();
  if ((disorder?.rows ?? 0) === 0) return;
  database.run(`UPDATE generate_record SET id = ${aside} + placed.place FROM (
    SELECT id AS old, row_number() OVER (ORDER BY ${time}, id) AS place FROM generate_record
  ) AS placed WHERE generate_record.id = placed.old`);
  database.run(`UPDATE generate_record SET id = id - ${aside}`);
}
