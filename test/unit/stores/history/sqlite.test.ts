import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import type { TaskId } from "#/lib/task-id.ts";
import { keptRecipes } from "#/stores/history/migrations/006-kept-recipes.ts";
import { filesOfRows } from "#/stores/history/migrations/008-files.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import {
  counters,
  generateRecord,
  inputNames,
  keys,
  makings,
  migrations,
  outbox,
  recipes,
  taskExtra,
  unwantedFiles,
} from "#/stores/history/tables.ts";
import type { HistoryStore, NewTask } from "#/stores/history.ts";
import { historySuite } from "../../../support/history-suite.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-history-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newPath = (): string => join(root, crypto.randomUUID(), "db.sqlite3");

historySuite("sqlite", () => openHistory(newPath()));
historySuite("sqlite in memory", () => openHistory(":memory:"));

const id = "a".repeat(32) as TaskId;

const fresh: NewTask = {
  id,
  request: { prompt: "x" },
  webhookUrl: "",
  label: null,
  door: { name: "fooocus-api", word: "" },
  warnings: [],
  queuedAt: 1,
};

/** The reference's file as SQLAlchemy makes it, with a finished, a skipped and a lost row. */
function referenceFile(): string {
  const path = newPath();
  const folder = join(path, "..");
  Bun.spawnSync(["mkdir", "-p", folder]);
  const database = new Database(path, { create: true });
  database.run(`CREATE TABLE generate_record (
	id INTEGER NOT NULL,
	task_id VARCHAR(255) NOT NULL,
	req_params JSON NOT NULL,
	in_queue_mills INTEGER,
	start_mills INTEGER,
	finish_mills INTEGER,
	task_status VARCHAR(255),
	progress FLOAT,
	webhook_url VARCHAR(255),
	result JSON,
	PRIMARY KEY (id)
)`);
  database.run("CREATE INDEX ix_generate_record_id ON generate_record (id)");
  const insert = database.query("INSERT INTO generate_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const request = '{"prompt": "K\\u00e4se", "image_seed": 9007199254740993}';
  insert.run(1, id, request, 10, 20, 30, "finished", 100, "", '["http://h/outputs/2025-01-01/a.png"]');
  insert.run(2, "b".repeat(32), request, 11, 21, 31, "skip", 100, null, "[]");
  insert.run(3, "c".repeat(32), request, 12, null, null, null, null, null, null);
  database.close();
  return path;
}

test("a file of FooocusAPI opens, keeps its rows, and is copied first", async () => {
  const path = referenceFile();
  const history = openHistory(path);
  expect(await history.find(id)).toMatchObject({
    row: 1,
    request: { prompt: "Käse", image_seed: 9007199254740993n },
    queuedAt: 10,
    state: {
      status: "settled",
      outcome: "finished",
      startedAt: 20,
      images: [{ url: "http://h/outputs/2025-01-01/a.png" }],
    },
  });
  expect((await history.page({ page: 0, pageSize: 10, without: [] })).map(({ row }) => row)).toEqual([
    3, 2, 1,
  ]);
  // What the reference lost stays lost: it is shown, and never run.
  expect(await history.unfinished()).toEqual([]);
  await history.close();
  expect(existsSync(`${path}.before-fooocusd`)).toBe(true);
  const copy = new Database(`${path}.before-fooocusd`);
  expect(copy.query("SELECT name FROM sqlite_master WHERE type = 'table'").all()).toEqual([
    { name: "generate_record" },
  ]);
  expect(copy.query("SELECT count(*) AS n FROM generate_record").get()).toEqual({ n: 3 });
  copy.close();
});

test("the reference can go on with our file: its table has its columns, and its inserts work", async () => {
  const path = newPath();
  const history = openHistory(path);
  await history.insert(fresh);
  await history.close();
  const database = new Database(path);
  const columns = database.query<{ name: string; type: string; notnull: number }, []>(
    "PRAGMA table_info(generate_record)",
  );
  expect(columns.all().map(({ name, type, notnull }) => `${name} ${type} ${notnull}`)).toEqual([
    "id INTEGER 1",
    "task_id VARCHAR(255) 1",
    "req_params JSON 1",
    "in_queue_mills INTEGER 0",
    "start_mills INTEGER 0",
    "finish_mills INTEGER 0",
    "task_status VARCHAR(255) 0",
    "progress FLOAT 0",
    "webhook_url VARCHAR(255) 0",
    "result JSON 0",
  ]);
  database.run("INSERT INTO generate_record (task_id, req_params) VALUES ('t', '{}')");
  expect(database.query("SELECT max(id) AS id FROM generate_record").get()).toEqual({ id: 2 });
  database.close();
});

test("opening twice changes nothing, and a newer version's file is refused", async () => {
  const path = newPath();
  await openHistory(path).close();
  await openHistory(path).close();
  expect(readdirSync(join(path, "..")).filter((name) => name.includes("before"))).toEqual([]);
  const database = new Database(path);
  database.run("PRAGMA user_version = 99");
  database.close();
  expect(() => openHistory(path)).toThrow("newer version");
});

test("a file that is no database is refused with its path", () => {
  const path = newPath();
  Bun.spawnSync(["mkdir", "-p", join(path, "..")]);
  writeFileSync(path, "not a database, and long enough that SQLite looks at its first page".repeat(40));
  expect(() => openHistory(path)).toThrow(path);
});

test("what was said to be kept is in the file before anything is closed", async () => {
  const path = newPath();
  const history = openHistory(path);
  await history.insert(fresh);
  // What a machine that lost power would find: the files as they are now.
  const copy = join(path, "..", "copy.sqlite3");
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  const later = openHistory(copy);
  expect((await later.unfinished()).map((row) => row.id)).toEqual([id]);
  await later.close();
  await history.close();
});

test("the tables that queries are written against are those the migrations make", async () => {
  const path = newPath();
  await openHistory(path).close();
  const database = new Database(path);
  for (const table of [
    generateRecord,
    taskExtra,
    recipes,
    makings,
    keys,
    inputNames,
    unwantedFiles,
    counters,
    outbox,
  ]) {
    const { name, columns } = getTableConfig(table);
    const made = database.query<{ name: string }, []>(`PRAGMA table_info(${name})`).all();
    expect([name, made.map((column) => column.name).sort()]).toEqual([
      name,
      columns.map((column) => column.name).sort(),
    ]);
  }
  database.close();
});

test("a file of an older version of ours is copied and gets the columns", async () => {
  const path = newPath();
  await openHistory(path).close();
  const database = new Database(path);
  for (const column of ["door", "door_word", "warnings", "stopping"])
    database.run(`ALTER TABLE fooocusd_task DROP COLUMN ${column}`);
  database.run("PRAGMA user_version = 1");
  database.close();
  const history = openHistory(path);
  const door = { name: "legacy", word: "enhance" };
  await history.insert({ ...fresh, door, warnings: ["Too large."] });
  expect((await history.unfinished())[0]).toMatchObject({ door, warnings: ["Too large."] });
  await history.close();
  expect(existsSync(`${path}.before-version-${migrations.length}`)).toBe(true);
  expect(existsSync(`${path}.before-version-${migrations.length}.tmp`)).toBe(false);
});

test("a task of a version that knew the legacy API's kind of job alone has come in by that door", async () => {
  const path = join(root, `${crypto.randomUUID()}.sqlite3`);
  const database = new Database(path, { create: true });
  for (const statement of migrations.slice(0, 4).flat()) database.run(statement);
  database.run("PRAGMA user_version = 4");
  const kinds = ["enhance", null, "somebody's own"];
  for (const [n, kind] of kinds.entries()) {
    database.run("INSERT INTO generate_record (task_id, req_params) VALUES (?, '{}')", [`${n}`]);
    database.run("INSERT INTO fooocusd_task (task_id, legacy_job) VALUES (?, ?)", [`${n}`, kind]);
  }
  database.run("INSERT INTO generate_record (task_id, req_params) VALUES ('theirs', '{}')");
  database.close();
  const history = openHistory(path);
  const main = { name: "fooocus-api", word: "" };
  expect(
    await Promise.all(["0", "1", "2", "theirs"].map(async (id) => (await history.find(id as TaskId))?.door)),
  ).toEqual([{ name: "legacy", word: "enhance" }, main, main, main]);
  await history.close();
});

test("the one task that an older version remembered as asked to stop still is", async () => {
  const path = newPath();
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, { create: true });
  const version = migrations.indexOf(keptRecipes);
  for (const statement of migrations.slice(0, version).flat()) database.run(statement);
  database.run(`PRAGMA user_version = ${version}`);
  for (const [row, task] of ["a", "b"].map((digit) => digit.repeat(32)).entries()) {
    database.run("INSERT INTO generate_record (id, task_id, req_params) VALUES (?, ?, '{}')", [
      row + 5,
      task,
    ]);
    database.run("INSERT INTO fooocusd_task (task_id) VALUES (?)", [task]);
  }
  database.run("INSERT INTO fooocusd_counter VALUES ('stopping', 6)");
  database.close();
  const history = openHistory(path);
  expect((await history.unfinished()).map(({ row, stopping }) => [row, stopping])).toEqual([
    [5, false],
    [6, true],
  ]);
  expect(await history.counter("stopping")).toBe(0);
  await history.close();
});

