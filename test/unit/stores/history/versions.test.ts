import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import { migrations } from "#/stores/history/tables.ts";
import { goldenPath } from "../../../support/golden.ts";
import { type KeptTask, keptCounters, keptOrder, keptTasks } from "../../../support/kept-history.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-versions-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const newest = migrations.length;
const versions = Array.from({ length: newest + 1 }, (_, version) => version);
const packed = (version: number): string => goldenPath(`histories/version-${version}.sqlite3.zst`);

/** The file that a version left, in a folder of its own. */
function fileOf(version: number): string {
  const path = join(mkdtempSync(join(root, "v")), "db.sqlite3");
  writeFileSync(path, Bun.zstdDecompressSync(readFileSync(packed(version))));
  return path;
}

/** All tables with all their rows, as SQLite has them. */
function contents(path: string): Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> {
  const database = new Database(path, { readonly: true });
  const names = database
    // An index of words is in tables of its own, and says nothing that the rows do not.
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'fooocusd_words%'",
    )
    .all();
  const tables = Object.fromEntries(
    names.map(({ name }) => [
      name,
      database
        .query<Record<string, unknown>, []>(`SELECT * FROM ${name}`)
        .all()
        .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    ]),
  );
  database.close();
  return tables;
}

/** What a version could keep of a task, as it is told today. */
function expected({ task, end }: KeptTask, version: number) {
  return {
    ...task,
    door: version >= 2 ? task.door : { name: "fooocus-api", word: "" },
    warnings: version >= 3 ? task.warnings : [],
    state: end === undefined ? { status: "pending", position: 0 } : { status: "settled", ...end },
  };
}

test("there is a file of every version; scripts/fixtures/history.ts writes the one that is missing", () =>
  expect(versions.filter((version) => !existsSync(packed(version)))).toEqual([]));

describe.each(versions)("a history of version %d", (version) => {
  const path = fileOf(version);
  const before = contents(path);
  const bytes = readFileSync(path);
  const kept = version === 0 ? [] : keptTasks;

  test("opens with every task, as far as its version kept it", async () => {
    const history = openHistory(path);
    for (const one of kept) expect(await history.find(one.task.id)).toMatchObject(expected(one, version));
    for (const one of kept)
      if (one.end === undefined)
        expect(await history.recipe(one.task.id)).toBe(version >= 6 ? one.recipe : undefined);
    const [first] = await history.range({ from: 10, to: 12 });
    expect(first).toMatchObject({ request: { prompt: "Käse", image_seed: 9007199254740993n }, row: 1 });
    expect((await history.page({ page: 0, pageSize: 99, without: [] })).length).toBe(kept.length + 3);
    expect(await history.countSettled()).toBe(2 + kept.filter(({ end }) => end !== undefined).length);
    await history.close();
  });

  test("goes on with what had not ended, in its order, and with what was to be told", async () => {
    const history = openHistory(path);
    const order: readonly TaskId[] = version === 0 ? [] : keptOrder;
    const unfinished = await history.unfinished();
    expect(unfinished.slice(-3).map(({ id }) => id)).toEqual([...order]);
    const ran = kept.filter(({ attempt }) => attempt !== undefined);
    for (const { task, attempt, images, stopping } of ran)
      expect(unfinished.find(({ id }) => id === task.id)).toMatchObject({
        attempt,
        images,
        stopping: stopping === true,
        fault: null,
      });
    expect(unfinished.length).toBe(order.length + ran.length);
    for (const { delivery } of kept) {
      if (delivery === undefined) continue;
      const { body, ...waiting } = delivery;
      expect([await history.deliveries(), await history.deliveryBody(delivery.id)]).toEqual([
        [waiting],
        body,
      ]);
    }
    for (const [name, value] of Object.entries(keptCounters))
      expect(await history.counter(name)).toBe(version === 0 ? 0 : value);
    for (const { making, task } of kept)
      expect(await history.making(task.id)).toBe(version >= 10 ? making : undefined);
    for (const { key, task } of kept)
      if (key !== undefined)
        expect((await history.keyed(key.key, 0))?.taskId).toBe(version >= 7 ? task.id : undefined);
    await history.close();
  });

  test("loses no value of any row: what its tables hold is there afterwards", async () => {
    await openHistory(path).close();
    const after = contents(path);
    for (const [table, rows] of Object.entries(before)) {
      const isMoved = ({ name }: Readonly<Record<string, unknown>>): boolean =>
        name === "stopping" && version < 6;
      const left = rows.filter((row) => table !== "fooocusd_counter" || !isMoved(row));
      expect(after[table]?.length).toBe(left.length);
      for (const [at, { legacy_job: _, ...row }] of left.entries())
        expect(after[table]?.[at]).toMatchObject(row);
    }
  });

  test("is copied as it was before it is changed, and works afterwards", async () => {
    const folder = join(path, "..");
    const copies = readdirSync(folder).filter((name) => name.includes(".before-"));
    const copy = version === 0 ? "db.sqlite3.before-fooocusd" : `db.sqlite3.before-version-${newest}`;
    expect(copies).toEqual(version === newest ? [] : [copy]);
    if (version !== newest) expect(contents(join(folder, copy))).toEqual(before);
    const history = openHistory(path);
    const id = "f".repeat(32) as TaskId;
    const task = { ...(keptTasks[0] as KeptTask).task, id };
    await history.insert(task, "recipe", { key: "new", fingerprint: "", forgetBefore: 0 });
    expect([
      (await history.find(id))?.label,
      await history.recipe(id),
      (await history.keyed("new", 0))?.taskId,
    ]).toEqual([task.label, "recipe", id]);
    await history.close();
  });

  test("is refused by a program that is older than it, in a sentence with both versions, and stays as it was", () => {
    const newer = join(mkdtempSync(join(root, "n")), "db.sqlite3");
    writeFileSync(newer, bytes);
    const database = new Database(newer);
    database.run(`PRAGMA user_version = ${newest + 1 + version}`);
    database.close();
    const left = readFileSync(newer);
    expect(() => openHistory(newer)).toThrow(
      `The history ${newer} was written by a newer version of fooocusd (${newest + 1 + version} > ${newest}). Start that version, or name another folder with --outputs.`,
    );
    expect(readFileSync(newer).equals(left)).toBe(true);
    expect(readdirSync(join(newer, ".."))).toEqual(["db.sqlite3"]);
  });
});
