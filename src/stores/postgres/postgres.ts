import { and, asc, desc, eq, gt, gte, isNull, lte, sql } from "drizzle-orm";
import { writeJson } from "#/api/json.ts";
import { type Log, silentLog } from "#/lib/log.ts";
import { rowTaskId } from "#/lib/task-id.ts";
import { textsOf } from "../history/ended.ts";
import { isBusy } from "../history/failures.ts";
import { KnownRows } from "../history/known-rows.ts";
import { packMaking, unpackMaking } from "../history/makings-table.ts";
import { toUnfinished } from "../history/rows.ts";
import type { EndedTask, HistoryStore } from "../history.ts";
import { readAddress } from "./address.ts";
import { Connection, type Statements } from "./connection.ts";
import { forgetFiles, isNamed, unwanted } from "./files.ts";
import { searched, star, starredAmong, usedNames } from "./gallery.ts";
import { findKey } from "./keys.ts";
import { KnownTasks } from "./known-tasks.ts";
import { migrate } from "./migrate.ts";
import { claim, deliveries, reschedule } from "./outbox.ts";
import { listed as namesOf, selectRows } from "./rows.ts";
import { counters, makings, outbox, recipes, settled, tasks } from "./tables.ts";
import { change, insertTask, remove, reorder, settle } from "./writing.ts";

/** How long a start waits for a Postgres that starts at the same time, milliseconds, and between two looks. */
const startPatience = 15_000;
const lookAgain = 500;

/** What runs, or ran when the process ended, is before all that waits. */
const runningRank = -1;

/** Of a history in Postgres. */
type PostgresOptions = Readonly<{
  log?: Log;
  /** How long a Postgres that does not answer yet is waited for at the opening, milliseconds. */
  patience?: number;
  /** How long an answer may take, milliseconds. */
  answerWithin?: number | undefined;
}>;

/**
 * Opens the history in a Postgres database, where several servers may have it open at once; its tables are made, or brought up
 * from an older version, in a schema of their own.
 *
 * @param setting the address, see {@link readAddress}
 * @throws EngineError `bad-setting`, or one of a store with what is wrong and the way out
 */
export async function openPostgresHistory(
  setting: string,
  { log = silentLog, patience = startPatience, answerWithin }: PostgresOptions = {},
): Promise<HistoryStore> {
  const connection = new Connection(readAddress(setting), log, answerWithin);
  const deadline = performance.now() + patience;
  for (let told = false; ; told = true) {
    try {
      await migrate(connection);
      return postgresHistory(connection, log);
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() > deadline) {
        await connection.close();
        throw thrown;
      }
      if (!told)
        log.warn("the history's Postgres does not answer yet; it is waited for", { error: String(thrown) });
    }
    await Bun.sleep(lookAgain);
  }
}

/** Tells of each damaged row once. */
function damageTeller(log: Log): (id: string, damage: string) => void {
  const told = new Set<string>();
  return (id, damage) => {
    if (told.has(id)) return;
    told.add(id);
    log.error("a row of the history is damaged; it stays as it is", { task: id, damage });
  };
}

function postgresHistory(connection: Connection, log: Log): HistoryStore {
  const damaged = damageTeller(log);
  return {
    ...taskWrites(connection),
    ...taskReads(connection, damaged),
    ...galleryOf(connection),
    ...filesOf(connection),
    ...countersOf(connection),
    ...outboxOf(connection, damaged),
    close: () => connection.close(),
  };
}

type Writes =
  | "insert"
  | "keepMaking"
  | "started"
  | "stopping"
  | "warned"
  | "imageSaved"
  | "settle"
  | "reorder";

function taskWrites(connection: Connection): Pick<HistoryStore, Writes | "remove"> {
  return {
    insert: (task, recipe, key) =>
      connection.transaction("A task", (db) => insertTask(db, task, { recipe, key })),
    keepMaking: (id, text) =>
      connection.write("What pictures were made of", async (db) => {
        const making = packMaking(text);
        // A task that another server removed meanwhile has none.
        await db.execute(sql`INSERT INTO fooocusd.making (task_id, making)
          SELECT task_id, CAST(${making} AS bytea) FROM fooocusd.task WHERE task_id = ${id} FOR KEY SHARE
          ON CONFLICT (task_id) DO UPDATE SET making = excluded.making`);
      }),
    started: (id, attempt) =>
      connection.write("A start", (db) => change(db, id, { attempt, rank: runningRank })),
    stopping: (id) => connection.write("A stop", (db) => change(db, id, { stopping: 1 })),
    warned: (id, warnings) =>
      connection.write("A warning", (db) => change(db, id, { warnings: writeJson(warnings) })),
    imageSaved: (id, images) =>
      connection.write("An image", (db) => change(db, id, { images: writeJson(images) })),
    settle: (id, settlement, delivery) =>
      connection.transaction("The end of a task", (db) => settle(db, id, settlement, delivery)),
    reorder: (ids) => connection.write("The order of the queue", (db) => reorder(db, ids)),
    remove: (ids, leavings) => connection.transaction("A deletion", (db) => remove(db, ids, leavings)),
  };
}

type Reads =
  | "keyed"
  | "recipe"
  | "making"
  | "find"
  | "unfinished"
  | "countSettled"
  | "ended"
  | "page"
  | "range";

