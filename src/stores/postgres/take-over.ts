import type { Database } from "bun:sqlite";
import { sql } from "drizzle-orm";
import { writeJson } from "#/api/json.ts";
import { silentLog } from "#/lib/log.ts";
import { referenceDoor } from "../history/migrations/005-doors.ts";
import { openFile, startPatience } from "../history/open-file.ts";
import { statusWords } from "../history/rows.ts";
import { readRequest } from "../history/search-index.ts";
import { readAddress } from "./address.ts";
import { Connection, type Statements } from "./connection.ts";
import { indexTasks } from "./gallery.ts";
import { insertAll } from "./insert-all.ts";
import { migrate } from "./migrate.ts";
import {
  counters,
  inputNames,
  keys,
  makings,
  outbox,
  recipes,
  stars,
  tasks,
  unwantedFiles,
} from "./tables.ts";
import { countSettled } from "./writing.ts";

/** What became of a history that was taken over. */
export type TakenOver = Readonly<{
  /** Tasks that were written, and such as were there already and stayed as they are. */
  written: number;
  there: number;
  /** Numbers of rows that cannot be kept: they have no name that a task can have. */
  left: readonly number[];
}>;

/** Rows that are written in one step, which may take no longer than any other: the way to a database may be long. */
const batch = 100;

/** Characters of a task's name: an index takes no more, and ours have 32. */
const longestId = 600;

type Row = Readonly<Record<string, unknown>>;

/**
 * Takes a history of ours in SQLite over into Postgres: tasks, stars, what pictures were made of, recipes of what waits, keys of
 * requests, webhooks that wait, counters. What is there already stays, so that it may be done again. The file is brought to the
 * newest version first, as by a start, and else stays as it is. No server may work on either meanwhile.
 *
 * @param path    the SQLite file
 * @param setting the address of the database
 * @param onStep  hears how many rows of how many are done
 * @throws EngineError `bad-setting`, one of a store
 */
export async function takeOver(
  path: string,
  setting: string,
  onStep: (done: number, all: number) => void,
): Promise<TakenOver> {
  const connection = new Connection(readAddress(setting), silentLog);
  try {
    await migrate(connection);
    const file = openFile(path, startPatience, () => undefined);
    try {
      const taken = await takeTasks(file, connection, onStep);
      await takeRest(file, connection);
      return taken;
    } finally {
      file.close();
    }
  } finally {
    await connection.close();
  }
}

async function takeTasks(
  file: Database,
  connection: Connection,
  onStep: (done: number, all: number) => void,
): Promise<TakenOver> {
  const all =
    file.query<{ rows: number }, []>("SELECT count(*) AS rows FROM generate_record").get()?.rows ?? 0;
  const taken = { written: 0, there: 0, left: [] as number[] };
  let done = 0;
  const query = `SELECT record.*, extra.task_id IS NOT NULL AS is_ours, extra.attempt, extra.label, extra.rank, extra.images,
      extra.error, extra.door, extra.door_word, extra.warnings, extra.stopping, recipe, making,
      star.task_id IS NOT NULL AS is_starred
    FROM generate_record AS record
    LEFT JOIN fooocusd_task AS extra USING (task_id)
    LEFT JOIN fooocusd_recipe USING (task_id)
    LEFT JOIN fooocusd_making USING (task_id)
    LEFT JOIN fooocusd_star AS star USING (task_id)
    ORDER BY record.id`;
  for (const rows of batches(file, query)) {
    const kept = rows.filter(isKept);
    const written =
      kept.length === 0
        ? 0
        : await connection.transaction("The old history", (db) => takeBatch(db, file, kept));
    taken.left.push(...rows.filter((row) => !isKept(row)).map(({ id }) => Number(id)));
    taken.written += written;
    taken.there += kept.length - written;
    done += rows.length;
    onStep(done, all);
  }
  return taken;
}

