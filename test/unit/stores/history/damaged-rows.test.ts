import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { NewTask, Settlement } from "#/stores/history.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-rows-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;
const all = { page: 0, pageSize: 10, without: [] };

const fresh = (n: number): NewTask => ({
  id: idOf(n),
  request: { prompt: `picture ${n}` },
  webhookUrl: "http://hook.test/",
  label: "mine",
  door: { name: "fooocus-api", word: "" },
  warnings: ["Too large."],
  queuedAt: 1000,
});

const failed: Settlement = {
  outcome: "failed",
  startedAt: 2000,
  finishedAt: 3000,
  percent: 50,
  images: [{ index: 0, url: "http://h/outputs/d/a.png", width: 8, height: 8, seed: "7", timings: null }],
  error: { code: "out-of-memory", message: "Too big.", details: { bytes: 7 } },
};

/** A history with a sound task and one of which a column was written over by somebody else. */
async function withColumn(column: string, value: string | number | null, settled: boolean) {
  const path = join(root, `${crypto.randomUUID()}.sqlite3`);
  const history = openHistory(path);
  for (const n of [1, 2]) {
    await history.insert(fresh(n));
    if (settled) await history.settle(idOf(n), failed);
  }
  await history.close();
  const database = new Database(path);
  const ours = ["images", "error", "warnings", "label", "attempt", "door", "door_word"];
  const table = ours.includes(column) ? "fooocusd_task" : "generate_record";
  database.query(`UPDATE ${table} SET ${column} = ? WHERE task_id = ?`).run(value, idOf(1));
  database.close();
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date(0) });
  return { history: openHistory(path, { log }), lines };
}

const columns: readonly (readonly [string, string])[] = [
  ["req_params", '{"prompt": "pic'],
  ["req_params", "[]"],
  ["images", '[{"index": 0'],
  ["images", '[{"index": "0"}]'],
  ["images", "null"],
  ["error", "{"],
  ["error", '"text"'],
  ["error", '{"code": 5}'],
  ["warnings", "[1]"],
  ["warnings", "{oops"],
  ["in_queue_mills", "yesterday"],
  ["start_mills", "noon"],
  ["finish_mills", "later"],
  ["progress", "half"],
];

for (const [column, text] of columns) {
  test(`a row whose ${column} is ${text} is listed as far as it can be read, and says so`, async () => {
    const { history, lines } = await withColumn(column, text, true);
    const [sound, damaged] = await history.page(all);
    expect(sound).toMatchObject({ id: idOf(2), warnings: ["Too large."], state: { ...failed } });
    expect(damaged?.id).toBe(idOf(1));
    expect(damaged?.warnings.at(-1)).toContain(`damaged: what is kept as ${column} cannot be read`);
    expect(damaged?.state).toMatchObject({ status: "settled", outcome: "failed" });
    // Told once, however often it is read.
    await history.find(idOf(1));
    expect(lines.filter((line) => line.includes(idOf(1)))).toHaveLength(1);
    await history.close();
  });
}

test("damaged images leave the addresses that the reference's column holds, damaged reasons leave a reason", async () => {
  const images = await (await withColumn("images", "x", true)).history.find(idOf(1));
  expect(images?.state).toMatchObject({ images: [{ url: "http://h/outputs/d/a.png" }] });
  const error = await (await withColumn("error", "x", true)).history.find(idOf(1));
  expect(error?.state).toMatchObject({ error: { code: "storage-failed" } });
  const wait = await (await withColumn("finish_mills", "x", true)).history.find(idOf(1));
  expect(wait?.state).toMatchObject({ startedAt: 2000, finishedAt: 2000 });
});

test("a waiting task whose request is damaged comes back with the reason; other damage costs only what was damaged", async () => {
  const request = await (await withColumn("req_params", "{", false)).history.unfinished();
  expect(request.map(({ id, fault }) => [id, fault === null])).toEqual([
    [idOf(1), false],
    [idOf(2), true],
  ]);
  expect(request[0]).toMatchObject({ webhookUrl: "http://hook.test/", label: "mine" });
  for (const column of ["images", "warnings", "in_queue_mills"]) {
    const [row, other] = await (await withColumn(column, "{", false)).history.unfinished();
    expect([row?.fault, other?.fault, row?.request]).toEqual([null, null, { prompt: "picture 1" }]);
    expect(row?.warnings.at(-1)).toContain(column);
  }
});

test("a webhook's damaged row is told and does not make the outbox look at it without a pause", async () => {
  const path = join(root, `${crypto.randomUUID()}.sqlite3`);
  await openHistory(path).close();
  const database = new Database(path);
  const add = database.query("INSERT INTO fooocusd_webhook VALUES (?, ?, '{}', ?, ?)");
  add.run("msg_1", "http://hook.test/", 2, 5);
  add.run("msg_2", "http://hook.test/", "q", "soon");
  add.run("msg_3", new Uint8Array([255]), 0, 7);
  database.close();
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date(0) });
  const history = openHistory(path, { log });
  expect(await history.deliveries()).toEqual([
    { id: "msg_1", url: "http://hook.test/", attempts: 2, nextAt: 5 },
    { id: "msg_2", url: "http://hook.test/", attempts: 0, nextAt: 0 },
  ]);
  await history.close();
  expect(lines.filter((line) => line.includes("is damaged"))).toHaveLength(2);
});
