import { asc, gt } from "drizzle-orm";
import { rowTaskId } from "#/lib/task-id.ts";
import type { EndedTask } from "../history.ts";
import type { Db } from "./history-file.ts";
import { generateRecord } from "./tables.ts";

const { id, task_id, task_status, finish_mills, result } = generateRecord;

/** See `HistoryStore.ended`. Requests, which are long, are not read. */
export function endedAfter(
  db: Db,
  after: number,
  most: number,
): Readonly<{ tasks: readonly EndedTask[]; last: number | undefined }> {
  const rows = db
    .select({ row: id, id: task_id, status: task_status, finishedAt: finish_mills, result })
    .from(generateRecord)
    .where(gt(id, after))
    .orderBy(asc(id))
    .limit(most)
    .all();
  const tasks = rows.flatMap(({ row, id: task, status, finishedAt, result: urls }): readonly EndedTask[] =>
    status === null || typeof finishedAt !== "number"
      ? []
      : [{ id: rowTaskId(task), row, finishedAt, urls: textsOf(urls) }],
  );
  return { tasks, last: rows.at(-1)?.row };
}

/** The addresses that a row's result holds; SQLite keeps anything in any column. */
export function textsOf(result: unknown): readonly string[] {
  try {
    const value: unknown = typeof result === "string" ? JSON.parse(result) : [];
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  } catch {
    return [];
  }
}
