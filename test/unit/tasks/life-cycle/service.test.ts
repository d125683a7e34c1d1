import { afterAll, afterEach, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sentenceOf } from "#/doors/fooocus-api/sentence.ts";
import { decodeImage } from "#/image/decode.ts";
import { RequestError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { readMetadata } from "#/stores/metadata/read.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import { type BenchOptions, openBench, small, storyOf, type TaskBench } from "../../../support/task-bench.ts";

const benches: TaskBench[] = [];
const open = async (options: BenchOptions = {}): Promise<TaskBench> => {
  const bench = await openBench(options);
  benches.push(bench);
  return bench;
};
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close();
});
afterAll(() => expect(benches).toEqual([]));

const end = (tasks: Tasks, id: TaskId) => tasks.settled(id, AbortSignal.timeout(120_000));
const fileOf = (bench: TaskBench, url: string): string =>
  join(bench.folder, "outputs", ...url.split("/").slice(-2));

async function settledState(tasks: Tasks, id: TaskId) {
  const task = await end(tasks, id);
  if (task?.state.status !== "settled") throw new Error(`not settled: ${task?.state.status}`);
  return task.state;
}

test("a request becomes a file with its story inside, and a finished row", async () => {
  const bench = await open();
  const task = await bench.tasks.submit({ ...small, image_number: 2 });
  const state = await settledState(bench.tasks, task.id);
  expect(state).toMatchObject({ outcome: "finished", percent: 100, error: null });
  expect(state.images.map(({ seed, index }) => [seed, index])).toEqual([
    ["7", 0],
    ["8", 1],
  ]);
  const bytes = readFileSync(fileOf(bench, state.images[0]?.url ?? ""));
  expect(await decodeImage(bytes, "f")).toMatchObject({ width: 64, height: 64 });
  expect((await readMetadata(bytes))?.values).toMatchObject({
    prompt: "a circle",
    seed: "7",
    steps: 4,
    base_model: "base",
    resolution: "(64, 64)",
    base_model_hash: new Bun.CryptoHasher("sha256")
      .update(readFileSync(join(bench.folder, "models/checkpoints/base.safetensors")))
      .digest("hex")
      .slice(0, 10),
  });
  expect((await bench.history.find(task.id))?.state).toEqual(state);
});

test("the story of a task has FooocusAPI's sentences and numbers, and ends exactly once", async () => {
  const { tasks } = await open();
  const { id } = await tasks.submit(small);
  const story = await storyOf(tasks, id);
  expect(story.map(({ type }) => type).filter((type) => type === "settled")).toHaveLength(1);
  expect(story.at(-1)).toMatchObject({ type: "settled", status: "finished" });
  const said = story.flatMap((event) =>
    event.type === "progress" && event.moment.now !== "decoding"
      ? [`${event.percent} ${sentenceOf(event)}`]
      : [],
  );
  // Of ours alone; the sentences of the reference's stream know no decoding.
  expect(story.filter((event) => event.type === "progress" && event.stage === "decoding")).toHaveLength(1);
  expect(said).toEqual([
    "1 Loading control models ...",
    "1 Initializing ...",
    "2 Loading models ...",
    "3 Processing prompts ...",
    "4 Encoding positive #1 ...",
    "5 Encoding negative #1 ...",
    "5 Moving model to GPU ...",
    "5 Preparing task 1/1 ...",
    "28 Sampling step 1/4, image 1/1 ...",
    "52 Sampling step 2/4, image 1/1 ...",
    "76 Sampling step 3/4, image 1/1 ...",
    "100 Sampling step 4/4, image 1/1 ...",
    "100 Saving image 1/1 to system ...",
  ]);
  const numbers = story.map(({ seq }) => seq);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});

