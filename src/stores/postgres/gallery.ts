import { and, desc, eq, gte, lt, lte, type SQL, sql } from "drizzle-orm";
import type { PgSelect } from "drizzle-orm/pg-core";
import type { TaskId } from "#/lib/task-id.ts";
import { statusWords } from "../history/rows.ts";
import { signsQuery } from "../history/search-words.ts";
import { searchedOf } from "../history/searched.ts";
import type { HistorySearch, UsedName } from "../history.ts";
import type { Statements } from "./connection.ts";
import { escaped } from "./escaped.ts";
import { insertAll } from "./insert-all.ts";
import { listed } from "./rows.ts";
import { named, searchedTexts, stars, tasks } from "./tables.ts";
import { wordsTsquery, wordsVector } from "./words.ts";

/** Characters of a name up to which it can be searched for: an index takes 2,700 bytes. */
const longestName = 600;

/** Gives a task that is there a star, or takes it away. */
export async function star(db: Statements, id: TaskId, starred: boolean): Promise<void> {
  if (!starred) await db.delete(stars).where(eq(stars.task_id, id));
  else
    await db.execute(
      sql`INSERT INTO fooocusd.star (task_id) SELECT task_id FROM fooocusd.task WHERE task_id = ${id} FOR KEY SHARE
        ON CONFLICT DO NOTHING`,
    );
}

/** Which of some tasks have a star. */
export const starredAmong = async (db: Statements, ids: readonly TaskId[]): Promise<ReadonlySet<TaskId>> =>
  new Set(
    (
      await db
        .select()
        .from(stars)
        .where(sql`${stars.task_id} = ANY (${listed(ids)})`)
    ).map(({ task_id }) => task_id as TaskId),
  );

/**
 * Takes what tasks are searched by into the index, in the transaction that their rows are written in: rows of several servers
 * become visible in another order than that of their numbers, so none could be found later as the next that is missing.
 */
export async function indexTasks(
  db: Statements,
  all: readonly Readonly<{ record: number; request: Readonly<Record<string, unknown>> }>[],
): Promise<void> {
  const texts = all.map(({ record, request }) => ({ record, ...searchedOf(request) }));
  await insertAll(
    texts.map(({ record, prompt }) => ({ record, prompt, words: wordsVector(prompt) })),
    (some) => db.insert(searchedTexts).values(some),
  );
  const names = texts.flatMap(({ record, models, styles }) => [
    ...models.map((name) => ({ kind: "model", name, record })),
    ...styles.map((name) => ({ kind: "style", name, record })),
  ]);
  await insertAll(
    names.filter(({ name }) => name.length <= longestName),
    (some) => db.insert(named).values(some).onConflictDoNothing(),
  );
}

/** The names in the index, those of most tasks first. */
export async function usedNames(db: Statements): Promise<readonly UsedName[]> {
  const rows = await db
    .select({ kind: named.kind, name: named.name, tasks: sql<string>`count(*)` })
    .from(named)
    .groupBy(named.kind, named.name)
    .orderBy(sql`count(*) DESC`, named.name);
  return rows.flatMap(({ kind, name, tasks: count }) =>
    kind === "model" || kind === "style" ? { kind, name, tasks: Number(count) } : [],
  );
}

/** Of a selection of tasks those that a search finds, newest first. */
export const searched = <Rows extends PgSelect>(rows: Rows, search: HistorySearch) =>
  rows.where(foundBy(search)).orderBy(desc(tasks.id)).limit(search.limit);

/** Tasks of which there is something to see: pictures, also of one that still runs, or why there are none. */
const isShown = sql`(${tasks.task_status} IS NULL AND ${tasks.images} <> '[]'
  OR ${tasks.task_status} IS NOT NULL AND coalesce(${tasks.result}, '[]') NOT IN ('[]', 'null', '')
  OR ${tasks.task_status} = ${statusWords.failed})`;

const isNamed = (kind: UsedName["kind"], name: string): SQL =>
  sql`${tasks.id} IN (SELECT record FROM fooocusd.named WHERE kind = ${kind} AND name = ${escaped(name)})`;

const inIndex = (condition: SQL): SQL =>
  sql`${tasks.id} IN (SELECT record FROM fooocusd.searched WHERE ${condition})`;

function foundBy({ words, model, style, from, to, starred, task, before }: HistorySearch): SQL | undefined {
  const query = words === undefined ? undefined : wordsTsquery(words);
  const signs = words === undefined || query !== undefined ? undefined : signsQuery(words)?.text;
  return and(
    task === undefined ? undefined : eq(tasks.task_id, task),
    before === undefined ? undefined : lt(tasks.id, before),
    query === undefined ? undefined : inIndex(sql`words @@ CAST(CAST(${query} AS text) AS tsquery)`),
    signs === undefined ? undefined : inIndex(sql`position(CAST(${escaped(signs)} AS text) IN prompt) > 0`),
    model === undefined ? undefined : isNamed("model", model),
    style === undefined ? undefined : isNamed("style", style),
    from === undefined ? undefined : gte(tasks.in_queue_mills, from),
    to === undefined ? undefined : lte(tasks.in_queue_mills, to),
    starred === true ? sql`${tasks.task_id} IN (SELECT task_id FROM fooocusd.star)` : undefined,
    isShown,
  );
}
