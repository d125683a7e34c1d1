import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import { migrations } from "#/stores/history/tables.ts";
import { startMain } from "../support/main-process.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-unusable-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (outputs: string) => startMain(folder, "--port", "0", "--outputs", outputs);

test("a history that cannot be used ends the start with one sentence and no stack", async () => {
  const outputs = join(folder, "a-folder");
  mkdirSync(join(outputs, "db.sqlite3"), { recursive: true });
  const main = await start(outputs);
  expect(await main.child.exited).toBe(1);
  await main.stop();
  const said = main.output.text.trim().split("\n");
  expect(said.at(-1)).toBe(
    `The history ${join(outputs, "db.sqlite3")} is no file but a folder or a device; move it away, or name another folder with --outputs.`,
  );
  expect(main.output.text).not.toContain(" at ");
}, 60_000);

test("a history of a newer version ends the start with one sentence that names both versions, and stays as it was", async () => {
  const outputs = join(folder, "newer");
  await openHistory(join(outputs, "db.sqlite3")).close();
  const database = new Database(join(outputs, "db.sqlite3"));
  database.run(`PRAGMA user_version = ${migrations.length + 1}`);
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  const before = readFileSync(join(outputs, "db.sqlite3"));
  const main = await start(outputs);
  expect(await main.child.exited).toBe(1);
  await main.stop();
  expect(main.output.text.trim().split("\n").at(-1)).toBe(
    `The history ${join(outputs, "db.sqlite3")} was written by a newer version of fooocusd (${migrations.length + 1} > ${migrations.length}). Start that version, or name another folder with --outputs.`,
  );
  expect(main.output.text).not.toContain(" at ");
  expect(readFileSync(join(outputs, "db.sqlite3")).equals(before)).toBe(true);
}, 60_000);

test("a broken row stopped the start with a stack; now it is told in the log, and the server is ready", async () => {
  const outputs = join(folder, "a-row");
  const history = openHistory(join(outputs, "db.sqlite3"));
  const id = "b".repeat(32) as TaskId;
  const task = {
    id,
    request: {},
    webhookUrl: "",
    label: null,
    door: { name: "fooocus-api", word: "" },
    warnings: [],
    queuedAt: 1,
  };
  await history.insert(task);
  await history.close();
  const database = new Database(join(outputs, "db.sqlite3"));
  database.run("UPDATE generate_record SET req_params = '{broken'");
  database.close();
  const main = await start(outputs);
  expect(main.output.text).toContain("is ready");
  await main.stop();
  expect(main.child.exitCode).toBe(0);
  expect(main.output.text).toContain("a row of the history is damaged; it stays as it is");
  expect(main.output.text).toContain(id);
}, 60_000);
