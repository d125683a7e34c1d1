import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type { Engine } from "#/engine/engine.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import { soon } from "../../../support/served-bench.ts";
import { benchFolder, openBench, small, type TaskBench } from "../../../support/task-bench.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const newFolder = (): string => {
  const folder = benchFolder();
  folders.push(folder);
  return folder;
};

/** An engine that works until the second image and then never says anything again. */
const stuck = (): Engine =>
  new ScriptedEngine({ beforeStep: ({ image }) => (image === 1 ? new Promise(() => {}) : undefined) });

const untilImage = async ({ tasks }: TaskBench, id: TaskId): Promise<void> => {
  for await (const event of tasks.watch(id, AbortSignal.timeout(120_000))) if (event.type === "image") return;
};

const outcomeOf = async ({ tasks }: TaskBench, id: TaskId) => {
  const task = await tasks.settled(id, AbortSignal.timeout(120_000));
  return task?.state.status === "settled" ? task.state : undefined;
};

test("after a crash the waiting tasks run in their order, the running one first, its images kept", async () => {
  const folder = newFolder();
  const before = await openBench({ folder, engine: stuck() });
  const running = await before.tasks.submit({ ...small, image_number: 2 });
  const others = [await before.tasks.submit(small), await before.tasks.submit(small)];
  await before.tasks.move(others[1]?.id as TaskId, others[0]?.id as TaskId);
  await untilImage(before, running.id);
  const first = (await before.tasks.find(running.id))?.state;
  before.crash();

  const engine = new ScriptedEngine();
  const after = await openBench({ folder, engine });
  const state = await outcomeOf(after, running.id);
  expect(state?.outcome).toBe("finished");
  expect(state?.images.map(({ index, seed }) => [index, seed])).toEqual([
    [0, "7"],
    [1, "8"],
  ]);
  expect(first?.status === "running" && first.images[0]?.url).toBe(state?.images[0]?.url ?? "");
  for (const { id } of others) expect((await outcomeOf(after, id))?.outcome).toBe("finished");
  expect(engine.jobs.map(({ id }) => id)).toEqual([running.id, others[1]?.id, others[0]?.id] as TaskId[]);
  // Only the second image was made again.
  expect(engine.jobs[0]?.recipe.images.map(({ seed }) => seed)).toEqual([8n]);
  await after.close();
});

test("a task that took the server down twice is not tried a third time, and the rest goes on", async () => {
  const folder = newFolder();
  const first = await openBench({ folder, engine: stuck() });
  const bad = await first.tasks.submit({ ...small, image_number: 2 });
  const good = await first.tasks.submit(small);
  await untilImage(first, bad.id);
  first.crash();
  const blocked = await openBench({
    folder,
    engine: new ScriptedEngine({ beforeStep: () => new Promise(() => {}) }),
  });
  expect(blocked.tasks.current()?.id).toBe(bad.id);
  blocked.crash();

  const engine = new ScriptedEngine();
  const third = await openBench({ folder, engine });
  const state = await outcomeOf(third, bad.id);
  expect(state).toMatchObject({ outcome: "failed", error: { code: "interrupted" } });
  expect(state?.images).toHaveLength(1);
  expect((await outcomeOf(third, good.id))?.outcome).toBe("finished");
  expect(engine.jobs.map(({ id }) => id)).toEqual([good.id]);
  await third.close();
});

test("a shutdown waits for the picture at hand, and takes nothing more", async () => {
  const folder = newFolder();
  const held = gate();
  const bench = await openBench({ folder, engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const { id } = await bench.tasks.submit(small);
  const closing = bench.tasks.close(10_000);
  await expect(bench.tasks.submit(small)).rejects.toThrow("shutting down");
  held.open();
  await closing;
  expect((await bench.history.find(id))?.state).toMatchObject({ status: "settled", outcome: "finished" });
  bench.crash();
});

test("a shutdown that must not wait hands the task back, which costs it no attempt", async () => {
  const folder = newFolder();
  for (let start = 0; start < 3; start += 1) {
    const bench = await openBench({
      folder,
      engine: new ScriptedEngine({ beforeStep: () => new Promise(() => {}) }),
    });
    if (start === 0) await bench.tasks.submit(small);
    await bench.tasks.close(0);
    bench.crash();
  }
  const last = await openBench({ folder });
  const [task] = await last.tasks.history({ page: 0, pageSize: 10 });
  expect((await outcomeOf(last, task?.id as TaskId))?.outcome).toBe("finished");
  await last.close();
});

describe("a stopped task was handed back by the next start", () => {
  const deaf = (): Engine => new ScriptedEngine({ beforeStep: () => new Promise(() => {}) });
  const begun = async (folder: string): Promise<Readonly<{ bench: TaskBench; id: TaskId }>> => {
    const bench = await openBench({ folder, engine: deaf() });
    const { id } = await bench.tasks.submit(small);
    await soon(async () => (await bench.tasks.find(id))?.state.status === "running");
    return { bench, id };
  };
  const after = async (folder: string, id: TaskId) => {
    const engine = new ScriptedEngine();
    const bench = await openBench({ folder, engine });
    const next = await bench.tasks.submit(small);
    expect((await outcomeOf(bench, next.id))?.outcome).toBe("finished");
    const task = await bench.tasks.find(id);
    await bench.close();
    return { state: task?.state, made: engine.jobs.some((job) => job.id === id) };
  };
  const stopped = { state: { status: "settled", outcome: "stopped", images: [] }, made: false };

  test("a shutdown that cannot wait for it ends it as stopped", async () => {
    const folder = newFolder();
    const { bench, id } = await begun(folder);
    expect(await bench.tasks.control(id, "stop")).toBe("stopping");
    await bench.tasks.close(0);
    bench.crash();
    expect(await after(folder, id)).toMatchObject(stopped);
  });

  test("after a crash it ends as stopped, and only it", async () => {
    const folder = newFolder();
    const { bench, id } = await begun(folder);
    expect(await bench.tasks.control("current", "stop")).toBe("stopping");
    bench.crash();
    expect(await after(folder, id)).toMatchObject(stopped);
  });

  test("a deletion that waited for it is done", async () => {
    const folder = newFolder();
    const { bench, id } = await begun(folder);
    const removed = bench.tasks.remove(id, { stop: true });
    await bench.tasks.close(0);
    expect(await removed).toEqual({ tasks: 1, images: 0 });
    bench.crash();
    expect(await after(folder, id)).toEqual({ state: undefined, made: false });
  });
});

test("numbers of events never go back, and who was away is shown how things are", async () => {
  const folder = newFolder();
  const before = await openBench({ folder });
  const done = await before.tasks.submit(small);
  await outcomeOf(before, done.id);
  const { seq } = before.tasks;
  before.crash();

  const after = await openBench({ folder });
  expect(after.tasks.seq).toBeGreaterThanOrEqual(seq);
  const story = [];
  for await (const event of after.tasks.watch(done.id, AbortSignal.timeout(120_000), seq - 3))
    story.push(event.type);
  expect(story).toEqual(["snapshot", "settled"]);
  expect((await after.tasks.backlog("all", seq - 3, (told) => told)).map(({ type }) => type)).toEqual([
    "snapshot",
    "settled",
  ]);
  await after.close();
});

test("a paused queue is still paused after a restart", async () => {
  const folder = newFolder();
  const before = await openBench({ folder });
  await before.tasks.pause(true);
  await before.tasks.submit(small);
  before.crash();
  const after = await openBench({ folder });
  expect(after.tasks.queue).toMatchObject({ paused: true });
  expect(after.tasks.queue.pending).toHaveLength(1);
  await after.close();
});