/** What a question to the file finds, some rows at a time. */
function* batches(file: Database, query: string): Generator<readonly Row[], void, undefined> {
  let rows: Row[] = [];
  for (const row of file.query<Row, []>(query).iterate()) {
    rows.push(row);
    if (rows.length < batch) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

const isKept = ({ task_id: id }: Row): boolean =>
  typeof id === "string" && id !== "" && id.length <= longestId;

/** SQLite keeps anything in any column; what does not fit one is told as damaged when the row is read. */
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const whole = (value: unknown): number | null => (Number.isSafeInteger(value) ? Number(value) : null);
const small = (value: unknown): number => Math.min(Math.max(whole(value) ?? 0, 0), 2 ** 31 - 1);

/** @returns how many were not there already */
async function takeBatch(db: Statements, file: Database, rows: readonly Row[]): Promise<number> {
  const written = await db
    .insert(tasks)
    .values(rows.map(columnsOf))
    .onConflictDoNothing({ target: tasks.task_id })
    .returning({ record: tasks.id, task_id: tasks.task_id, status: tasks.task_status });
  const records = new Map(written.map(({ task_id, record }) => [task_id, record]));
  // SQLite lets a name come twice; the first one is kept.
  const fresh = new Map(rows.toReversed().map((row) => [nameOf(row), row]));
  const taken = [...fresh].filter(([task_id]) => records.has(task_id));
  await insertAll(
    taken.flatMap(([task_id, { recipe }]) => (typeof recipe === "string" ? [{ task_id, recipe }] : [])),
    (some) => db.insert(recipes).values(some),
  );
  await insertAll(
    taken.flatMap(([task_id, { making }]) =>
      making instanceof Uint8Array ? [{ task_id, making: Buffer.from(making) }] : [],
    ),
    (some) => db.insert(makings).values(some),
  );
  await insertAll(
    taken.flatMap(([task_id, { is_starred: isStarred }]) => (isStarred === 1 ? [{ task_id }] : [])),
    (some) => db.insert(stars).values(some),
  );
  await indexTasks(
    db,
    taken.map(([task_id, row]) => ({
      record: records.get(task_id) ?? -1,
      request: readRequest(row["req_params"]),
    })),
  );
  await insertAll(inputsOf(file, [...records.keys()]), (some) =>
    db.insert(inputNames).values(some).onConflictDoNothing(),
  );
  await countSettled(db, written.filter(({ status }) => status !== null).length);
  return written.length;
}

const inputsOf = (file: Database, ids: readonly string[]) =>
  file
    .query<{ name: string; task_id: string }, [string]>(
      "SELECT name, task_id FROM fooocusd_input WHERE task_id IN (SELECT value FROM json_each(?))",
    )
    .all(JSON.stringify(ids));

const nameOf = (row: Row): string => text(row["task_id"]) ?? "";

function columnsOf(row: Row): typeof tasks.$inferInsert {
  const progress = row["progress"];
  const kept = {
    task_id: nameOf(row),
    req_params: text(row["req_params"]) ?? "",
    in_queue_mills: whole(row["in_queue_mills"]),
    start_mills: whole(row["start_mills"]),
    finish_mills: whole(row["finish_mills"]),
    task_status: text(row["task_status"]),
    progress: typeof progress === "number" ? progress : null,
    webhook_url: text(row["webhook_url"]),
    result: text(row["result"]),
    attempt: small(row["attempt"]),
    label: text(row["label"]),
    rank: row["rank"] === null ? null : (whole(row["rank"]) ?? 0),
    images: text(row["images"]) ?? (row["is_ours"] === 1 ? "" : "[]"),
    error: text(row["error"]),
    door: text(row["door"]) ?? referenceDoor,
    door_word: text(row["door_word"]) ?? "",
    warnings: text(row["warnings"]) ?? "[]",
    stopping: row["stopping"] === 1 ? 1 : 0,
  };
  return row["is_ours"] === 1 || kept.task_status !== null ? kept : { ...kept, ...lost(kept) };
}

/** FooocusAPI's rows that never ended have no row of ours in SQLite, and are made by nobody. */
const lost = ({ in_queue_mills: queued, start_mills: started }: typeof tasks.$inferInsert) => ({
  task_status: statusWords.failed,
  finish_mills: started ?? queued ?? 0,
  result: "[]",
  error: writeJson({
    code: "interrupted",
    message: "The old history does not say how this task ended.",
    details: {},
  }),
});

async function takeRest(file: Database, connection: Connection): Promise<void> {
  const take = async (
    table: string,
    insert: (db: Statements, rows: readonly Row[]) => PromiseLike<unknown>,
  ) => {
    for (const rows of batches(file, `SELECT * FROM ${table}`))
      await connection.write("The old history", async (db) => void (await insert(db, rows)));
  };
  await take("fooocusd_key", (db, rows) =>
    db
      .insert(keys)
      .values(
        rows.map((row) => ({
          key: text(row["key"]) ?? "",
          task_id: nameOf(row),
          fingerprint: text(row["fingerprint"]) ?? "",
          warnings: text(row["warnings"]) ?? "[]",
          kept_at: whole(row["kept_at"]) ?? 0,
        })),
      )
      .onConflictDoNothing(),
  );
  await take("fooocusd_webhook ORDER BY rowid", (db, rows) =>
    db
      .insert(outbox)
      .values(
        rows.map((row) => ({
          id: text(row["id"]) ?? "",
          url: text(row["url"]) ?? "",
          body: text(row["body"]) ?? "",
          attempts: small(row["attempts"]),
          next_at: whole(row["next_at"]) ?? 0,
        })),
      )
      .onConflictDoNothing(),
  );
  await take("fooocusd_unwanted", (db, rows) =>
    db
      .insert(unwantedFiles)
      .values(
        rows.map((row) => ({
          kind: text(row["kind"]) ?? "",
          folder: text(row["folder"]) ?? "",
          name: text(row["name"]) ?? "",
          at: whole(row["at"]) ?? 0,
        })),
      )
      .onConflictDoNothing(),
  );
  await take("fooocusd_counter", (db, rows) =>
    db
      .insert(counters)
      .values(rows.map((row) => ({ name: text(row["name"]) ?? "", value: whole(row["value"]) ?? 0 })))
      .onConflictDoUpdate({
        target: counters.name,
        set: { value: sql`greatest(${counters.value}, excluded.value)` },
      }),
  );
}
