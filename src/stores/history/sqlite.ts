import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import {
  and,
  asc,
  count,
  desc,
  eq,
  gte,
  inArray,
  isNotNull,
  isNull,
  lte,
  notInArray,
  sql,
} from "drizzle-orm";
import { type BunSQLiteDatabase, drizzle } from "drizzle-orm/bun-sqlite";
import { isJsonObject, parseJson, writeJson } from "#/api/json.ts";
import type { TaskId } from "#/engine/protocol.ts";
import { EngineError } from "#/lib/errors.ts";
import type { HistoryStore } from "../history.ts";
import { type JoinedRow, statusWords, toImages, toLegacyJob, toTask, toWarnings } from "./rows.ts";
import { counters, generateRecord, migrations, outbox, taskExtra } from "./tables.ts";

/**
 * Opens the history in a SQLite file, FooocusAPI's own included: its rows stay, ours go beside them. A file that must
 * be changed for that is copied first, to `<file>.before-fooocusd`; one of an older version of ours to
 * `<file>.before-version-<number>`.
 *
 * @throws EngineError `storage-failed` if the file cannot be opened or is from a newer version
 */
export function openHistory(path: string): HistoryStore {
  try {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    const isNew = !existsSync(path);
    const database = new Database(path, { create: true });
    // Durable before the answer: a commit waits for the disk, readers do not wait for it.
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = FULL");
    database.run("PRAGMA busy_timeout = 5000");
    migrate(database, path, isNew);
    return sqliteHistory(database, drizzle(database));
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError(
      "storage-failed",
      `The history ${path} cannot be opened: ${words}.`,
      { path },
      cause,
    );
  }
}

function migrate(database: Database, path: string, isNew: boolean): void {
  const version =
    database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (version > migrations.length) {
    const message = `The history ${path} was written by a newer version of fooocusd (${version} > ${migrations.length}).`;
    throw new EngineError("storage-failed", message, { path });
  }
  if (version === migrations.length) return;
  if (!isNew && path !== ":memory:") {
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    keepCopy(path, version === 0 ? "before-fooocusd" : `before-version-${migrations.length}`);
  }
  database.transaction(() => {
    for (const statements of migrations.slice(version))
      for (const statement of statements) database.run(statement);
    database.run(`PRAGMA user_version = ${migrations.length}`);
  })();
}

/** A copy that is there was made of the older file: it stays. Renamed when it is whole, so that half of one is none. */
function keepCopy(path: string, suffix: string): void {
  const copy = `${path}.${suffix}`;
  if (existsSync(copy)) return;
  copyFileSync(path, `${copy}.tmp`);
  renameSync(`${copy}.tmp`, copy);
}

