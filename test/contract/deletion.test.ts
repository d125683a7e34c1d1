import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { TaskId } from "#/lib/task-id.ts";
import { liveClient } from "../support/live-client.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";
import { benchFolder, openBench, small } from "../support/task-bench.ts";

let bench: ServedBench;
beforeAll(async () => {
  bench = await serveBench();
});
afterAll(async () => await bench.close());

const picture = async (background: string): Promise<string> => {
  const png = sharp({ create: { width: 6, height: 4, channels: 3, background } }).png();
  return (await png.toBuffer()).toString("base64");
};

const made = async (more: object): Promise<{ task_id: string; result: readonly string[] }> => {
  const body = JSON.stringify({ ...small, image_seed: 7, overwrite_step: 1, ...more });
  return await (await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body })).json();
};
const filesIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".png")) : [];
const inputs = (): readonly string[] => filesIn(join(bench.folder, "inputs"));
const outputs = (): readonly string[] =>
  readdirSync(join(bench.folder, "outputs"))
    .filter((name) => /^\d/.test(name))
    .flatMap((day) => filesIn(join(bench.folder, "outputs", day)));
const ask = async (path: string, method = "GET") => {
  const answer = await fetch(`${bench.url}${path}`, { method });
  return [answer.status, await answer.json()] as const;
};

test("a task goes with its row, its pictures, and the inputs that no other task names", async () => {
  const [shared, alone] = [await picture("green"), await picture("red")];
  const first = await made({ uov_input_image: shared, inpaint_mask_image_upload: alone });
  const second = await made({ uov_input_image: shared });
  expect([inputs().length, outputs().length]).toEqual([2, 2]);
  const [page] = [await ask("/tasks?query=history")];
  expect(page?.[1].history).toHaveLength(2);

  expect(await ask(`/tasks/${first.task_id}`, "DELETE")).toEqual([200, { tasks: 1, images: 1 }]);
  expect([inputs().length, outputs().length]).toEqual([1, 1]);
  // No list and no page that was read before goes on showing it.
  expect((await ask("/tasks?query=history"))[1].history).toMatchObject([{ task_id: second.task_id }]);
  expect((await ask(`/tasks/${first.task_id}`))[1]).toEqual([]);
  expect((await fetch(first.result[0] ?? "")).status).toBe(404);
  expect((await fetch(`${bench.url}/tasks/${first.task_id}/events`)).status).toBe(404);
  expect(await ask(`/tasks/${first.task_id}`, "DELETE")).toEqual([
    404,
    { detail: `There is no task ${first.task_id}.` },
  ]);
  expect((await fetch(second.result[0] ?? "")).status).toBe(200);

  await ask(`/tasks/${second.task_id}`, "DELETE");
  expect([inputs(), outputs()]).toEqual([[], []]);
  expect(await bench.history.unwanted(10)).toEqual([]);
});

test("a star keeps a task from nobody who deletes it, by its name or by its time", async () => {
  for (const path of ["one", "range"]) {
    const { task_id: id } = await made({});
    expect(await ask(`/tasks/${id}/star`, "PUT")).toEqual([200, { task_id: id, starred: true }]);
    const named = path === "one" ? `/tasks/${id}` : "/tasks?start_at=2020-01-01";
    expect(await ask(named, "DELETE")).toEqual([200, { tasks: 1, images: 1 }]);
    expect((await ask(`/tasks/${id}`))[1]).toEqual([]);
  }
});

test("the contract's own deletion leaves input pictures where they are", async () => {
  await made({ uov_input_image: await picture("blue") });
  const deleted = await fetch(`${bench.url}/tasks?action=delete&start_at=2020-01-01`);
  expect([await deleted.text(), deleted.headers.get("x-deleted-images")]).toEqual(["null", "1"]);
  expect([inputs().length, outputs().length]).toEqual([1, 0]);
  for (const name of inputs()) rmSync(join(bench.folder, "inputs", name));
});

