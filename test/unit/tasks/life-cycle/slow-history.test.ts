import { expect, test } from "bun:test";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import { slowHistory } from "../../../support/slow-history.ts";
import { openBench, small, storyOf } from "../../../support/task-bench.ts";

const patience = () => AbortSignal.timeout(60_000);

/** A bench whose history takes its time; `file` is that history at once. */
async function slowBench(options: Parameters<typeof openBench>[0] = {}) {
  const opened = Promise.withResolvers<HistoryStore>();
  const bench = await openBench({
    ...options,
    history: (file) => {
      opened.resolve(file);
      return slowHistory(file, () => Math.random() * 4);
    },
  });
  return { ...bench, file: await opened.promise };
}

test("one key makes one task, also of requests that come at once", async () => {
  const { tasks, close } = await slowBench();
  const key = { key: "mine", fingerprint: "same" };
  const made = await Promise.all([1, 2, 3, 4].map(() => tasks.submitOnce(small, key)));
  expect(new Set(made.map(({ task }) => task.id)).size).toBe(1);
  expect(made.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
  await close();
});

test("no more tasks wait than may, also of requests that come at once", async () => {
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: () => held.passed });
  const { tasks, close } = await slowBench({ engine, config: { queue_limit: 3 } });
  const made = await Promise.allSettled(Array.from({ length: 12 }, () => tasks.submit(small)));
  // One runs, three wait.
  expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  expect(await tasks.cancelWaiting()).toBe(3);
  expect(tasks.queue.pending).toEqual([]);
  held.open();
  await close();
});

test("who hears of a picture, or of an end, finds it in the history", async () => {
  const { tasks, file, close } = await slowBench();
  const seen: Promise<unknown>[] = [];
  tasks.subscribe((event) => {
    if (event.type === "image")
      seen.push(file.unfinished().then(([row]) => expect(row?.images.at(-1)).toEqual(event.image)));
    if (event.type === "settled")
      seen.push(file.find(event.taskId).then((row) => expect(row?.state.status).toBe("settled")));
  });
  const { id } = await tasks.submit({ ...small, image_number: 2 });
  await storyOf(tasks, id);
  await Promise.all(seen);
  expect(seen).toHaveLength(3);
  await close();
});

test("a task is to be found at every moment, and once it has ended it stays so", async () => {
  const { tasks, close } = await slowBench();
  const { id } = await tasks.submit(small);
  const states: (string | undefined)[] = [];
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      states.push((await tasks.find(id))?.state.status);
      for (const one of await tasks.history({ page: 0, pageSize: 5 })) states.push(one.state.status);
      await Bun.sleep(0);
    }
  })();
  await tasks.settled(id, patience());
  await Bun.sleep(30);
  over.abort();
  await looking;
  expect(states.indexOf("settled")).toBe(states.length - states.filter((one) => one === "settled").length);
  expect(new Set(states)).toEqual(new Set(["running", "settled"]));
  await close();
});

test("readers that come at any moment miss nothing and hear nothing twice", async () => {
  const { tasks, close } = await slowBench();
  const readers: Promise<readonly number[]>[] = [];
  const storyFrom = async (id: TaskId, since: number): Promise<readonly number[]> => {
    const seen: number[] = [];
    for await (const { seq } of tasks.watch(id, patience(), since)) seen.push(seq);
    return seen;
  };
  tasks.subscribe((event) => {
    if (event.taskId === null) return;
    const { taskId, seq } = event;
    readers.push(storyFrom(taskId, seq));
    // Where the next step of the server is, and not just where an event is told.
    queueMicrotask(() => readers.push(storyFrom(taskId, seq)));
    setTimeout(() => readers.push(storyFrom(taskId, seq)), 2);
  });
  const { id } = await tasks.submit({ ...small, image_number: 2 });
  const whole = (await storyOf(tasks, id)).map(({ seq }) => seq);
  await Bun.sleep(20);
  const stories = await Promise.all(readers);
  expect(stories.length).toBeGreaterThan(20);
  for (const story of stories) expect(story).toEqual(whole.slice(whole.length - story.length));
  await close();
});

test("a task that is deleted when it ends leaves nothing behind", async () => {
  const { tasks, file, close } = await slowBench();
  for (let n = 0; n < 8; n += 1) {
    const { id } = await tasks.submit(small);
    const told: string[] = [];
    tasks.subscribe((event) => {
      if (event.taskId === id || (event.type === "removed" && event.tasks.includes(id)))
        told.push(event.type);
    });
    await Bun.sleep(n * 4);
    expect(await tasks.remove(id, { stop: true })).toMatchObject({ tasks: 1 });
    expect([await file.find(id), await file.making(id), await tasks.find(id)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(told.slice(-2)).toEqual(["settled", "removed"]);
  }
  await close();
});

test("what was taken before the server closes is kept, and told as it ends", async () => {
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: () => held.passed });
  const { tasks, file } = await slowBench({ engine });
  const { id } = await tasks.submit(small);
  const late = tasks.submit(small);
  const closing = tasks.close(20);
  const other = await late.catch(() => undefined);
  await closing;
  const left = (await file.unfinished()).map((row) => [row.id, row.attempt]);
  expect(left).toEqual([[id, 0], ...(other === undefined ? [] : [[other.id, 0]])]);
  await file.close();
});
