import { eq, inArray, sql } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { JsonObject } from "#/api/json.ts";
import { keptInputs } from "#/api/stored.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Leavings, RowFile } from "../history.ts";
import { inputNames, unwantedFiles } from "./tables.ts";

/** What a database and a transaction of it have in common. */
type Writing = Pick<BunSQLiteDatabase, "select" | "insert" | "delete">;

/** Any number of texts as one parameter: a statement with a place for each is compiled anew every time. */
export const listed = (texts: readonly string[]) =>
  sql`(SELECT value FROM json_each(${JSON.stringify(texts)}))`;

/** Notes which inputs a task that is inserted names; they are wanted again, if they were not. */
export function noteInputs(db: Writing, id: TaskId, request: JsonObject): void {
  const names = keptInputs(request);
  if (names.length === 0) return;
  db.insert(inputNames)
    .values(names.map((name) => ({ task_id: id, name })))
    .onConflictDoNothing()
    .run();
  db.delete(unwantedFiles)
    .where(sql`${unwantedFiles.kind} = 'input' AND ${unwantedFiles.name} IN ${listed(names)}`)
    .run();
}

/** Notes what of removed tasks is to be deleted. @returns the same */
export function noteLeavings(
  db: Writing,
  ids: readonly TaskId[],
  { outputs, inputs, at }: Leavings,
): readonly RowFile[] {
  const of = inArray(inputNames.task_id, listed(ids));
  const named = db.select({ name: inputNames.name }).from(inputNames).where(of).all();
  db.delete(inputNames).where(of).run();
  const alone = inputs
    ? [...new Set(named.map(({ name }) => name))].filter((name) => !isNamed(db, name))
    : [];
  const files: readonly RowFile[] = [
    ...outputs.map(({ folder, name }) => ({ kind: "output", folder, name, at }) as const),
    ...alone.map((name) => ({ kind: "input", folder: "", name, at }) as const),
  ];
  for (const file of files) db.insert(unwantedFiles).values(file).onConflictDoNothing().run();
  return files;
}

/** Whether a row names an input. */
export const isNamed = (db: Pick<Writing, "select">, name: string): boolean =>
  db.select({ name: inputNames.name }).from(inputNames).where(eq(inputNames.name, name)).limit(1).get() !==
  undefined;

/** Files that are still to be deleted, so many at most. */
export const unwanted = (db: Pick<Writing, "select">, most: number): readonly RowFile[] =>
  db
    .select()
    .from(unwantedFiles)
    .limit(most)
    .all()
    .flatMap(({ kind, ...file }) => (kind === "output" || kind === "input" ? { ...file, kind } : []));

/** Forgets files that are gone. */
export function forgetFiles(db: Writing, files: readonly RowFile[]): void {
  for (const { kind, folder, name } of files)
    db.delete(unwantedFiles)
      .where(
        sql`${unwantedFiles.kind} = ${kind} AND ${unwantedFiles.folder} = ${folder} AND ${unwantedFiles.name} = ${name}`,
      )
      .run();
}
