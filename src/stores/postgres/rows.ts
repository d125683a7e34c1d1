import { sql } from "drizzle-orm";
import type { Statements } from "./connection.ts";
import { escaped } from "./escaped.ts";
import { tasks } from "./tables.ts";

/** Which version of a row: the transaction that wrote it (https://www.postgresql.org/docs/current/ddl-system-columns.html). */
export const rowVersion = sql<string>`CAST(xmin AS text)`;

/** The columns of a row as SQLite's two tables have them, which the reader of rows knows. */
const columns = {
  version: rowVersion,
  generate_record: {
    id: tasks.id,
    task_id: tasks.task_id,
    req_params: tasks.req_params,
    in_queue_mills: tasks.in_queue_mills,
    start_mills: tasks.start_mills,
    finish_mills: tasks.finish_mills,
    task_status: tasks.task_status,
    progress: tasks.progress,
    webhook_url: tasks.webhook_url,
    result: tasks.result,
  },
  fooocusd_task: {
    task_id: tasks.task_id,
    attempt: tasks.attempt,
    label: tasks.label,
    rank: tasks.rank,
    images: tasks.images,
    error: tasks.error,
    door: tasks.door,
    door_word: tasks.door_word,
    warnings: tasks.warnings,
    stopping: tasks.stopping,
  },
};

/** A selection of whole rows. */
export const selectRows = (db: Pick<Statements, "select">) => db.select(columns).from(tasks).$dynamic();

/** Any number of texts as one parameter, a set to be looked in by `= ANY (…)` or `<> ALL (…)`. */
export const listed = (texts: readonly string[]) =>
  sql`ARRAY(SELECT jsonb_array_elements_text(CAST(CAST(${JSON.stringify(texts.map(escaped))} AS text) AS jsonb)))`;
