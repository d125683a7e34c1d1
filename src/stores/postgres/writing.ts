import { and, eq, isNull, sql } from "drizzle-orm";
import { writeJson } from "#/api/json.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { statusWords } from "../history/rows.ts";
import type { Delivery, Leavings, NewKey, NewTask, RowFile, Settlement } from "../history.ts";
import type { Statements } from "./connection.ts";
import { noteInputs, noteLeavings } from "./files.ts";
import { indexTasks } from "./gallery.ts";
import { keepKey } from "./keys.ts";
import { listed } from "./rows.ts";
import { outbox, recipes, settled, tasks } from "./tables.ts";

/** What a task is inserted with. */
type Brought = Readonly<{ recipe: string | undefined; key: NewKey | undefined }>;

/** Inserts a task, in a transaction. One that is there is this very task: nobody was told that it was written. */
export async function insertTask(db: Statements, task: NewTask, { recipe, key }: Brought): Promise<number> {
  const [row] = await db
    .insert(tasks)
    .values({
      task_id: task.id,
      req_params: writeJson(task.request),
      in_queue_mills: task.queuedAt,
      webhook_url: task.webhookUrl,
      attempt: 0,
      label: task.label,
      images: "[]",
      door: task.door.name,
      door_word: task.door.word,
      warnings: writeJson(task.warnings),
      stopping: 0,
    })
    .onConflictDoNothing()
    .returning({ id: tasks.id });
  if (row === undefined) {
    const [there] = await db.select({ id: tasks.id }).from(tasks).where(eq(tasks.task_id, task.id));
    return there?.id ?? -1;
  }
  if (recipe !== undefined) await db.insert(recipes).values({ task_id: task.id, recipe });
  await indexTasks(db, [{ record: row.id, request: task.request }]);
  await noteInputs(db, task.id, task.request);
  if (key !== undefined) await keepKey(db, key, task);
  return row.id;
}

/** Changes a row of a task that has not ended. */
export async function change(
  db: Statements,
  id: TaskId,
  columns: Partial<typeof tasks.$inferInsert>,
): Promise<void> {
  await db
    .update(tasks)
    .set(columns)
    .where(and(eq(tasks.task_id, id), isNull(tasks.task_status)));
}

/** See `HistoryStore.settle`. What was written already by us, when the answer was lost, is the end that is kept. */
export async function settle(
  db: Statements,
  id: TaskId,
  s: Settlement,
  delivery: Delivery | undefined,
): Promise<boolean> {
  const end = {
    start_mills: s.startedAt,
    finish_mills: s.finishedAt,
    task_status: statusWords[s.outcome],
    progress: s.percent,
    result: writeJson(s.images.map(({ url }) => url)),
    images: writeJson(s.images),
    error: s.error === null ? null : writeJson(s.error),
  };
  const ended = await db
    .update(tasks)
    .set(end)
    .where(and(eq(tasks.task_id, id), isNull(tasks.task_status)))
    .returning({ id: tasks.id });
  if (ended.length === 0) return isTheEnd(db, id, end);
  await countSettled(db, 1);
  await db.delete(recipes).where(eq(recipes.task_id, id));
  if (delivery === undefined) return true;
  const { nextAt, ...rest } = delivery;
  await db
    .insert(outbox)
    .values({ ...rest, next_at: nextAt })
    .onConflictDoNothing();
  return true;
}

async function isTheEnd(
  db: Statements,
  id: TaskId,
  end: Readonly<Partial<typeof tasks.$inferSelect>>,
): Promise<boolean> {
  const [row] = await db.select().from(tasks).where(eq(tasks.task_id, id));
  if (row === undefined) return false;
  const kept: Readonly<Record<string, unknown>> = row;
  return Object.entries(end).every(([column, value]) => kept[column] === value);
}

/** Keeps the order of the waiting tasks, in one statement however many they are. */
export async function reorder(db: Statements, ids: readonly TaskId[]): Promise<void> {
  await db.execute(sql`UPDATE fooocusd.task SET rank = placed.place - 1
    FROM unnest(${listed(ids)}) WITH ORDINALITY AS placed (task_id, place)
    WHERE task.task_id = placed.task_id AND task.task_status IS NULL`);
}

/** Removes tasks; what belongs to a row goes with it. */
export async function remove(
  db: Statements,
  ids: readonly TaskId[],
  leavings: Leavings,
): Promise<readonly RowFile[]> {
  const files = await noteLeavings(db, ids, leavings);
  const removed = await db
    .delete(tasks)
    .where(sql`${tasks.task_id} = ANY (${listed(ids)})`)
    .returning({ status: tasks.task_status });
  await countSettled(db, -removed.filter(({ status }) => status !== null).length);
  return files;
}

/** Counts tasks that have ended, or that had and are gone, in the transaction that they do so in. */
export async function countSettled(db: Statements, more: number): Promise<void> {
  if (more !== 0) await db.update(settled).set({ tasks: sql`${settled.tasks} + ${more}` });
}
