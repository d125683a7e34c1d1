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
  notExists,
  notInArray,
  sql,
} from "drizzle-orm";
import { writeJson } from "#/api/json.ts";
import { type Log, silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryStore } from "../history.ts";
import type { Ballast } from "./ballast.ts";
import { endedAfter } from "./ended.ts";
import { forgetFiles, isNamed, listed, noteInputs, noteLeavings, unwanted } from "./files-of-rows.ts";
import { type Db, HistoryFile } from "./history-file.ts";
import { findKey, keepKey } from "./keys.ts";
import { KnownPages } from "./known-pages.ts";
import { KnownRows } from "./known-rows.ts";
import { findMaking, keepMaking } from "./makings-table.ts";
import { type JoinedRow, statusWords, toDelivery, toUnfinished } from "./rows.ts";
import { gallery } from "./search.ts";
import { forgetIndexed, withSoundIndex } from "./search-index.ts";
import { counters, generateRecord, makings, outbox, recipes, stars, taskExtra } from "./tables.ts";

/** What a history does beside its rows. */
export type HistoryOptions = Readonly<{ log?: Log; claim?: () => void; ballast?: Ballast }>;

/**
 * Opens the history in a SQLite file, see {@link openFile}; it goes on in a real file if that one is deleted, see
 * {@link HistoryFile}.
 *
 * @param options.log   hears what people should know of the file and its rows
 * @param options.claim and `ballast`: see {@link HistoryFile}
 * @throws EngineError `storage-failed`
 */
export function openHistory(
  path: string,
  { log = silentLog, claim, ballast }: HistoryOptions = {},
): HistoryStore {
  return sqliteHistory(new HistoryFile(path, log, claim, ballast), log);
}

/** What runs, or ran when the process ended, is before all that waits. */
const runningRank = -1;

/** The row of a task that has not ended: what has stays as it ended. */
const ofUnended = (db: Db, id: TaskId) =>
  and(
    eq(taskExtra.task_id, id),
    notExists(
      db
        .select({ one: sql`1` })
        .from(generateRecord)
        .where(and(eq(generateRecord.task_id, id), isNotNull(generateRecord.task_status))),
    ),
  );