test("accepted means on disk: the row is there before submit returns, with every digit of the seed", async () => {
  const held = gate();
  const bench = await open({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const task = await bench.tasks.submit({ ...small, image_seed: 9223372036854775806n });
  const row = await bench.history.find(task.id);
  expect(row?.request.image_seed).toBe(9223372036854775806n);
  expect(row?.request.prompt).toBe("a circle");
  held.open();
});

test("what cannot be made is refused before anything is kept", async () => {
  const { tasks, folder } = await open();
  const refused = async (request: object, field: string) => {
    const thrown = await tasks.submit({ ...small, ...request }).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(RequestError);
    expect(thrown instanceof RequestError && thrown.details.field).toBe(field);
  };
  await refused({ base_model_name: "other.safetensors" }, "base_model_name");
  await refused({ output_format: "gif" }, "output_format");
  await refused({ preset: "nobody" }, "preset");
  for (const save_name of ["../x", "/etc/x", "a/b", ".hidden", "a\nb", "x".repeat(300)])
    await refused({ save_name }, "save_name");
  expect(await tasks.history({ page: 0, pageSize: 10 })).toEqual([]);
  expect(existsSync(join(folder, "inputs"))).toBe(false);
});

test("a waiting task is cancelled, a running one stopped with its images, and the next one runs", async () => {
  const held = gate();
  const waitAt = { image: 1, step: 2 };
  const engine = new ScriptedEngine({
    beforeStep: ({ image, step }) =>
      image === waitAt.image && step === waitAt.step ? held.passed : undefined,
  });
  const { tasks } = await open({ engine });
  const first = await tasks.submit({ ...small, image_number: 3 });
  const second = await tasks.submit(small);
  const third = await tasks.submit(small);
  expect(await Promise.all([second, third].map(async ({ id }) => (await tasks.find(id))?.state))).toEqual([
    { status: "pending", position: 1 },
    { status: "pending", position: 2 },
  ]);
  for await (const event of tasks.watch(first.id, AbortSignal.timeout(120_000)))
    if (event.type === "image") break;
  expect(await tasks.control(second.id, "cancel")).toBe("cancelled_pending");
  expect(await tasks.control("current", "stop")).toBe("stopping");
  held.open();
  expect(await settledState(tasks, first.id)).toMatchObject({ outcome: "stopped", percent: 100 });
  expect((await settledState(tasks, first.id)).images).toHaveLength(1);
  expect((await settledState(tasks, second.id)).outcome).toBe("cancelled");
  expect((await settledState(tasks, third.id)).outcome).toBe("finished");
  expect(await tasks.control(first.id, "stop")).toBe("already_settled");
  expect(await tasks.control("0".repeat(32) as TaskId, "stop")).toBe("unknown_task");
  expect(await tasks.control("current", "skip")).toBe("nothing_running");
  expect(engine.jobs).toHaveLength(2);
});

test("a skipped image is absent, its neighbours keep their numbers", async () => {
  const engine: ScriptedEngine = new ScriptedEngine({
    beforeStep: ({ id, image, step }) => {
      if (image === 0 && step === 2) engine.control(id, "skip");
    },
  });
  const { tasks } = await open({ engine });
  const { id } = await tasks.submit({ ...small, image_number: 2 });
  const state = await settledState(tasks, id);
  expect([state.outcome, state.images.map(({ index }) => index)]).toEqual(["finished", [1]]);
});

test("an engine that fails settles the task as failed with its reason, and the queue goes on", async () => {
  let times = 0;
  const engine = new ScriptedEngine({
    beforeStep: () => {
      times += 1;
      if (times === 3) throw new Error("no more memory");
    },
  });
  const { tasks } = await open({ engine });
  const first = await tasks.submit(small);
  const second = await tasks.submit(small);
  const state = await settledState(tasks, first.id);
  expect(state).toMatchObject({ outcome: "failed", percent: 52, error: { message: "no more memory" } });
  expect((await settledState(tasks, second.id)).outcome).toBe("finished");
});

test("images that cannot be written fail the task cleanly, and the queue goes on", async () => {
  const bench = await open();
  const outputs = join(bench.folder, "outputs");
  const first = await bench.tasks.submit({ ...small, image_number: 2, save_name: `x${"y".repeat(190)}` });
  await settledState(bench.tasks, first.id);
  // A file where the folder of drafts should be: what a disk that takes nothing looks like to the store.
  rmSync(join(outputs, ".drafts"), { recursive: true });
  await Bun.write(join(outputs, ".drafts"), "in the way");
  const { id } = await bench.tasks.submit(small);
  const state = await settledState(bench.tasks, id);
  expect(state).toMatchObject({ outcome: "failed", error: { code: "storage-failed" }, images: [] });
  rmSync(join(outputs, ".drafts"));
  const again = await bench.tasks.submit(small);
  expect((await settledState(bench.tasks, again.id)).outcome).toBe("finished");
});

test("too many waiting tasks are refused, also those that came in together", async () => {
  const held = gate();
  const { tasks } = await open({
    engine: new ScriptedEngine({ beforeStep: () => held.passed }),
    config: { queue_limit: 3 },
  });
  const all = await Promise.allSettled(Array.from({ length: 8 }, () => tasks.submit(small)));
  const refused = all.flatMap((one) => (one.status === "rejected" ? [String(one.reason.code)] : []));
  expect(refused).toEqual(["queue-full", "queue-full", "queue-full", "queue-full"]);
  held.open();
});

test("the grid is one more result", async () => {
  const { tasks } = await open();
  const { id } = await tasks.submit({ ...small, image_number: 3, generate_image_grid: true });
  const { images } = await settledState(tasks, id);
  expect(images.map(({ width, height, index }) => [width, height, index])).toEqual([
    [64, 64, 0],
    [64, 64, 1],
    [64, 64, 2],
    [128, 128, 3],
  ]);
});

test("save_name gives the file its name and replaces nothing", async () => {
  const { tasks } = await open();
  const request = { ...small, save_name: "ein Bild", output_format: "jpg" };
  const one = await settledState(tasks, (await tasks.submit(request)).id);
  const two = await settledState(tasks, (await tasks.submit(request)).id);
  expect([one, two].map(({ images }) => decodeURIComponent(images[0]?.url.split("/").at(-1) ?? ""))).toEqual([
    "ein Bild-0.jpg",
    "ein Bild-0-2.jpg",
  ]);
});

test("deleting takes the row and the files, of what waits or runs only if that is to be stopped", async () => {
  const held = gate();
  const engine = new ScriptedEngine({
    beforeStep: ({ image }) => (image === 1 ? held.passed : undefined),
  });
  const bench = await open({ engine });
  const { tasks } = bench;
  const running = await tasks.submit({ ...small, image_number: 2 });
  const waiting = await tasks.submit(small);
  for await (const event of tasks.watch(running.id, AbortSignal.timeout(120_000)))
    if (event.type === "image") break;
  for (const [{ id }, doing] of [
    [waiting, "waiting"],
    [running, "running"],
  ] as const)
    await expect(tasks.remove(id)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(`Task ${id} is ${doing}`),
    });
  expect(
    await Promise.all([waiting, running].map(async ({ id }) => (await tasks.find(id))?.state.status)),
  ).toEqual(["pending", "running"]);
  expect(await tasks.remove(waiting.id, { stop: true })).toEqual({ tasks: 1, images: 0 });
  const removal = tasks.remove(running.id, { stop: true });
  held.open();
  expect(await removal).toEqual({ tasks: 1, images: 1 });
  expect(await tasks.find(running.id)).toBeUndefined();
  const [day = ""] = readdirSync(join(bench.folder, "outputs")).filter((name) => /^\d/.test(name));
  expect(readdirSync(join(bench.folder, "outputs", day))).toEqual([]);
  expect(await tasks.remove(running.id)).toBeUndefined();
});

test("removing a span of time leaves what has not ended alone", async () => {
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: ({ image }) => (image === 1 ? held.passed : undefined) });
  const { tasks } = await open({ engine });
  const done = await tasks.submit(small);
  await end(tasks, done.id);
  const running = await tasks.submit({ ...small, image_number: 2 });
  const waiting = await tasks.submit(small);
  expect(await tasks.removeRange({ from: 0, to: Date.now() + 1000 })).toEqual({ tasks: 1, images: 1 });
  expect(
    await Promise.all([done, running, waiting].map(async ({ id }) => (await tasks.find(id))?.state.status)),
  ).toEqual([undefined, "running", "pending"]);
  held.open();
});

