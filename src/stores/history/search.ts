import { and, desc, eq, lt, type SQL, sql } from "drizzle-orm";
import type { TaskId } from "#/lib/task-id.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { HistorySearch, HistoryStore, UsedName } from "../history.ts";
import type { Db, HistoryFile } from "./history-file.ts";
import { type JoinedRow, statusWords } from "./rows.ts";
import { indexSomeRows, withSoundIndex } from "./search-index.ts";
import { signsQuery, wordsQuery } from "./search-words.ts";
import { generateRecord, stars, taskExtra } from "./tables.ts";

/** What of a history people look through it with. */
type Gallery = Pick<HistoryStore, "star" | "starredAmong" | "search" | "usedNames" | "indexSome">;

/** Stars, and the search for tasks. @param task reads a row */
export function gallery(file: HistoryFile, task: (row: JoinedRow) => Task): Gallery {
  return {
    star: async (id, starred) => {
      file.writeAnyway("A star", (db) =>
        starred
          ? db.insert(stars).values({ task_id: id }).onConflictDoNothing().run()
          : db.delete(stars).where(eq(stars.task_id, id)).run(),
      );
    },
    starredAmong: async (ids) => file.read((db) => new Set(starredIn(db, ids))),
    search: async (search) =>
      file.read((db) =>
        withSoundIndex(db, () =>
          db
            .select()
            .from(generateRecord)
            .leftJoin(taskExtra, eq(generateRecord.task_id, taskExtra.task_id))
            .where(foundBy(search))
            .orderBy(desc(generateRecord.id))
            .limit(search.limit)
            .all()
            .map(task),
        ),
      ),
    usedNames: async () => file.read(namesIn),
    indexSome: async () =>
      file.write("The index of what was asked", (db) => withSoundIndex(db, () => indexSomeRows(db))),
  };
}

const starredIn = (db: Db, ids: readonly TaskId[]): readonly TaskId[] =>
  db.$client
    .query<{ task_id: TaskId }, [string]>(
      "SELECT task_id FROM fooocusd_star WHERE task_id IN (SELECT value FROM json_each(?))",
    )
    .all(JSON.stringify(ids))
    .map(({ task_id }) => task_id);

const namesIn = (db: Db): readonly UsedName[] =>
  db.$client
    .query<UsedName, []>(
      "SELECT kind, name, count(*) AS tasks FROM fooocusd_named GROUP BY kind, name ORDER BY tasks DESC, name",
    )
    .all();

/** Tasks of which there is something to see: pictures, also of one that still runs, or why there are none. */
const isShown = sql`(${generateRecord.task_status} IS NULL AND ${taskExtra.images} <> '[]'
  OR ${generateRecord.task_status} IS NOT NULL AND coalesce(${generateRecord.result}, '[]') NOT IN ('[]', 'null', '')
  OR ${generateRecord.task_status} = ${statusWords.failed})`;

/** A number of a row may come again for another task: the index must be of this one. */
const isIndexed = sql`EXISTS (SELECT 1 FROM fooocusd_indexed
  WHERE record = ${generateRecord.id} AND fooocusd_indexed.task_id = ${generateRecord.task_id})`;

const isNamed = (kind: UsedName["kind"], name: string): SQL =>
  sql`${generateRecord.id} IN (SELECT record FROM fooocusd_named WHERE kind = ${kind} AND name = ${name})`;

/** Whether the prompt has these signs. Rows are long, and few have them: all are looked through as bytes first. */
function hasSigns({ text, spelt }: NonNullable<ReturnType<typeof signsQuery>>): SQL {
  const row = generateRecord.req_params;
  const may = sql.join(
    spelt.map((one) => sql`instr(${row}, ${one}) > 0`),
    sql` OR `,
  );
  return sql`CASE WHEN (${may}) AND json_valid(${row})
    THEN instr(json_extract(${row}, '$.prompt'), ${text}) > 0 ELSE 0 END`;
}

function foundBy({ words, model, style, from, to, starred, task, before }: HistorySearch): SQL | undefined {
  const query = words === undefined ? undefined : wordsQuery(words);
  const signs = words === undefined || query !== undefined ? undefined : signsQuery(words);
  const usesIndex = query !== undefined || model !== undefined || style !== undefined;
  return and(
    task === undefined ? undefined : eq(generateRecord.task_id, task),
    before === undefined ? undefined : lt(generateRecord.id, before),
    query === undefined
      ? undefined
      : sql`${generateRecord.id} IN (SELECT rowid FROM fooocusd_words WHERE prompt MATCH ${query})`,
    signs === undefined ? undefined : hasSigns(signs),
    model === undefined ? undefined : isNamed("model", model),
    style === undefined ? undefined : isNamed("style", style),
    usesIndex ? isIndexed : undefined,
    from === undefined ? undefined : sql`${generateRecord.in_queue_mills} >= ${from}`,
    to === undefined ? undefined : sql`${generateRecord.in_queue_mills} <= ${to}`,
    starred === true ? sql`${generateRecord.task_id} IN (SELECT task_id FROM fooocusd_star)` : undefined,
    isShown,
  );
}
