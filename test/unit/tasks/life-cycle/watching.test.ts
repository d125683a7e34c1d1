import { expect, test } from "bun:test";
import type { TaskId } from "#/lib/task-id.ts";
import { EventLog } from "#/tasks/life-cycle/event-log.ts";
import { EventNumbers } from "#/tasks/life-cycle/event-numbers.ts";
import type { LiveEvent, TaskHappening } from "#/tasks/life-cycle/events.ts";
import { follower } from "#/tasks/life-cycle/follower.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import { openBench, small, storyOf } from "../../../support/task-bench.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

const progress = (step: number): TaskHappening => ({
  type: "progress",
  percent: step,
  stage: "denoising",
  image: 0,
  images: 1,
  step,
  steps: 100,
  moment: { now: "step", of: step },
  etaMs: null,
  preview: null,
});

const settled: TaskHappening = {
  type: "settled",
  status: "finished",
  result: [],
  error: null,
  warnings: [],
  timings: { queued_ms: 0, loading_ms: 0, encoding_ms: 0, denoising_ms: 0, decoding_ms: 0, saving_ms: 0 },
  door: "fooocus-api",
  ranMs: 0,
};

async function memoryLog(start = 0): Promise<EventLog> {
  const store = { load: async () => start, save: async () => undefined };
  return new EventLog(await EventNumbers.load(store), () => 0);
}

test("two readers of one task, one of them late, see the same story", async () => {
  const held = gate();
  const bench = await openBench({
    engine: new ScriptedEngine({ beforeStep: ({ step }) => (step === 3 ? held.passed : undefined) }),
  });
  const { id } = await bench.tasks.submit(small);
  const early = storyOf(bench.tasks, id);
  for await (const event of bench.tasks.watch(id, AbortSignal.timeout(120_000)))
    if (event.type === "progress" && event.step === 2) break;
  const late = storyOf(bench.tasks, id);
  held.open();
  const [one, two] = await Promise.all([early, late]);
  expect(one.map(({ seq }) => seq)).toEqual(two.map(({ seq }) => seq));
  const since = one[5]?.seq ?? 0;
  const rest: number[] = [];
  for await (const { seq } of bench.tasks.watch(id, AbortSignal.timeout(120_000), since)) rest.push(seq);
  expect(rest).toEqual(one.slice(6).map(({ seq }) => seq));
  await bench.close();
});

test("watching an unknown task, or one whose end was already seen, ends at once", async () => {
  const bench = await openBench();
  expect(await storyOf(bench.tasks, idOf(1))).toEqual([]);
  const { id } = await bench.tasks.submit(small);
  await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  const rest = [];
  for await (const event of bench.tasks.watch(id, AbortSignal.timeout(120_000), bench.tasks.seq))
    rest.push(event);
  expect(rest).toEqual([]);
  await bench.close();
});

test("a reader that leaves or a server that closes ends the watching, never the task", async () => {
  const held = gate();
  const bench = await openBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const { id } = await bench.tasks.submit(small);
  const leaving = new AbortController();
  const reading = (async () => {
    for await (const event of bench.tasks.watchAll(leaving.signal))
      if (event.type === "settled") return "settled";
    return "left";
  })();
  leaving.abort();
  expect(await reading).toBe("left");
  const gone = await bench.tasks.settled(id, AbortSignal.abort());
  expect(gone?.state.status).toBe("running");
  const all: LiveEvent[] = [];
  const watching = (async () => {
    for await (const event of bench.tasks.watchAll(new AbortController().signal)) all.push(event);
  })();
  held.open();
  expect((await bench.tasks.settled(id, AbortSignal.timeout(120_000)))?.state.status).toBe("settled");
  await bench.close();
  await watching;
  expect(all.some(({ type }) => type === "settled")).toBe(true);
});

test("previews are encoded once, and only if somebody asks", async () => {
  const bench = await openBench();
  const { id } = await bench.tasks.submit(small);
  const previews = [];
  for await (const event of bench.tasks.watch(id, AbortSignal.timeout(120_000)))
    if (event.type === "progress" && event.preview !== null) previews.push(event.preview);
  const [preview] = previews;
  expect(preview).toBeDefined();
  if (preview === undefined) return;
  expect(preview.png()).toBe(preview.png());
  const [png = new Uint8Array(), webp = new Uint8Array()] = [await preview.png(), await preview.webp()];
  expect([...png.slice(1, 4)]).toEqual([..."PNG"].map((c) => c.charCodeAt(0)));
  expect(Buffer.from(webp).toString("latin1", 8, 12)).toBe("WEBP");
  await bench.close();
});

