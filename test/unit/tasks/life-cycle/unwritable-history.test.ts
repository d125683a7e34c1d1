import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import { serveBench, soon } from "../../../support/served-bench.ts";
import { benchFolder, openBench, small } from "../../../support/task-bench.ts";

const settled = async (tasks: Tasks, id: TaskId) => {
  const task = await tasks.settled(id, AbortSignal.timeout(120_000));
  return task?.state.status === "settled" ? task.state : undefined;
};

/** Another program that writes into a bench's history and does not end. */
function locker(folder: string) {
  const other = new Database(join(folder, "outputs/db.sqlite3"));
  other.run("BEGIN IMMEDIATE");
  return () => {
    other.run("ROLLBACK");
    other.close();
  };
}

/** The longest time that nothing else could happen in, until the watch is ended. */
function watchLoop() {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

test("a history that another program locks fails no picture, holds nobody up, and is written when it is free", async () => {
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: () => held.passed });
  const bench = await openBench({ engine });
  const running = await bench.tasks.submit({ ...small, image_number: 2 });
  const waiting = await bench.tasks.submit(small);
  const unlock = locker(bench.folder);
  const longest = watchLoop();
  held.open();
  for (const { id } of [running, waiting]) {
    expect(await settled(bench.tasks, id)).toMatchObject({ outcome: "finished", error: null });
    // Whoever asks is told the end that is not written yet.
    expect((await bench.tasks.find(id))?.state.status).toBe("settled");
    expect((await bench.history.find(id))?.state.status).toBe("pending");
  }
  // Each of five writes took 5 s.
  expect(longest()).toBeLessThan(2500);
  unlock();
  const written = async (): Promise<boolean> => {
    const rows = await Promise.all([running, waiting].map(({ id }) => bench.history.find(id)));
    return rows.every((row) => row?.state.status === "settled");
  };
  const deadline = performance.now() + 30_000;
  while (!(await written()) && performance.now() < deadline) await Bun.sleep(20);
  expect((await bench.history.find(running.id))?.state).toMatchObject({
    images: [{ index: 0 }, { index: 1 }],
  });
  expect(await written()).toBe(true);
  await bench.close();
}, 120_000);

test("requests that come while the history is locked are accepted in their order when it is free", async () => {
  const bench = await openBench();
  await bench.tasks.pause(true);
  const unlock = locker(bench.folder);
  const accepting = ["a", "b", "c"].map((prompt) => bench.tasks.submit({ ...small, prompt }));
  await Bun.sleep(300);
  expect(bench.tasks.queue.pending).toEqual([]);
  unlock();
  const accepted = await Promise.all(accepting);
  expect(bench.tasks.queue.pending).toEqual(accepted.map(({ id }) => id));
  expect((await bench.history.unfinished()).map(({ request }) => request["prompt"])).toEqual(["a", "b", "c"]);
  await bench.close();
}, 120_000);

test("a server that ends while the history is locked writes what it can, when it can", async () => {
  const bench = await openBench();
  const { id } = await bench.tasks.submit(small);
  const unlock = locker(bench.folder);
  await settled(bench.tasks, id);
  const closing = bench.tasks.close(1000);
  await Bun.sleep(200);
  unlock();
  await closing;
  expect((await bench.history.find(id))?.state.status).toBe("settled");
  await bench.close();
}, 120_000);

test("a task that is deleted while its end is not written stays deleted", async () => {
  const bench = await openBench();
  const { id } = await bench.tasks.submit(small);
  const unlock = locker(bench.folder);
  await settled(bench.tasks, id);
  const removing = bench.tasks.remove(id);
  await Bun.sleep(50);
  unlock();
  expect(await removing).toEqual({ tasks: 1, images: 1 });
  expect(await bench.tasks.find(id)).toBeUndefined();
  await Bun.sleep(500);
  expect(await bench.tasks.find(id)).toBeUndefined();
  await bench.close();
}, 120_000);

test("an input that is deleted before the row that names it is written is taken in again", async () => {
  const bench = await openBench();
  const png = await sharp({ create: { width: 6, height: 4, channels: 3, background: "green" } })
    .png()
    .toBuffer();
  const inputs = join(bench.folder, "inputs");
  const kept = () => (existsSync(inputs) ? readdirSync(inputs) : []).filter((name) => name.endsWith(".png"));
  const unlock = locker(bench.folder);
  const submitted = bench.tasks.submit({ ...small, uov_input_image: png.toString("base64") });
  expect(await soon(() => kept().length === 1)).toBe(true);
  await Bun.sleep(50);
  const [name = ""] = kept();
  rmSync(join(inputs, name));
  unlock();
  const { id, request } = await submitted;
  expect(request.uov_input_image).toBe(`http://127.0.0.1:7866/inputs/${name}`);
  expect(kept()).toEqual([name]);
  await settled(bench.tasks, id);
  await bench.close();
}, 120_000);

