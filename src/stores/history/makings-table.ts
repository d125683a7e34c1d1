import { eq } from "drizzle-orm";
import type { TaskId } from "#/lib/task-id.ts";
import type { Db } from "./history-file.ts";
import { makings } from "./tables.ts";

/** A database, or a transaction in it. */
type Statements = Pick<Db, "select" | "insert">;

/** Keeps what a task's pictures were made of, packed: there is one for every task, and texts repeat themselves. */
export function keepMaking(db: Statements, id: TaskId, text: string): void {
  const making = Buffer.from(Bun.zstdCompressSync(text));
  db.insert(makings)
    .values({ task_id: id, making })
    .onConflictDoUpdate({ target: makings.task_id, set: { making } })
    .run();
}

/** What was kept; nothing where it is damaged, which another program or a disk may have done. */
export function findMaking(db: Statements, id: TaskId): string | undefined {
  const row = db.select().from(makings).where(eq(makings.task_id, id)).get();
  if (row === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Bun.zstdDecompressSync(row.making));
  } catch {
    return undefined;
  }
}
