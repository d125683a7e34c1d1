import { and, asc, eq, isNull, or, sql } from "drizzle-orm";
import { toDelivery } from "../history/rows.ts";
import type { WaitingDelivery } from "../history.ts";
import type { Statements } from "./connection.ts";
import { outbox } from "./tables.ts";

/** The database's clock, milliseconds since 1970: those of servers differ. */
const clock = sql`CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)`;

/** All webhooks that wait, soonest first. */
export async function deliveries(
  db: Statements,
  onDamage: (id: string, damage: string) => void,
): Promise<readonly WaitingDelivery[]> {
  const rows = await db
    .select({ id: outbox.id, url: outbox.url, attempts: outbox.attempts, nextAt: outbox.next_at })
    .from(outbox)
    .orderBy(asc(outbox.next_at), asc(outbox.place));
  return rows.flatMap((row) => toDelivery(row, onDamage) ?? []);
}

/** See `HistoryStore.claim`. */
export async function claim(
  db: Statements,
  { id, attempts }: Pick<WaitingDelivery, "id" | "attempts">,
  holder: string,
  milliseconds: number,
): Promise<boolean> {
  const claimed = await db
    .update(outbox)
    .set({ held_by: holder, held_until: sql`${clock} + ${Math.round(milliseconds)}` })
    .where(
      and(
        eq(outbox.id, id),
        eq(outbox.attempts, attempts),
        or(isNull(outbox.held_by), eq(outbox.held_by, holder), sql`${outbox.held_until} <= ${clock}`),
      ),
    )
    .returning({ id: outbox.id });
  return claimed.length > 0;
}

/** Puts a webhook off to its next try, and gives it up to whoever comes first then. */
export async function reschedule(
  db: Statements,
  id: string,
  attempts: number,
  nextAt: number,
): Promise<void> {
  await db
    .update(outbox)
    .set({ attempts, next_at: nextAt, held_by: null, held_until: null })
    .where(eq(outbox.id, id));
}