test("outputs that are deleted under a running task come back: its picture, its row and those before it", async () => {
  const held = gate();
  const bench = await openBench({
    engine: new ScriptedEngine({ beforeStep: ({ image }) => (image === 1 ? held.passed : undefined) }),
  });
  const before = await bench.tasks.submit(small);
  await settled(bench.tasks, before.id);
  const running = await bench.tasks.submit({ ...small, image_number: 2 });
  for await (const event of bench.tasks.watch(running.id, AbortSignal.timeout(120_000)))
    if (event.type === "image") break;
  const outputs = join(bench.folder, "outputs");
  rmSync(outputs, { recursive: true });
  held.open();
  const end = await settled(bench.tasks, running.id);
  expect(end?.outcome).toBe("finished");
  const files = end?.images.map(({ url }) => existsSync(join(outputs, ...url.split("/").slice(-2))));
  expect(files).toEqual([false, true]);
  // As a kill would leave it: nothing was closed.
  bench.crash();
  const later = openHistory(join(outputs, "db.sqlite3"));
  expect(
    await Promise.all([before, running].map(async ({ id }) => (await later.find(id))?.state.status)),
  ).toEqual(["settled", "settled"]);
  await later.close();
  expect(readdirSync(outputs)).toContain("db.sqlite3");
  rmSync(bench.folder, { recursive: true });
}, 120_000);

test("a broken warnings column was a 500 for every list of tasks", async () => {
  await using bench = await serveBench();
  const { id } = await bench.tasks.submit(small);
  await settled(bench.tasks, id);
  const other = new Database(join(bench.folder, "outputs/db.sqlite3"));
  other.run("UPDATE fooocusd_task SET warnings = '[\"cut off'");
  other.close();
  const answer = await fetch(`${bench.url}/tasks`);
  expect(answer.status).toBe(200);
  expect(JSON.stringify(await answer.json())).toContain("what is kept as warnings cannot be read");
  expect((await fetch(`${bench.url}/tasks/${id}`)).status).toBe(200);
}, 120_000);

test("a waiting task with a broken request stopped the start; it ends as failed, and the next one runs", async () => {
  const folder = benchFolder();
  const first = await openBench({ folder });
  await first.tasks.pause(true);
  const broken = await first.tasks.submit(small);
  const sound = await first.tasks.submit(small);
  await first.tasks.pause(false);
  first.crash();
  const other = new Database(join(folder, "outputs/db.sqlite3"));
  other.query("UPDATE generate_record SET req_params = '{\"prompt' WHERE task_id = ?").run(broken.id);
  other.run("UPDATE generate_record SET finish_mills = NULL, task_status = NULL");
  other.close();
  const second = await openBench({ folder });
  expect(await settled(second.tasks, broken.id)).toMatchObject({
    outcome: "failed",
    error: { code: "storage-failed", message: expect.stringContaining("req_params cannot be read") },
  });
  expect((await settled(second.tasks, sound.id))?.outcome).toBe("finished");
  const kept = new Database(join(folder, "outputs/db.sqlite3"), { readonly: true });
  const row = kept.query("SELECT req_params FROM generate_record WHERE task_id = ?").get(broken.id);
  expect(row).toEqual({ req_params: '{"prompt' });
  kept.close();
  await second.close();
}, 120_000);

test("a clock that is set back makes no task end before it began", async () => {
  let now = 1_800_000_000_000;
  const engine = new ScriptedEngine({
    beforeStep: () => {
      now -= 3_600_000;
    },
  });
  const bench = await openBench({ engine, clock: () => now });
  const { id, queuedAt } = await bench.tasks.submit(small);
  const state = await settled(bench.tasks, id);
  expect(state?.outcome).toBe("finished");
  expect(state?.startedAt).toBeGreaterThanOrEqual(queuedAt);
  expect(state?.finishedAt).toBeGreaterThanOrEqual(state?.startedAt ?? 0);
  expect(state?.images[0]?.timings?.saving).toBeGreaterThanOrEqual(0);
  await bench.close();
}, 120_000);
