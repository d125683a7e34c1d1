import { afterAll, expect, test } from "bun:test";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHistory } from "#/stores/history/sqlite.ts";
import { startMain } from "../support/main-process.ts";
import { childrenOf, isAlive } from "../support/process-tree.ts";
import { soon } from "../support/served-bench.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-engine-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const models = join(import.meta.dir, "../../models");

const long = { prompt: "a red circle", performance_selection: "Quality", image_number: 8 };
const short = { prompt: "a red circle", performance_selection: "Lightning" };

/** The program with the demo model, as anybody starts it, and ways to ask it. */
async function served(...args: readonly string[]) {
  const outputs = join(folder, crypto.randomUUID());
  const common = ["--port", "0", "--models", models, "--outputs", outputs, "--threads", "1"];
  const main = await startMain(folder, ...common, ...args);
  const { url } = main;
  const post = async (body: unknown): Promise<string> => {
    const init = { method: "POST", body: JSON.stringify({ ...Object(body), async_process: true }) };
    return (await (await fetch(`${url}/v1/engine/generate/`, init)).json()).task_id;
  };
  const record = async (id: string) => (await fetch(`${url}/tasks/${id}?wait=60`)).json();
  const running = async (id: string) => {
    for (;;) {
      const { task_status: status, progress } = await (await fetch(`${url}/tasks/${id}`)).json();
      if (status === "running" && progress > 20) return;
      if (status !== "running" && status !== "pending") throw new Error(`the task is ${status} already`);
      await Bun.sleep(20);
    }
  };
  const engine = (): number => childrenOf(main.child.pid)[0] ?? 0;
  return { main, outputs, post, record, running, engine };
}

test("a task whose engine dies is made by the next one; whose engines die twice has failed, and says why", async () => {
  const { main, post, record, running, engine } = await served();
  const doomed = await post(long);
  const next = await post(short);
  await running(doomed);
  const first = engine();
  process.kill(first, "SIGKILL");
  await soon(() => engine() !== 0 && engine() !== first);
  await running(doomed);
  const second = engine();
  expect(second).not.toBe(first);
  process.kill(second, "SIGKILL");
  const failed = await record(doomed);
  expect(failed.task_status).toBe("failed");
  expect(JSON.stringify(failed)).toContain(
    "The engine died while it worked: the engine process ended (signal SIGKILL)",
  );
  expect((await record(next)).task_status).toBe("finished");
  const last = engine();
  await main.stop();
  expect([main.child.exitCode, isAlive(last)]).toEqual([0, false]);
}, 300_000);

test("an engine that stands still is ended, and its task made by the next one", async () => {
  const { main, post, record, running, engine } = await served("--hang-seconds", "10");
  const id = await post({ ...short, image_number: 6 });
  await running(id);
  const hung = engine();
  process.kill(hung, "SIGSTOP");
  const made = await record(id);
  expect([made.task_status, made.result.length]).toEqual(["finished", 6]);
  expect(isAlive(hung)).toBe(false);
  expect(main.output.text).toContain("stood still for 10 s and was ended");
  await main.stop();
}, 300_000);

test("a server that is killed outright leaves no engine behind, whatever that was doing", async () => {
  const { main, post, running, engine } = await served();
  const id = await post(long);
  await running(id);
  const orphan = engine();
  expect(isAlive(orphan)).toBe(true);
  main.child.kill("SIGKILL");
  await main.child.exited;
  const from = performance.now();
  expect(await soon(() => !isAlive(orphan))).toBe(true);
  expect(performance.now() - from).toBeLessThan(5000);
}, 300_000);

test("a stop that reaches the engine too (Ctrl-C, a service) lets the picture at hand end", async () => {
  const { main, outputs, post, running, engine } = await served("--shutdown-seconds", "250");
  const id = await post({ ...short, image_number: 6 });
  await running(id);
  const child = engine();
  for (const pid of [child, main.child.pid]) process.kill(pid, "SIGINT");
  expect(await main.child.exited).toBe(0);
  expect(isAlive(child)).toBe(false);
  const history = openHistory(join(outputs, "db.sqlite3"));
  expect((await history.page({ page: 0, pageSize: 5, without: [] })).map(({ state }) => state)).toMatchObject(
    [{ status: "settled", outcome: "finished" }],
  );
  await history.close();
}, 300_000);

test("an engine that is ended before the server hands its task back, at no cost", async () => {
  const { main, outputs, post, running, engine } = await served();
  const id = await post(long);
  await running(id);
  main.child.kill("SIGTERM");
  await soon(() => main.output.text.includes("stopping when the picture"));
  process.kill(engine(), "SIGKILL");
  expect(await main.child.exited).toBe(0);
  const history = openHistory(join(outputs, "db.sqlite3"));
  expect((await history.unfinished()).map((row) => [String(row.id), row.attempt])).toEqual([[id, 0]]);
  await history.close();
}, 300_000);

test("a model file that is overwritten under a running task fails that task with its name; the next one works", async () => {
  const own = join(folder, "own-models");
  mkdirSync(join(own, "checkpoints"), { recursive: true });
  const model = join(own, "checkpoints/own.safetensors");
  // What the demo model says of itself goes along: it draws small pictures.
  for (const end of [".safetensors", ".json"])
    copyFileSync(join(models, `checkpoints/fooocusd-demo${end}`), join(own, `checkpoints/own${end}`));
  const { main, post, record, running, engine } = await served("--models", own);
  const doomed = await post({ ...long, base_model_name: "own.safetensors" });
  await running(doomed);
  const before = engine();
  // The same bytes once more: that it is written to at all is what must be noticed.
  const file = openSync(model, "r+");
  writeSync(file, readFileSync(model).subarray(0, 4096));
  closeSync(file);
  const failed = await record(doomed);
  expect(failed.task_status).toBe("failed");
  expect(JSON.stringify(failed)).toContain("own.safetensors was overwritten while it was in use");
  expect(JSON.stringify(failed)).not.toContain(folder);
  const next = await record(
    await post({ prompt: "a", overwrite_step: 3, base_model_name: "own.safetensors" }),
  );
  expect([next.task_status, engine()]).toEqual(["finished", before]);
  await main.stop();
}, 300_000);

test("the engine may still be a thread of the server", async () => {
  const { main, post, record, engine } = await served("--isolation", "thread");
  expect((await record(await post(short))).task_status).toBe("finished");
  expect(engine()).toBe(0);
  await main.stop();
}, 300_000);
