import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { carryOver } from "#/stores/history/carry-over.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { NewTask } from "#/stores/history.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-carry-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

const fresh = (n: number): NewTask => ({
  id: idOf(n),
  request: { prompt: `picture ${n}` },
  webhookUrl: "",
  label: null,
  door: { name: "fooocus-api", word: "" },
  warnings: [],
  queuedAt: 1000,
});

test("what has not ended goes on in another file with its recipe, its key, and with what it was asked", async () => {
  const [from, into] = ["old", "new"].map((name) => join(root, `${name}.sqlite3`)) as [string, string];
  const old = openHistory(from);
  for (const n of [1, 2, 3])
    await old.insert(fresh(n), `recipe ${n}`, {
      key: `key ${n}`,
      fingerprint: `print ${n}`,
      forgetBefore: 0,
    });
  await old.stopping(idOf(2));
  await old.settle(idOf(3), {
    outcome: "finished",
    startedAt: 1,
    finishedAt: 2,
    percent: 100,
    images: [],
    error: null,
  });
  await old.close();
  await openHistory(into).close();
  const database = new Database(into);
  carryOver(from, database);
  database.close();
  const history = openHistory(into);
  expect(
    await Promise.all(
      (await history.unfinished()).map(async ({ id, stopping }) => [id, stopping, await history.recipe(id)]),
    ),
  ).toEqual([
    [idOf(1), false, "recipe 1"],
    [idOf(2), true, "recipe 2"],
  ]);
  expect(await Promise.all([1, 2, 3].map(async (n) => (await history.keyed(`key ${n}`, 0))?.taskId))).toEqual(
    [idOf(1), idOf(2), undefined],
  );
  await history.close();
});
