import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOldRecords } from "#/stores/history/old-records.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import { openTakingIn } from "#/stores/history/take-in.ts";
import { stateOf, writeOldDatabase } from "../../../support/old-fooocus.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-old-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = (): string => mkdtempSync(join(root, "x-"));
const row = (n: number, at: number) => ({
  task_id: n.toString(16).padStart(32, "0"),
  prompt: `p${n}`,
  at,
  result: [],
});

test("rows are read and the folder stays as it was, also where a program has the file open", () => {
  const folder = fresh();
  const path = join(folder, "db.sqlite3");
  writeOldDatabase(path, [row(1, 10), row(2, 20)]);
  const before = stateOf(folder);
  const records = readOldRecords(path);
  expect([records?.count, [...(records?.rows() ?? [])].map(({ in_queue_mills: at }) => at)]).toEqual([
    2,
    [10, 20],
  ]);
  records?.close();
  expect(stateOf(folder)).toEqual(before);

  const other = new Database(path);
  other.run("PRAGMA journal_mode = WAL");
  other.run("UPDATE generate_record SET in_queue_mills = 21 WHERE in_queue_mills = 20");
  const names = readdirSync(folder);
  const again = readOldRecords(path);
  expect([...(again?.rows() ?? [])].map(({ in_queue_mills: at }) => at)).toEqual([10, 21]);
  again?.close();
  expect(readdirSync(folder)).toEqual(names);
  other.close();
});

test("a file without the table is none of FooocusAPI's, and one that is no database is refused by name", () => {
  const folder = fresh();
  const path = join(folder, "db.sqlite3");
  const database = new Database(path, { create: true });
  database.run("CREATE TABLE generate_record (id INTEGER PRIMARY KEY, task_id TEXT, result_url TEXT)");
  database.close();
  expect(readOldRecords(path)).toBeUndefined();
  writeFileSync(path, "no database at all, but some text".repeat(100));
  expect(() => readOldRecords(path)).toThrow(
    /The old history .* cannot be read: the file is damaged or no SQLite/,
  );
});

test("rows that are taken in keep their numbers where these are free, and all are in the order of their time", async () => {
  const folder = fresh();
  mkdirSync(join(folder, "outputs"));
  const path = join(folder, "outputs/db.sqlite3");
  const taking = openTakingIn(path, () => undefined);
  const record = (n: number, at: number) => ({
    id: n,
    task_id: row(n, at).task_id,
    req_params: "{}",
    in_queue_mills: at,
    start_mills: at,
    finish_mills: at,
    task_status: "finished",
    progress: 100,
    webhook_url: "",
    result: "[]",
  });
  taking.take([{ record: record(5, 50) }, { record: record(7, 70) }]);
  taking.arrange();
  taking.take([
    { record: record(5, 50) },
    { record: { ...record(6, 40), id: 7 }, extra: { warnings: '["w"]' } },
  ]);
  const numbers = async () => {
    const history = openHistory(path);
    const page = await history.page({ page: 0, pageSize: 9, without: [] });
    await history.close();
    return page.map(({ row: number, queuedAt, warnings }) => [number, queuedAt, warnings]);
  };
  expect(await numbers()).toEqual([
    [8, 40, ["w"]],
    [7, 70, []],
    [5, 50, []],
  ]);
  taking.arrange();
  taking.close();
  expect(await numbers()).toEqual([
    [3, 70, []],
    [2, 50, []],
    [1, 40, ["w"]],
  ]);
});

test("inputs of rows that are taken in are known as named", async () => {
  const path = join(fresh(), "db.sqlite3");
  const taking = openTakingIn(path, () => undefined);
  const input = `${"c".repeat(64)}.png`;
  const req_params = JSON.stringify({ uov_input_image: `http://host/inputs/${input}` });
  const rest = { start_mills: 1, finish_mills: 1, task_status: "finished", progress: 100, result: "[]" };
  const record = { task_id: "a".repeat(32), req_params, in_queue_mills: 1, webhook_url: "", ...rest };
  taking.take([{ record, extra: { warnings: '["w"]' } }]);
  taking.close();
  const history = openHistory(path);
  expect(await history.namesInput(input)).toBe(true);
  await history.close();
});
