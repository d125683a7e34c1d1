import { sql } from "drizzle-orm";
import { writeJson } from "#/api/json.ts";
import type { KeptKey, NewKey, NewTask } from "../history.ts";
import { keyTaken } from "./failures.ts";
import type { Db } from "./history-file.ts";
import { keyIsOver } from "./key-is-over.ts";
import { toKeptKey } from "./rows.ts";
import { generateRecord, keys } from "./tables.ts";

/** A database, or a transaction in it. */
type Statements = Pick<Db, "select" | "insert" | "delete">;

/** Keys whose time is over. */
const isOver = (before: number) => keyIsOver({ keys, tasks: generateRecord }, before);

/**
 * Keeps a task's key, in the transaction that its row is written in, and forgets those whose time is over.
 *
 * @throws EngineError of `keyTaken` where another task has it
 */
export function keepKey(db: Statements, { key, fingerprint, forgetBefore }: NewKey, task: NewTask): void {
  db.delete(keys).where(isOver(forgetBefore)).run();
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
    .where(sql`${keys.key} = ${key} AND NOT (${isOver(forgetBefore)})`)
    .get();
  return row === undefined ? undefined : toKeptKey(row);
}
