import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { historyOf, ownDestination } from "#/cli/migrate/destination.ts";
import { takeHistory } from "#/cli/migrate/old-history.ts";
import { PictureTaker } from "#/cli/migrate/old-pictures.ts";
import { openReport } from "#/cli/migrate/report.ts";
import { openBars } from "#/cli/progress-bars.ts";
import { openTakingIn } from "#/stores/history/take-in.ts";
import { takeFile } from "#/stores/images/take-file.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-odd-rows-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Number, id of the task, request. */
type Row = readonly (string | number | null | Uint8Array)[];

/** Runs a migration of one database into an empty history. @returns what was said, and the ids that are there */
async function migrated(id: string, rows: readonly Row[]) {
  const folder = mkdtempSync(join(root, "one-"));
  const [old, outputs, inputs] = ["old", "outputs", "inputs"].map((name) => join(folder, name));
  if (old === undefined || outputs === undefined || inputs === undefined) throw new Error("no folder");
  mkdirSync(old);
  const database = new Database(historyOf(old), { create: true });
  database.run(`CREATE TABLE generate_record (id ${id}, task_id, req_params, in_queue_mills, start_mills,
    finish_mills, task_status, progress, webhook_url, result)`);
  const insert = database.query("INSERT INTO generate_record VALUES (?, ?, ?, 1, 2, 3, ?, ?, NULL, NULL)");
  for (const row of rows) insert.run(...row, "finished", 100);
  database.close();
  const history = openTakingIn(historyOf(outputs), () => undefined);
  const into = ownDestination({ base: "http://x", outputs, inputs, history, takeFile });
  const report = openReport(() => undefined);
  const world = { styles: [], checkpoints: [], loras: [], vaes: [], sidecar: () => ({}) };
  await takeHistory({
    places: { outputs: [old], inputs },
    into,
    taker: new PictureTaker(world, into),
    stop: new AbortController().signal,
    bars: openBars("steps"),
    report,
  });
  history.arrange();
  history.close();
  const taken = new Database(historyOf(outputs), { readonly: true });
  const ids = taken.query<{ task_id: string }, []>("SELECT task_id FROM generate_record ORDER BY id").all();
  taken.close();
  return { said: report.said, ids: ids.map(({ task_id }) => task_id) };
}

test("a row without its request or its id is told and left, and the others are taken", async () => {
  const { said, ids } = await migrated("INTEGER PRIMARY KEY", [
    [1, "first", "{}"],
    [2, "no request", null],
    [3, null, "{}"],
    [4, "", null],
    [5, new Uint8Array([1, 2]), "{}"],
    [6, "unreadable request", new Uint8Array([1, 2])],
    [7, "last", "{}"],
  ]);
  expect(ids).toEqual(["first", "unreadable request", "last"]);
  const [taken, ...broken] = said;
  expect(taken).toMatchObject({ fate: "taken", sentence: expect.stringMatching(/: 3 tasks$/) });
  expect(broken.map(({ fate }) => fate)).toEqual(["broken", "broken", "broken", "broken"]);
  expect(broken[0]?.sentence).toContain("row 2: it lacks what was asked for (req_params)");
  expect(broken[1]?.sentence).toContain("row 3: it lacks an id of a task (task_id)");
  expect(broken[2]?.sentence).toContain("(task_id) and what was asked for (req_params)");
});

test("rows whose numbers are none get numbers", async () => {
  const { said, ids } = await migrated("TEXT", [
    ["a", "first", "{}"],
    [null, "second", "{}"],
    [1.5, "third", "{}"],
  ]);
  expect(ids).toHaveLength(3);
  expect(said.map(({ fate }) => fate)).toEqual(["taken"]);
});