test("readers of everything are told which tasks went", async () => {
  const [one, two, other] = [await made({}), await made({}), await made({})];
  const live = await liveClient(bench.url);
  await live.ask({ type: "subscribe", tasks: "all" });
  const removed = (task: string) =>
    live.until(({ type, tasks }) => type === "removed" && Array.isArray(tasks) && tasks.includes(task));
  const listening = await fetch(`${bench.url}/v1/events`);
  await ask(`/tasks/${other.task_id}`, "DELETE");
  const told = { type: "removed", task_id: null, tasks: [other.task_id] };
  const event = await removed(other.task_id);
  expect(event).toEqual({ ...told, seq: expect.any(Number), at: expect.any(Number) });
  const first = await listening.body?.getReader().read();
  expect(new TextDecoder().decode(first?.value)).toContain(`event: removed\ndata: ${JSON.stringify(event)}`);
  expect(await ask("/tasks?start_at=2020-01-01", "DELETE")).toEqual([200, { tasks: 2, images: 2 }]);
  expect(await removed(one.task_id)).toMatchObject({ tasks: [one.task_id, two.task_id] });
  live.close();
});

test("a request that names an input while its task is deleted is not left without it", async () => {
  const image = await picture("white");
  const before = await made({ uov_input_image: image });
  const busy = Array.from({ length: 20 }, () => made({ uov_input_image: image, async_process: true }));
  const deleted = ask(`/tasks/${before.task_id}`, "DELETE");
  const tasks = await Promise.all(busy);
  await deleted;
  for (const { task_id } of tasks) {
    const task = await bench.tasks.settled(task_id as TaskId, AbortSignal.timeout(60_000));
    expect(task?.state).toMatchObject({ status: "settled", outcome: "finished" });
  }
  expect(inputs()).toHaveLength(1);
});

test("many tasks are deleted in steps, each with its files", async () => {
  const at = Date.UTC(2001, 1, 1);
  mkdirSync(join(bench.folder, "outputs/2001-02-01"), { recursive: true });
  for (let n = 0; n < 120; n += 1) {
    const id = n.toString(16).padStart(32, "0") as TaskId;
    writeFileSync(join(bench.folder, `outputs/2001-02-01/${n}.png`), "a picture");
    const url = `${bench.url}/outputs/2001-02-01/${n}.png`;
    const door = { name: "fooocus-api", word: "" };
    await bench.history.insert({
      id,
      request: {},
      webhookUrl: "",
      label: null,
      door,
      warnings: [],
      queuedAt: at,
    });
    await bench.history.settle(id, {
      ...{ outcome: "finished", startedAt: at, finishedAt: at, percent: 100, error: null },
      images: [{ index: 0, url, width: 1, height: 1, seed: "1", timings: null }],
    });
  }
  writeFileSync(join(bench.folder, "outputs/2001-02-01/not-ours.png"), "a picture of somebody's own");
  const range = "start_at=2001-01-01&end_at=2001-12-31";
  expect(await ask(`/tasks?${range}`, "DELETE")).toEqual([200, { tasks: 120, images: 120 }]);
  expect(filesIn(join(bench.folder, "outputs/2001-02-01"))).toEqual(["not-ours.png"]);
});

test("a crash between the row and its files leaves none of them behind", async () => {
  const folder = benchFolder();
  const first = await openBench({ folder });
  const { id } = await first.tasks.submit({ ...small, uov_input_image: await picture("black") });
  const task = await first.tasks.settled(id, AbortSignal.timeout(60_000));
  const [image] = task?.state.status === "settled" ? task.state.images : [];
  const [day = "", name = ""] = new URL(image?.url ?? "").pathname.split("/").slice(-2);
  // What a deletion does first; then the process ends.
  await first.history.remove([id], { outputs: [{ folder: day, name }], inputs: true, at: Date.now() });
  first.crash();
  const [output, input] = [join(folder, "outputs", day), join(folder, "inputs")];
  expect([filesIn(output), filesIn(input).length]).toEqual([[name], 1]);

  const second = await openBench({ folder });
  expect(await soon(() => filesIn(output).length + filesIn(input).length === 0)).toBe(true);
  expect(await soon(async () => (await second.history.unwanted(10)).length === 0)).toBe(true);
  await second.close();
});