function taskReads(
  connection: Connection,
  damaged: (id: string, damage: string) => void,
): Pick<HistoryStore, Reads | "search"> {
  const known = new KnownRows(damaged);
  const listed = new KnownTasks(known);
  const read = <T>(work: (db: Statements) => Promise<T>): Promise<T> => connection.read(work);
  const tasksOf = (rows: (db: Statements) => ReturnType<typeof selectRows>) =>
    read(async (db) => (await rows(db)).map((row) => known.task(row)));
  return {
    keyed: (key, forgetBefore) => read((db) => findKey(db, key, forgetBefore)),
    recipe: (id) =>
      read(async (db) => (await db.select().from(recipes).where(eq(recipes.task_id, id)))[0]?.recipe),
    making: (id) =>
      read(async (db) => {
        const [row] = await db.select().from(makings).where(eq(makings.task_id, id));
        return row === undefined ? undefined : unpackMaking(row.making);
      }),
    find: async (id) => (await tasksOf((db) => selectRows(db).where(eq(tasks.task_id, id))))[0],
    unfinished: () =>
      read(async (db) =>
        (
          await selectRows(db)
            .where(and(isNull(tasks.finish_mills), isNull(tasks.task_status)))
            .orderBy(sql`${tasks.rank} NULLS LAST`, asc(tasks.id))
        ).map(({ generate_record, fooocusd_task }) => toUnfinished(generate_record, fooocusd_task, damaged)),
      ),
    countSettled: () => read(async (db) => (await db.select().from(settled))[0]?.tasks ?? 0),
    ended: (after, most) => read((db) => endedAfter(db, after, most)),
    page: ({ page, pageSize, without }) =>
      read((db) =>
        listed.list(db, (rows) =>
          rows
            .where(without.length === 0 ? undefined : sql`${tasks.task_id} <> ALL (${namesOf(without)})`)
            .orderBy(desc(tasks.id))
            .limit(pageSize)
            .offset(page * pageSize),
        ),
      ),
    range: ({ from, to }) =>
      tasksOf((db) =>
        selectRows(db)
          .where(and(gte(tasks.in_queue_mills, from), lte(tasks.in_queue_mills, to)))
          .orderBy(asc(tasks.id)),
      ),
    search: (search) => read((db) => listed.list(db, (rows) => searched(rows, search))),
  };
}

/** See `HistoryStore.ended`. Requests, which are long, are not read. */
async function endedAfter(
  db: Statements,
  after: number,
  most: number,
): Promise<Readonly<{ tasks: readonly EndedTask[]; last: number | undefined }>> {
  const { id, task_id, task_status, finish_mills, result } = tasks;
  const rows = await db
    .select({ row: id, id: task_id, status: task_status, finishedAt: finish_mills, result })
    .from(tasks)
    .where(gt(id, after))
    .orderBy(asc(id))
    .limit(most);
  const ended = rows.flatMap(({ row, id: task, status, finishedAt, result: urls }): readonly EndedTask[] =>
    status === null || finishedAt === null
      ? []
      : [{ id: rowTaskId(task), row, finishedAt, urls: textsOf(urls) }],
  );
  return { tasks: ended, last: rows.at(-1)?.row };
}

function galleryOf(
  connection: Connection,
): Pick<HistoryStore, "star" | "starredAmong" | "usedNames" | "indexSome"> {
  return {
    star: (id, starred) => connection.write("A star", (db) => star(db, id, starred)),
    starredAmong: (ids) => connection.read((db) => starredAmong(db, ids)),
    usedNames: () => connection.read(usedNames),
    // Every task is in the index from its insertion on.
    indexSome: () => Promise.resolve(false),
  };
}

function filesOf(connection: Connection): Pick<HistoryStore, "unwanted" | "forgetFiles" | "namesInput"> {
  return {
    unwanted: (most) => connection.read((db) => unwanted(db, most)),
    forgetFiles: (files) => connection.write("A deletion", (db) => forgetFiles(db, files)),
    namesInput: (name) => connection.read((db) => isNamed(db, name)),
  };
}

function countersOf(connection: Connection): Pick<HistoryStore, "counter" | "setCounter" | "raiseCounter"> {
  return {
    counter: (name) =>
      connection.read(
        async (db) => (await db.select().from(counters).where(eq(counters.name, name)))[0]?.value ?? 0,
      ),
    setCounter: (name, value) =>
      connection.write("A counter", async (db) => {
        await db
          .insert(counters)
          .values({ name, value })
          .onConflictDoUpdate({ target: counters.name, set: { value } });
      }),
    raiseCounter: (name, value) =>
      connection.write("A counter", async (db) => {
        const [row] = await db
          .insert(counters)
          .values({ name, value })
          .onConflictDoUpdate({
            target: counters.name,
            set: { value: sql`greatest(${counters.value}, excluded.value)` },
          })
          .returning({ value: counters.value });
        return row?.value ?? value;
      }),
  };
}

type Outbox = "deliveries" | "deliveryBody" | "reschedule" | "delivered" | "claim";

function outboxOf(
  connection: Connection,
  damaged: (id: string, damage: string) => void,
): Pick<HistoryStore, Outbox> {
  return {
    deliveries: () => connection.read((db) => deliveries(db, damaged)),
    deliveryBody: (id) =>
      connection.read(async (db) => (await db.select().from(outbox).where(eq(outbox.id, id)))[0]?.body),
    claim: (waiting, holder, milliseconds) =>
      connection.write("A webhook", (db) => claim(db, waiting, holder, milliseconds)),
    reschedule: (id, attempts, nextAt) =>
      connection.write("A webhook", (db) => reschedule(db, id, attempts, nextAt)),
    delivered: (id) =>
      connection.write("A webhook", async (db) => {
        await db.delete(outbox).where(eq(outbox.id, id));
      }),
  };
}