test("inputs of rows that were there before, and of those that another program adds, are known as named", async () => {
  const path = newPath();
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, { create: true });
  const version = migrations.indexOf(filesOfRows);
  for (const statement of migrations.slice(0, version).flat()) database.run(statement);
  database.run(`PRAGMA user_version = ${version}`);
  const name = (digit: string): string => `${digit.repeat(64)}.png`;
  const add = (id: string, request: string | Uint8Array): void => {
    database.run("INSERT INTO generate_record (task_id, req_params) VALUES (?, ?)", [id, request]);
  };
  const slots = `[{"cn_img": ""}, {"cn_img": "https://h/inputs/${name("b")}"}]`;
  add(
    "one",
    `{"prompt": "x", "uov_input_image": "http://h:1/inputs/${name("a")}", "controlnet_image": ${slots}}`,
  );
  add("damaged", `{"uov_input_image": "http://h/inputs/${name("c")}"`);
  add("bytes", new TextEncoder().encode(`{"uov_input_image": "http://h/inputs/${name("c")}"}`));
  add(
    "no input",
    `{"prompt": "${name("c")}", "uov_input_image": "http://h/outputs/2026-01-01/${name("c")}"}`,
  );
  const before = openHistory(path);
  const named = async (history: HistoryStore) =>
    await Promise.all(["a", "b", "c", "d"].map((digit) => history.namesInput(name(digit))));
  expect(await named(before)).toEqual([true, true, false, false]);
  await before.close();
  add("theirs", `{"uov_input_image": "http://h/inputs/${name("d")}"}`);
  database.close();
  const after = openHistory(path);
  expect(await named(after)).toEqual([true, true, false, true]);
  await after.close();
});