test("a paused queue starts nothing, and moved tasks run in their new order", async () => {
  const engine = new ScriptedEngine();
  const { tasks } = await open({ engine });
  await tasks.pause(true);
  const ids: TaskId[] = [];
  for (let i = 0; i < 3; i += 1) ids.push((await tasks.submit(small)).id);
  const [a, b, c] = ids as [TaskId, TaskId, TaskId];
  expect(await tasks.move(c, a)).toBe(true);
  expect(await tasks.move("f".repeat(32) as TaskId, a)).toBe(false);
  expect(tasks.queue).toEqual({ pending: [c, a, b], paused: true });
  expect(engine.jobs).toEqual([]);
  await tasks.pause(false);
  await end(tasks, b);
  expect(engine.jobs.map(({ id }) => id)).toEqual([c, a, b]);
});

test("a server whose disk is full, or gone, closes all the same", async () => {
  const held = gate();
  const bench = await openBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const { id } = await bench.tasks.submit(small);
  const waiting = bench.tasks.settled(id, AbortSignal.timeout(120_000));
  bench.crash();
  await bench.tasks.close(0);
  expect((await waiting)?.state.status).toBe("running");
  held.open();
});

test("waiting tasks stand in their order, each at its place", async () => {
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: () => held.passed });
  const bench = await openBench({ engine });
  const ids: TaskId[] = [];
  for (let n = 0; n < 50; n += 1) ids.push((await bench.tasks.submit(small)).id);
  const pending = bench.tasks.pending();
  expect(pending.map(({ id }) => id)).toEqual(ids.slice(1));
  expect(pending.map(({ state }) => state)).toEqual(
    pending.map((_, index) => ({ status: "pending", position: index + 1 })),
  );
  const found: readonly unknown[] = await Promise.all(pending.map(({ id }) => bench.tasks.find(id)));
  expect(found).toEqual([...pending]);
  for (const id of ids.slice(1)) await bench.tasks.control(id, "cancel");
  held.open();
  await bench.close();
});
