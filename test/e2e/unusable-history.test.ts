import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
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
  history.insert(task);
  history.close();
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