test("a row of another program is listed and removed whatever its id looks like", async () => {
  const path = newPath();
  await openHistory(path).close();
  const database = new Database(path);
  database.run(
    `INSERT INTO generate_record (task_id, req_params, in_queue_mills) VALUES ('Not-Ours 1', '{}', 5)`,
  );
  database.close();
  const history = openHistory(path);
  const [row] = await history.page({ page: 0, pageSize: 10, without: [] });
  expect(row).toMatchObject({ id: "Not-Ours 1", queuedAt: 5 });
  if (row !== undefined) await history.remove([row.id], { outputs: [], inputs: true, at: 0 });
  expect(await history.range({ from: 0, to: 10 })).toEqual([]);
  await history.close();
});

test("what another program writes into the file is in the next page, damage and its end included", async () => {
  const path = newPath();
  const history = openHistory(path);
  await history.insert(fresh);
  const page = () => history.page({ page: 0, pageSize: 5, without: [] });
  expect(await page()).toMatchObject([{ request: { prompt: "x" }, warnings: [] }]);
  const other = new Database(path);
  other.run('UPDATE generate_record SET req_params = \'{"prompt": "y"}\'');
  expect(await page()).toMatchObject([{ request: { prompt: "y" } }]);
  expect((await history.find(id))?.request).toEqual({ prompt: "y" });
  other.run("UPDATE fooocusd_task SET warnings = 'no json'");
  expect((await page())[0]?.warnings).toHaveLength(1);
  expect((await page())[0]?.warnings).toHaveLength(1);
  other.run("UPDATE fooocusd_task SET warnings = '[\"told\"]'");
  expect((await page())[0]?.warnings).toEqual(["told"]);
  other.run("DELETE FROM generate_record");
  expect(await page()).toEqual([]);
  other.close();
  await history.close();
});

test("more rows than are remembered are read all the same", async () => {
  const history = openHistory(newPath());
  const long = "x".repeat(100_000);
  const idOf = (n: number) => n.toString(16).padStart(32, "0") as TaskId;
  for (let n = 0; n < 60; n += 1)
    await history.insert({ ...fresh, id: idOf(n), request: { prompt: `${n} ${long}` } });
  for (let round = 0; round < 2; round += 1)
    for (let n = 0; n < 60; n += 1)
      expect((await history.find(idOf(n)))?.request).toEqual({ prompt: `${n} ${long}` });
  await history.close();
});

test("a row that nobody wrote to since is the very task that was read before", async () => {
  const history = openHistory(newPath());
  await history.insert(fresh);
  const page = () => history.page({ page: 0, pageSize: 5, without: [] });
  const [before] = await page();
  expect((await page())[0]).toBe(before as NonNullable<typeof before>);
  expect(await history.find(id)).toBe(before as NonNullable<typeof before>);
  await history.close();
});
