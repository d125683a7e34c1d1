import type { TaskId } from "#/lib/task-id.ts";
import type { Db } from "./history-file.ts";
import { indexedText } from "./search-words.ts";
import { searchedOf } from "./searched.ts";

/** Rows that are taken into the index in one go; some hundredths of a second. */
const rowsAtOnce = 500;

type Row = Readonly<{ id: number; task_id: string; req_params: unknown }>;

/**
 * Takes into the index some of what came since: what is searched for is said when a task is accepted and never changes, so
 * nobody has to write it then, and rows that another program wrote are found as well.
 *
 * @returns whether there may be more
 */
export function indexSomeRows(db: Db): boolean {
  const { $client: client } = db;
  const rows = client
    .query<Row, [number]>(
      `SELECT id, task_id, req_params FROM generate_record
       WHERE id > (SELECT coalesce(max(record), -1) FROM fooocusd_indexed) ORDER BY id LIMIT ?`,
    )
    .all(rowsAtOnce);
  if (rows.length > 0)
    client.transaction(() => {
      for (const row of rows) indexRow(db, row);
    })();
  return rows.length === rowsAtOnce;
}

function indexRow({ $client: client }: Db, { id, task_id, req_params }: Row): void {
  const { prompt, models, styles } = searchedOf(readRequest(req_params));
  client.query("INSERT OR REPLACE INTO fooocusd_indexed (record, task_id) VALUES (?, ?)").run(id, task_id);
  client.query("INSERT INTO fooocusd_words (rowid, prompt) VALUES (?, ?)").run(id, indexedText(prompt));
  const name = client.query("INSERT OR IGNORE INTO fooocusd_named (kind, name, record) VALUES (?, ?, ?)");
  for (const model of models) name.run("model", model, id);
  for (const style of styles) name.run("style", style, id);
}

/** A kept request, nothing of one that cannot be read: it is found by its date alone. */
export function readRequest(text: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = typeof text === "string" ? JSON.parse(text) : null;
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Takes tasks out of the index, before their rows go. */
export function forgetIndexed({ $client: client }: Db, ids: readonly TaskId[]): void {
  const rows = `SELECT record FROM fooocusd_indexed WHERE record IN (
    SELECT id FROM generate_record WHERE task_id IN (SELECT value FROM json_each(?)))`;
  const names = JSON.stringify(ids);
  client.query(`DELETE FROM fooocusd_words WHERE rowid IN (${rows})`).run(names);
  client.query(`DELETE FROM fooocusd_named WHERE record IN (${rows})`).run(names);
  client.query(`DELETE FROM fooocusd_indexed WHERE record IN (${rows})`).run(names);
}

/** It says nothing that the rows do not say. */
function dropIndex({ $client: client }: Db): void {
  client.transaction(() => {
    // A damaged index cannot be emptied row by row.
    client.run("INSERT INTO fooocusd_words (fooocusd_words) VALUES ('delete-all')");
    client.run("DELETE FROM fooocusd_named");
    client.run("DELETE FROM fooocusd_indexed");
  })();
}

/** Does what uses the index; a damaged one is begun anew, from the rows, and the work done again. */
export function withSoundIndex<T>(db: Db, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!isCorruptIndex(thrown)) throw thrown;
    dropIndex(db);
    while (indexSomeRows(db));
    return work();
  }
}

function isCorruptIndex(thrown: unknown): boolean {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return cause instanceof Error && "code" in cause && cause.code === "SQLITE_CORRUPT_VTAB";
}
