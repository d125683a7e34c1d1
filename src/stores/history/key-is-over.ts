import { and, type Column, eq, gte, isNull, lt, notExists, or, type SQL, sql, type Table } from "drizzle-orm";

/** The tables of a history, in whichever database, as far as the time of keys goes. */
type KeyTables = Readonly<{
  keys: Readonly<{ task_id: Column; kept_at: Column }>;
  tasks: Table & Readonly<{ task_id: Column; finish_mills: Column }>;
}>;

/**
 * Keys whose time is over: they were kept before that moment, and their task, where it is still there, had ended by then. One
 * whose task has not ended is never over.
 *
 * @param before milliseconds since 1970
 */
export function keyIsOver({ keys, tasks }: KeyTables, before: number): SQL | undefined {
  const isKept = or(isNull(tasks.finish_mills), gte(tasks.finish_mills, before));
  return and(
    lt(keys.kept_at, before),
    notExists(sql`(SELECT 1 FROM ${tasks} WHERE ${and(eq(tasks.task_id, keys.task_id), isKept)})`),
  );
}
