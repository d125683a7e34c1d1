import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { HistoryStore } from "#/stores/history.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-index-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A row as FooocusAPI writes it: nothing of ours beside it. */
function writeForeign(path: string, task: string, prompt: string): void {
  const database = new Database(path);
  database.run(
    `INSERT INTO generate_record (task_id, req_params, in_queue_mills, finish_mills, task_status, progress, result)
     VALUES (?, ?, 1, 2, 'finished', 100, '["http://x/outputs/2026-01-01/a.png"]')`,
    [task, JSON.stringify({ prompt, base_model_name: "foreign.safetensors" })],
  );
  database.close();
}

async function found(history: HistoryStore, words: string): Promise<readonly TaskId[]> {
  while (await history.indexSome());
  return (await history.search({ words, limit: 10 })).map(({ id }) => id);
}

const [first, second] = ["a", "b"].map((digit) => digit.repeat(32)) as [TaskId, TaskId];

test("what another program wrote is found, and its row becomes none of ours by a star", async () => {
  const path = join(root, "foreign.sqlite3");
  const history = openHistory(path);
  writeForeign(path, first, "a red circle");
  expect(await found(history, "circle")).toEqual([first]);
  await history.star(first, true);
  expect((await history.search({ starred: true, limit: 1 })).map(({ id }) => id)).toEqual([first]);
  expect(await history.unfinished()).toEqual([]);
  await history.close();
});

test("a number that another program gave to another task does not find the one before", async () => {
  const path = join(root, "again.sqlite3");
  const history = openHistory(path);
  writeForeign(path, first, "a red circle");
  expect(await found(history, "circle")).toEqual([first]);
  const other = new Database(path);
  other.run("DELETE FROM generate_record");
  other.close();
  writeForeign(path, second, "a blue star");
  expect(await found(history, "circle")).toEqual([]);
  await history.close();
});

test("a damaged index is begun anew; the history opens and loses nothing", async () => {
  const path = join(root, "damaged.sqlite3");
  const before = openHistory(path);
  writeForeign(path, first, "a red circle");
  expect(await found(before, "circle")).toEqual([first]);
  await before.close();
  const database = new Database(path);
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  // How many bytes of the word are to follow, in the index's own page.
  const file = readFileSync(path);
  const at = file.indexOf(Buffer.from("\u0001\u0006circle"));
  expect(at).toBeGreaterThan(0);
  file[at + 1] = 0x7f;
  writeFileSync(path, file);
  const history = openHistory(path);
  writeForeign(path, second, "a blue circle");
  expect((await found(history, "circle")).toSorted()).toEqual([first, second]);
  await history.close();
});

test("what holds no word is looked for as it stands, however its JSON spells it, and never finds everything", async () => {
  const path = join(root, "signs.sqlite3");
  const history = openHistory(path);
  const [plain, fox, ascii, damaged] = ["1", "2", "3", "4"].map((digit) => digit.repeat(32) as TaskId);
  if (plain === undefined || fox === undefined || ascii === undefined || damaged === undefined)
    throw new Error("no ids");
  writeForeign(path, plain, "a red circle");
  writeForeign(path, fox, 'a 🦊, 100% "wild" 🦊🦊');
  writeForeign(path, ascii, "");
  writeForeign(path, damaged, "");
  const database = new Database(path);
  const python = '{"prompt": "a \\ud83e\\udd8a * b\\\\c", "base_model_name": "%.safetensors"}';
  const change = database.query("UPDATE generate_record SET req_params = ? WHERE task_id = ?");
  change.run(python, ascii);
  change.run('{"prompt": "🦊 %', damaged);
  database.close();
  expect(await found(history, "🦊")).toEqual([ascii, fox]);
  expect(await found(history, " 🦊🦊 ")).toEqual([fox]);
  expect(await found(history, "%")).toEqual([fox]);
  expect(await found(history, '"')).toEqual([fox]);
  expect(await found(history, "*")).toEqual([ascii]);
  expect(await found(history, "\\")).toEqual([ascii]);
  for (const nothing of ["🦉", "_", "???", "'", "%_%", "\ud83e"])
    expect(await found(history, nothing)).toEqual([]);
  for (const blank of [" ", "\0", "\n\t"]) expect(await found(history, blank)).toHaveLength(4);
  await history.close();
});