/** One parameter, however many there are: a statement with a place for each is compiled anew every time. */
const listed = (ids: readonly TaskId[]) => sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`;

/** What runs, or ran when the process ended, is before all that waits. */
const runningRank = -1;

function sqliteHistory(database: Database, db: BunSQLiteDatabase): HistoryStore {
  const joined = () =>
    db
      .select()
      .from(generateRecord)
      .leftJoin(taskExtra, eq(generateRecord.task_id, taskExtra.task_id))
      .$dynamic();
  const tasks = (rows: readonly JoinedRow[]) => rows.map(toTask);
  const guarded = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError(
        "storage-failed",
        `${what} could not be written to the history: ${words}.`,
        {},
        cause,
      );
    }
  };
  return {
    insert: (task) =>
      guarded("A task", () =>
        db.transaction((tx) => {
          const [row] = tx
            .insert(generateRecord)
            .values({
              task_id: task.id,
              req_params: writeJson(task.request),
              in_queue_mills: task.queuedAt,
              webhook_url: task.webhookUrl,
            })
            .returning({ id: generateRecord.id })
            .all();
          tx.insert(taskExtra)
            .values({
              task_id: task.id,
              label: task.label,
              legacy_job: task.legacyJob,
              warnings: writeJson(task.warnings),
            })
            .run();
          return row?.id ?? -1;
        }),
      ),
    started: (id, attempt) =>
      guarded("A start", () =>
        db.update(taskExtra).set({ attempt, rank: runningRank }).where(eq(taskExtra.task_id, id)).run(),
      ),
    imageSaved: (id, images) =>
      guarded("An image", () =>
        db
          .update(taskExtra)
          .set({ images: writeJson(images) })
          .where(eq(taskExtra.task_id, id))
          .run(),
      ),
    settle: (id, s, delivery) =>
      guarded("The end of a task", () =>
        db.transaction((tx) => {
          tx.update(generateRecord)
            .set({
              start_mills: s.startedAt,
              finish_mills: s.finishedAt,
              task_status: statusWords[s.outcome],
              progress: s.percent,
              result: writeJson(s.images.map(({ url }) => url)),
            })
            .where(eq(generateRecord.task_id, id))
            .run();
          tx.update(taskExtra)
            .set({ images: writeJson(s.images), error: s.error === null ? null : writeJson(s.error) })
            .where(eq(taskExtra.task_id, id))
            .run();
          if (delivery === undefined) return;
          const { nextAt, ...rest } = delivery;
          tx.insert(outbox)
            .values({ ...rest, next_at: nextAt })
            .onConflictDoNothing()
            .run();
        }),
      ),
    find: (id) => tasks(joined().where(eq(generateRecord.task_id, id)).limit(1).all())[0],
    reorder: (ids) =>
      guarded("The order of the queue", () =>
        db.transaction((tx) => {
          for (const [rank, id] of ids.entries())
            tx.update(taskExtra).set({ rank }).where(eq(taskExtra.task_id, id)).run();
        }),
      ),
    unfinished: () =>
      joined()
        .where(and(isNull(generateRecord.finish_mills), isNull(generateRecord.task_status)))
        .orderBy(sql`${taskExtra.rank} IS NULL`, asc(taskExtra.rank), asc(generateRecord.id))
        .all()
        .flatMap(({ generate_record: record, fooocusd_task: extra }) => {
          // Rows of the reference that it lost have no row of ours; they stay as they are.
          if (extra === null) return [];
          const request = parseJson(record.req_params);
          if (!isJsonObject(request)) return [];
          const { webhook_url: webhookUrl, in_queue_mills: queuedAt } = record;
          return [
            {
              id: record.task_id as TaskId,
              row: record.id,
              request,
              webhookUrl: webhookUrl ?? "",
              label: extra.label,
              legacyJob: toLegacyJob(extra.legacy_job),
              warnings: toWarnings(extra.warnings),
              queuedAt: queuedAt ?? 0,
              attempt: extra.attempt,
              images: toImages(extra.images),
            },
          ];
        }),
    countSettled: () =>
      db.select({ settled: count() }).from(generateRecord).where(isNotNull(generateRecord.task_status)).get()
        ?.settled ?? 0,
    page: ({ page, pageSize, without }) =>
      tasks(
        joined()
          .where(without.length === 0 ? undefined : notInArray(generateRecord.task_id, listed(without)))
          .orderBy(desc(generateRecord.id))
          .limit(pageSize)
          .offset(page * pageSize)
          .all(),
      ),
    range: ({ from, to }) =>
      tasks(
        joined()
          .where(and(gte(generateRecord.in_queue_mills, from), lte(generateRecord.in_queue_mills, to)))
          .orderBy(asc(generateRecord.id))
          .all(),
      ),
    remove: (ids) =>
      guarded("A deletion", () =>
        db.transaction((tx) => {
          tx.delete(generateRecord)
            .where(inArray(generateRecord.task_id, listed(ids)))
            .run();
          tx.delete(taskExtra)
            .where(inArray(taskExtra.task_id, listed(ids)))
            .run();
        }),
      ),
    counter: (name) => db.select().from(counters).where(eq(counters.name, name)).get()?.value ?? 0,
    setCounter: (name, value) =>
      guarded("A counter", () =>
        db
          .insert(counters)
          .values({ name, value })
          .onConflictDoUpdate({ target: counters.name, set: { value } })
          .run(),
      ),
    deliveries: () =>
      db
        .select({ id: outbox.id, url: outbox.url, attempts: outbox.attempts, nextAt: outbox.next_at })
        .from(outbox)
        .orderBy(asc(outbox.next_at), sql`rowid`)
        .all(),
    deliveryBody: (id) => db.select().from(outbox).where(eq(outbox.id, id)).get()?.body,
    reschedule: (id, attempts, nextAt) =>
      guarded("A webhook", () =>
        db.update(outbox).set({ attempts, next_at: nextAt }).where(eq(outbox.id, id)).run(),
      ),
    delivered: (id) => guarded("A webhook", () => db.delete(outbox).where(eq(outbox.id, id)).run()),
    close: () => database.close(),
  };
}