test("a slow reader loses progress that was overtaken, and nothing else", async () => {
  const log = await memoryLog();
  const unread = follower();
  log.subscribe((event) => unread.push(event));
  log.addTask(idOf(1), { type: "started", attempt: 1 });
  for (let step = 1; step <= 500; step += 1) log.addTask(idOf(1), progress(step));
  log.addTask(idOf(2), { type: "started", attempt: 1 });
  log.addTask(idOf(1), settled);
  unread.close();
  const read = await Array.fromAsync(unread);
  expect(read.length).toBeLessThan(100);
  expect(read[0]?.type).toBe("started");
  expect(read.slice(-3).map((event) => (event.type === "progress" ? event.step : event.type))).toEqual([
    500,
    "started",
    "settled",
  ]);
});

test("the events of 256 settled tasks are kept, older ones forgotten", async () => {
  const log = await memoryLog();
  for (let n = 1; n <= 300; n += 1) log.addTask(idOf(n), settled);
  expect(log.taskIds()).toHaveLength(256);
  expect([log.of(idOf(44), 0), log.of(idOf(45), 0)?.length, log.horizon]).toEqual([undefined, 1, 44]);
});

test("of settled tasks with many events fewer are kept, of the newest all", async () => {
  const log = await memoryLog();
  const settle = (n: number, steps: number): void => {
    for (let step = 1; step <= steps; step += 1) log.addTask(idOf(n), progress(step));
    log.addTask(idOf(n), settled);
  };
  for (let n = 0; n < 12; n += 1) settle(n, 9_999);
  expect(log.taskIds()).toEqual(Array.from({ length: 10 }, (_, n) => idOf(n + 2)));
  expect(log.horizon).toBe(20_000);
  // What was deleted makes room.
  for (let n = 2; n < 11; n += 1) log.forget(idOf(n));
  settle(12, 80_000);
  expect(log.taskIds()).toEqual([idOf(11), idOf(12)]);
  settle(13, 120_000);
  expect(log.taskIds()).toEqual([idOf(13)]);
  expect(log.of(idOf(13), 0)).toHaveLength(120_001);
});

test("a log that cannot write its number down goes on, and tries again", async () => {
  const saved: number[] = [];
  let broken = true;
  const numbers = await EventNumbers.load({
    load: async () => 41,
    save: async (value) => {
      if (broken) throw new Error("disk full");
      saved.push(value);
    },
  });
  const log = new EventLog(numbers, () => 0);
  log.addTask(idOf(1), progress(1));
  await Bun.sleep(1);
  broken = false;
  log.addTask(idOf(1), progress(2));
  expect([log.seq, saved.length]).toEqual([43, 1]);
  expect(saved[0]).toBeGreaterThan(43);
  await log.close();
  expect(saved.at(-1)).toBe(43);
});

test("numbers are reserved before they are given, however long the history takes", async () => {
  let reserved = 0;
  const numbers = await EventNumbers.load({
    load: async () => 0,
    save: async (value) => {
      await Bun.sleep(1);
      reserved = value;
    },
  });
  for (let n = 1; n <= 5000; n += 1) {
    expect(numbers.next()).toBe(n);
    expect(reserved).toBeGreaterThanOrEqual(n);
    if (n % 100 === 0) await Bun.sleep(5);
  }
  await numbers.close();
  expect(reserved).toBe(5000);
});

test("what has its number already is kept and told as what is given one", async () => {
  const log = await memoryLog();
  const heard: number[] = [];
  log.subscribe(({ seq }) => heard.push(seq));
  log.take({ seq: 7, at: 1, taskId: idOf(1), ...progress(1) });
  log.take({ seq: 9, at: 2, taskId: null, type: "removed", tasks: [] });
  expect([log.seq, heard, log.of(idOf(1), 0)?.map(({ seq }) => seq)]).toEqual([9, [7, 9], [7]]);
});

test("a reader that breaks hears no more, and the task goes on", async () => {
  const bench = await openBench();
  let heard = 0;
  bench.tasks.subscribe(() => {
    heard += 1;
    throw new Error("broken");
  });
  const { id } = await bench.tasks.submit(small);
  const task = await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  expect([heard, task?.state.status]).toEqual([1, "settled"]);
  await bench.close();
});
