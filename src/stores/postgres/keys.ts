import { and, eq, sql } from "drizzle-orm";
import { writeJson } from "#/api/json.ts";
import { keyTaken } from "../history/failures.ts";
import { keyIsOver } from "../history/key-is-over.ts";
import { toKeptKey } from "../history/rows.ts";
import type { KeptKey, NewKey, NewTask } from "../history.ts";
import type { Statements } from "./connection.ts";
import { keys, tasks } from "./tables.ts";

/** Keys whose time is over. */
const isOver = (before: number) => keyIsOver({ keys, tasks }, before);

/**
 * Keeps a task's key, in the transaction that its row is written in, and forgets those whose time is over. Another server that
 * writes the same key at this moment is waited for.
 *
 * @throws EngineError of `keyTaken` where another task has it
 */
export async function keepKey(
  db: Statements,
  { key, fingerprint, forgetBefore }: NewKey,
  task: NewTask,
): Promise<void> {
  await db.delete(keys).where(isOver(forgetBefore));
  const kept = await db
    .insert(keys)
    .values({
      key,
      fingerprint,
      task_id: task.id,
      warnings: writeJson(task.warnings),
      kept_at: task.queuedAt,
    })
    .onConflictDoNothing()
    .returning({ key: keys.key });
  if (kept.length > 0) return;
  const [other] = await db.select({ task: keys.task_id }).from(keys).where(eq(keys.key, key));
  if (other?.task !== task.id) throw keyTaken();
}

/** What was asked for under a key, unless its time is over. */
export async function findKey(
  db: Statements,
  key: string,
  forgetBefore: number,
): Promise<KeptKey | undefined> {
  const [row] = await db
    .select()
    .from(keys)
    .where(and(eq(keys.key, key), sql`NOT (${isOver(forgetBefore)})`));
  return row === undefined ? undefined : toKeptKey(row);
}