function sqliteHistory(file: HistoryFile, log: Log): HistoryStore {
  const joined = (db: Db) =>
    db
      .select()
      .from(generateRecord)
      .leftJoin(taskExtra, eq(generateRecord.task_id, taskExtra.task_id))
      .$dynamic();
  const told = new Set<string>();
  const damaged = (id: string, damage: string): void => {
    if (told.has(id)) return;
    told.add(id);
    log.error("a row of the history is damaged; it stays as it is", { task: id, damage });
  };
  const known = new KnownRows(damaged);
  const pages = new KnownPages();
  const tasks = (rows: readonly JoinedRow[]) => rows.map((row) => known.task(row));
  // The statements of each are done when its promise is made: no other comes between them.
  const read = async <T>(work: (db: Db) => T): Promise<T> => file.read(work);
  const answered = async <T>(what: string, work: (db: Db) => T): Promise<T> => file.write(what, work);
  const written = async (what: string, work: (db: Db) => unknown): Promise<void> => {
    file.write(what, work);
  };
  return {
    insert: (task, recipe, key) =>
      answered("A task", (db) =>
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
              door: task.door.name,
              door_word: task.door.word,
              warnings: writeJson(task.warnings),
            })
            .run();
          if (recipe !== undefined) tx.insert(recipes).values({ task_id: task.id, recipe }).run();
          noteInputs(tx, task.id, task.request);
          if (key !== undefined) keepKey(tx, key, task);
          return row?.id ?? -1;
        }),
      ),
    keepMaking: (id, making) => written("What pictures were made of", (db) => keepMaking(db, id, making)),
    making: (id) => read((db) => findMaking(db, id)),
    keyed: (key, forgetBefore) => read((db) => findKey(db, key, forgetBefore)),
    started: (id, attempt) =>
      written("A start", (db) =>
        db.update(taskExtra).set({ attempt, rank: runningRank }).where(ofUnended(db, id)).run(),
      ),
    recipe: (id) =>
      read((db) => {
        const kept: unknown = db.select().from(recipes).where(eq(recipes.task_id, id)).get()?.recipe;
        // What another program left there is no text of ours, but it is there.
        return kept === undefined || typeof kept === "string" ? kept : "";
      }),
    stopping: (id) =>
      written("A stop", (db) => db.update(taskExtra).set({ stopping: 1 }).where(ofUnended(db, id)).run()),
    warned: (id, warnings) =>
      written("A warning", (db) =>
        db
          .update(taskExtra)
          .set({ warnings: writeJson(warnings) })
          .where(ofUnended(db, id))
          .run(),
      ),
    imageSaved: (id, images) =>
      written("An image", (db) =>
        db
          .update(taskExtra)
          .set({ images: writeJson(images) })
          .where(ofUnended(db, id))
          .run(),
      ),
    settle: (id, s, delivery) =>
      answered("The end of a task", (db) =>
        db.transaction((tx) => {
          const ended = tx
            .update(generateRecord)
            .set({
              start_mills: s.startedAt,
              finish_mills: s.finishedAt,
              task_status: statusWords[s.outcome],
              progress: s.percent,
              result: writeJson(s.images.map(({ url }) => url)),
            })
            .where(and(eq(generateRecord.task_id, id), isNull(generateRecord.task_status)))
            .returning({ id: generateRecord.id })
            .all();
          if (ended.length === 0) return false;
          tx.update(taskExtra)
            .set({ images: writeJson(s.images), error: s.error === null ? null : writeJson(s.error) })
            .where(eq(taskExtra.task_id, id))
            .run();
          tx.delete(recipes).where(eq(recipes.task_id, id)).run();
          if (delivery === undefined) return true;
          const { nextAt, ...rest } = delivery;
          tx.insert(outbox)
            .values({ ...rest, next_at: nextAt })
            .onConflictDoNothing()
            .run();
          return true;
        }),
      ),
    find: (id) => read((db) => tasks(joined(db).where(eq(generateRecord.task_id, id)).limit(1).all())[0]),
    reorder: (ids) =>
      written("The order of the queue", (db) =>
        db.transaction((tx) => {
          for (const [rank, id] of ids.entries())
            tx.update(taskExtra).set({ rank }).where(eq(taskExtra.task_id, id)).run();
        }),
      ),
    unfinished: () =>
      read((db) =>
        joined(db)
          .where(and(isNull(generateRecord.finish_mills), isNull(generateRecord.task_status)))
          .orderBy(sql`${taskExtra.rank} IS NULL`, asc(taskExtra.rank), asc(generateRecord.id))
          .all()
          // Rows of the reference that it lost have no row of ours; they stay as they are.
          .flatMap(({ generate_record: record, fooocusd_task: extra }) =>
            extra === null ? [] : [toUnfinished(record, extra, damaged)],
          ),
      ),
    countSettled: () =>
      read(
        (db) =>
          db
            .select({ settled: count() })
            .from(generateRecord)
            .where(isNotNull(generateRecord.task_status))
            .get()?.settled ?? 0,
      ),
    ended: (after, most) => read((db) => endedAfter(db, after, most)),
    page: ({ page, pageSize, without }) =>
      read((db) =>
        pages.page(db, JSON.stringify([page, pageSize, without]), () =>
          tasks(
            joined(db)
              .where(without.length === 0 ? undefined : notInArray(generateRecord.task_id, listed(without)))
              .orderBy(desc(generateRecord.id))
              .limit(pageSize)
              .offset(page * pageSize)
              .all(),
          ),
        ),
      ),
    range: ({ from, to }) =>
      read((db) =>
        tasks(
          joined(db)
            .where(and(gte(generateRecord.in_queue_mills, from), lte(generateRecord.in_queue_mills, to)))
            .orderBy(asc(generateRecord.id))
            .all(),
        ),
      ),
    remove: async (ids, leavings) =>
      file.writeAnyway("A deletion", (db) =>
        db.transaction((tx) => {
          withSoundIndex(db, () => forgetIndexed(db, ids));
          tx.delete(generateRecord)
            .where(inArray(generateRecord.task_id, listed(ids)))
            .run();
          for (const table of [taskExtra, recipes, makings, stars])
            tx.delete(table)
              .where(inArray(table.task_id, listed(ids)))
              .run();
          return noteLeavings(tx, ids, leavings);
        }),
      ),
    ...gallery(file, (row) => known.task(row)),
    unwanted: (most) => read((db) => unwanted(db, most)),
    forgetFiles: (files) => written("A deletion", (db) => db.transaction((tx) => forgetFiles(tx, files))),
    namesInput: (name) => read((db) => isNamed(db, name)),
    counter: (name) =>
      read((db) => db.select().from(counters).where(eq(counters.name, name)).get()?.value ?? 0),
    setCounter: (name, value) =>
      written("A counter", (db) =>
        db
          .insert(counters)
          .values({ name, value })
          .onConflictDoUpdate({ target: counters.name, set: { value } })
          .run(),
      ),
    deliveries: () =>
      read((db) =>
        db
          .select({ id: outbox.id, url: outbox.url, attempts: outbox.attempts, nextAt: outbox.next_at })
          .from(outbox)
          .orderBy(asc(outbox.next_at), sql`rowid`)
          .all()
          .flatMap((row) => toDelivery(row, damaged) ?? []),
      ),
    deliveryBody: (id) => read((db) => db.select().from(outbox).where(eq(outbox.id, id)).get()?.body),
    reschedule: (id, attempts, nextAt) =>
      written("A webhook", (db) =>
        db.update(outbox).set({ attempts, next_at: nextAt }).where(eq(outbox.id, id)).run(),
      ),
    delivered: (id) => written("A webhook", (db) => db.delete(outbox).where(eq(outbox.id, id)).run()),
    close: async () => file.close(),
  };
}
