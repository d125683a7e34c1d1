import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHistory } from "#/stores/history/sqlite.ts";
import { startMain } from "../support/main-process.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-stop-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const models = join(import.meta.dir, "../../models");

/** Starts the program, and a picture that takes long; returns when it is being drawn. */
async function drawing(outputs: string, ...args: readonly string[]) {
  const main = await startMain(
    folder,
    ...["--port", "0", "--models", models, "--outputs", outputs, "--threads", "1"],
    ...args,
  );
  const url = /http:\/\/[^/]+/.exec(main.output.text)?.[0] ?? "";
  const post = (body: unknown) =>
    fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) });
  const long = { prompt: "a red circle", performance_selection: "Quality", image_number: 4 };
  const { task_id } = await (await post({ ...long, async_process: true })).json();
  while ((await (await fetch(`${url}/tasks/${task_id}`)).json()).task_status !== "running")
    await Bun.sleep(20);
  return { main, post, task_id };
}

function unfinished(outputs: string) {
  const history = openHistory(join(outputs, "db.sqlite3"));
  const rows = history.unfinished().map(({ id, attempt }) => ({ id: String(id), attempt }));
  history.close();
  return rows;
}

test("one Ctrl-C that comes twice waits for the picture; a second one hands it back, and it counts as no crash", async () => {
  const outputs = join(folder, "twice");
  const { main, task_id } = await drawing(outputs);
  main.child.kill("SIGINT");
  main.child.kill("SIGINT");
  await Bun.sleep(1200);
  expect(main.child.exitCode).toBe(null);
  expect(main.output.text).toContain("stopping when the picture at hand is finished");
  main.child.kill("SIGINT");
  expect(await main.child.exited).toBe(1);
  expect(unfinished(outputs)).toEqual([{ id: task_id, attempt: 0 }]);
}, 60_000);

test("who waits for a picture is told that it is kept when the time is over", async () => {
  const outputs = join(folder, "waiting");
  const { main, post } = await drawing(outputs, "--shutdown-seconds", "0");
  const answer = post({ prompt: "b", performance_selection: "Lightning" });
  while (unfinished(outputs).length < 2) await Bun.sleep(20);
  main.child.kill("SIGINT");
  const { status } = await answer;
  const { detail } = await (await answer).json();
  expect([status, detail]).toEqual([503, expect.stringContaining("is kept and goes on")]);
  expect(await main.child.exited).toBe(0);
  expect(unfinished(outputs).map(({ attempt }) => attempt)).toEqual([0, 0]);
}, 60_000);
