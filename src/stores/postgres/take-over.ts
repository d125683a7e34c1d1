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
import { indexTask } from "./gallery.ts";
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

/** Rows that are written in one step. */
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
  for (let after = Number.NEGATIVE_INFINITY; ; ) {
    const rows = file
      .query<Row & { id: number }, [number]>(
        `SELECT record.*, extra.task_id IS NOT NULL AS is_ours, extra.attempt, extra.label, extra.rank, extra.images,
          extra.error, extra.door, extra.door_word, extra.warnings, extra.stopping, recipe, making,
          star.task_id IS NOT NULL AS is_starred
        FROM generate_record AS record
        LEFT JOIN fooocusd_task AS extra USING (task_id)
        LEFT JOIN fooocusd_recipe USING (task_id)
        LEFT JOIN fooocusd_making USING (task_id)
        LEFT JOIN fooocusd_star AS star USING (task_id)
        WHERE record.id > ? ORDER BY record.id LIMIT ${batch}`,
      )
      .all(after === Number.NEGATIVE_INFINITY ? Number.MIN_SAFE_INTEGER : after);
    const last = rows.at(-1);
    if (last === undefined) return taken;
    const written = await connection.transaction("The old history", async (db) => {
      const taken: string[] = [];
      for (const row of rows) if (isKept(row)) taken.push(...(await takeTask(db, file, row)));
      await countSettled(db, taken.filter((status) => status !== "").length);
      return taken.length;
    });
    const left = rows.filter((row) => !isKept(row)).map(({ id }) => id);
    taken.left.push(...left);
    taken.written += written;
    taken.there += rows.length - left.length - written;
    after = last.id;
    done += rows.length;
    onStep(done, all);
  }
}

const isKept = ({ task_id: id }: Row): boolean =>
  typeof id === "string" && id !== "" && id.length <= longestId;

/** SQLite keeps anything in any column; what does not fit one is told as damaged when the row is read. */
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const whole = (value: unknown): number | null => (Number.isSafeInteger(value) ? Number(value) : null);
const small = (value: unknown): number => Math.min(Math.max(whole(value) ?? 0, 0), 2 ** 31 - 1);

/** @returns how it ended, empty if it did not; nothing if it was there already */
async function takeTask(db: Statements, file: Database, row: Row): Promise<readonly string[]> {
  const id = text(row["task_id"]) ?? "";
  const [there] = await db
    .insert(tasks)
    .values(columnsOf(row, id))
    .onConflictDoNothing({ target: tasks.task_id })
    .returning({ id: tasks.id, status: tasks.task_status });
  if (there === undefined) return [];
  const { recipe, making, is_starred: isStarred } = row;
  if (typeof recipe === "string") await db.insert(recipes).values({ task_id: id, recipe });
  if (making instanceof Uint8Array)
    await db.insert(makings).values({ task_id: id, making: Buffer.from(making) });
  if (isStarred === 1) await db.insert(stars).values({ task_id: id });
  await indexTask(db, there.id, readRequest(row["req_params"]));
  const names = file
    .query<{ name: string }, [string]>("SELECT name FROM fooocusd_input WHERE task_id = ?")
    .all(id)
    .map(({ name }) => ({ task_id: id, name }));
  if (names.length > 0) await db.insert(inputNames).values(names).onConflictDoNothing();
  return [there.status ?? ""];
}

function columnsOf(row: Row, id: string): typeof tasks.$inferInsert {
  const progress = row["progress"];
  const kept = {
    task_id: id,
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
  const of = (table: string): readonly Row[] => file.query<Row, []>(`SELECT * FROM ${table}`).all();
  await connection.transaction("The old history", async (db) => {
    for (const row of of("fooocusd_key"))
      await db
        .insert(keys)
        .values({
          key: text(row["key"]) ?? "",
          task_id: text(row["task_id"]) ?? "",
          fingerprint: text(row["fingerprint"]) ?? "",
          warnings: text(row["warnings"]) ?? "[]",
          kept_at: whole(row["kept_at"]) ?? 0,
        })
        .onConflictDoNothing();
    for (const row of of("fooocusd_webhook ORDER BY rowid"))
      await db
        .insert(outbox)
        .values({
          id: text(row["id"]) ?? "",
          url: text(row["url"]) ?? "",
          body: text(row["body"]) ?? "",
          attempts: small(row["attempts"]),
          next_at: whole(row["next_at"]) ?? 0,
        })
        .onConflictDoNothing();
    for (const row of of("fooocusd_unwanted"))
      await db
        .insert(unwantedFiles)
        .values({
          kind: text(row["kind"]) ?? "",
          folder: text(row["folder"]) ?? "",
          name: text(row["name"]) ?? "",
          at: whole(row["at"]) ?? 0,
        })
        .onConflictDoNothing();
    for (const row of of("fooocusd_counter"))
      await db
        .insert(counters)
        .values({ name: text(row["name"]) ?? "", value: whole(row["value"]) ?? 0 })
        .onConflictDoUpdate({
          target: counters.name,
          set: { value: sql`greatest(${counters.value}, excluded.value)` },
        });
  });
}
