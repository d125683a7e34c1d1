import { and, eq, sql } from "drizzle-orm";
import type { JsonObject } from "#/api/json.ts";
import { keptInputs } from "#/api/stored.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Leavings, RowFile } from "../history.ts";
import type { Statements } from "./connection.ts";
import { escaped } from "./escaped.ts";
import { insertAll } from "./insert-all.ts";
import { listed } from "./rows.ts";
import { inputNames, unwantedFiles } from "./tables.ts";

/** The number of the lock between tasks that name inputs and removals that look whether any does. */
const inputLock = sql.raw("7866022");

/** Notes which inputs a task that is inserted names; they are wanted again, if they were not. */
export async function noteInputs(db: Statements, id: TaskId, request: JsonObject): Promise<void> {
  const names = keptInputs(request);
  if (names.length === 0) return;
  await db.execute(sql`SELECT pg_advisory_xact_lock_shared(${inputLock})`);
  await db
    .insert(inputNames)
    .values(names.map((name) => ({ task_id: id, name })))
    .onConflictDoNothing();
  await db
    .delete(unwantedFiles)
    .where(and(eq(unwantedFiles.kind, "input"), sql`${unwantedFiles.name} = ANY (${listed(names)})`));
}

/** Notes what of removed tasks is to be deleted. @returns the same */
export async function noteLeavings(
  db: Statements,
  ids: readonly TaskId[],
  { outputs, inputs, at }: Leavings,
): Promise<readonly RowFile[]> {
  await db.execute(sql`SELECT pg_advisory_xact_lock(${inputLock})`);
  const removed = await db
    .delete(inputNames)
    .where(sql`${inputNames.task_id} = ANY (${listed(ids)})`)
    .returning({ name: inputNames.name });
  const names = [...new Set(removed.map(({ name }) => name))].sort();
  const alone = inputs ? await nowhereNamed(db, names) : [];
  const files: readonly RowFile[] = [
    ...outputs.map(({ folder, name }) => ({ kind: "output", folder, name, at }) as const),
    ...alone.map((name) => ({ kind: "input", folder: "", name, at }) as const),
  ];
  await insertAll(files, (some) => db.insert(unwantedFiles).values(some).onConflictDoNothing());
  return files;
}

async function nowhereNamed(db: Statements, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const still = await db
    .selectDistinct({ name: inputNames.name })
    .from(inputNames)
    .where(sql`${inputNames.name} = ANY (${listed(names)})`);
  const wanted = new Set(still.map(({ name }) => name));
  return names.filter((name) => !wanted.has(name));
}

/** Whether a row names an input. */
export const isNamed = async (db: Statements, name: string): Promise<boolean> =>
  (await db.select({ name: inputNames.name }).from(inputNames).where(eq(inputNames.name, name)).limit(1))
    .length > 0;

/** Files that are still to be deleted, so many at most. */
export const unwanted = async (db: Statements, most: number): Promise<readonly RowFile[]> =>
  (
    await db
      .select()
      .from(unwantedFiles)
      .orderBy(unwantedFiles.kind, unwantedFiles.folder, unwantedFiles.name)
      .limit(most)
  ).flatMap(({ kind, ...file }) => (kind === "output" || kind === "input" ? { ...file, kind } : []));

/** Forgets files that are gone, however many: as one value, since a condition for each takes Postgres minutes to plan. */
export async function forgetFiles(db: Statements, files: readonly RowFile[]): Promise<void> {
  const gone = files.map(({ kind, folder, name }) => ({
    kind,
    folder: escaped(folder),
    name: escaped(name),
  }));
  await db.execute(sql`DELETE FROM fooocusd.unwanted USING
    jsonb_to_recordset(CAST(CAST(${JSON.stringify(gone)} AS text) AS jsonb)) AS gone (kind text, folder text, name text)
    WHERE unwanted.kind = gone.kind AND unwanted.folder = gone.folder AND unwanted.name = gone.name`);
}
