import { and, eq, gte, isNull, lt, notExists, or, sql } from "drizzle-orm";
import { writeJson } from "#/api/json.ts";
import type { KeptKey, NewKey, NewTask } from "../history.ts";
import { keyTaken } from "./failures.ts";
import type { Db } from "./history-file.ts";
import { toKeptKey } from "./rows.ts";
import { generateRecord, keys } from "./tables.ts";

/** A database, or a transaction in it. */
type Statements = Pick<Db, "select" | "insert" | "delete">;

/**
 * Keys whose time is over: they were kept before that moment, and their task, where it is still there, had ended by then. One
 * whose task has not ended is never over.
 */
const isOver = (db: Statements, before: number) =>
  and(
    lt(keys.kept_at, before),
    notExists(
      db
        .select({ one: sql`1` })
        .from(generateRecord)
        .where(
          and(
            eq(generateRecord.task_id, keys.task_id),
            or(isNull(generateRecord.finish_mills), gte(generateRecord.finish_mills, before)),
          ),
        ),
    ),
  );

/**
 * Keeps a task's key, in the transaction that its row is written in, and forgets those whose time is over.
 *
 * @throws EngineError of `keyTaken` where another task has it
 */
export function keepKey(db: Statements, { key, fingerprint, forgetBefore }: NewKey, task: NewTask): void {
  db.delete(keys).where(isOver(db, forgetBefore)).run();
  const kept = db
    .insert(keys)
    .values({
      key,
      fingerprint,
      task_id: task.id,
      warnings: writeJson(task.warnings),
      kept_at: task.queuedAt,
    })
    .onConflictDoNothing()
    .returning({ key: keys.key })
    .all();
  if (kept.length === 0) throw keyTaken();
}

/** What was asked for under a key, unless its time is over. */
export function findKey(db: Statements, key: string, forgetBefore: number): KeptKey | undefined {
  const row = db
    .select()
    .from(keys)
    .where(sql`${keys.key} = ${key} AND NOT (${isOver(db, forgetBefore)})`)
    .get();
  return row === undefined ? undefined : toKeptKey(row);
}
