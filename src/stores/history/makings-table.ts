import { eq } from "drizzle-orm";
import type { TaskId } from "#/lib/task-id.ts";
import type { Db } from "./history-file.ts";
import { makings } from "./tables.ts";

/** A database, or a transaction in it. */
type Statements = Pick<Db, "select" | "insert">;

/** Keeps what a task's pictures were made of, packed: there is one for every task, and texts repeat themselves. */
export function keepMaking(db: Statements, id: TaskId, text: string): void {
  const making = packMaking(text);
  db.insert(makings)
    .values({ task_id: id, making })
    .onConflictDoUpdate({ target: makings.task_id, set: { making } })
    .run();
}

/** What was kept; nothing where there is none, or {@link unpackMaking} says so. */
export function findMaking(db: Statements, id: TaskId): string | undefined {
  const row = db.select().from(makings).where(eq(makings.task_id, id)).get();
  return row === undefined ? undefined : unpackMaking(row.making);
}

/** A text of a making as it is kept. */
export const packMaking = (text: string): Buffer => Buffer.from(Bun.zstdCompressSync(text));

/** A kept making; nothing where it is damaged, which another program or a disk may have done. */
export function unpackMaking(making: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Bun.zstdDecompressSync(Buffer.from(making)));
  } catch {
    return undefined;
  }
}
