import { expect, test } from "bun:test";
import { reduce } from "#/web/dashboard/reduce.ts";
import { type Action, initialState, type State } from "#/web/dashboard/state.ts";
import { type TaskRecord } from "#/web/dashboard/wire.ts";

const hear = (state: State, ...messages: readonly Readonly<Record<string, unknown> & { type: string }>[]) =>
  messages.reduce((now, message) => reduce(now, { kind: "message", message }), state);

const record = (id: string, more: Partial<TaskRecord> = {}): TaskRecord => ({
  task_id: id,
  task_status: "finished",
  progress: 100,
  preview: null,
  start_mills: 1,
  finish_mills: 2,
  warnings: [],
  result: [],
  req_params: { prompt: `prompt of ${id}` },
  ...more,
});

const queued = (id: string) => ({ type: "queued", task_id: id, position: 1, ahead: 0 });

test("a task waits, runs, shows a preview and ends", () => {
  let state = hear(initialState, queued("a"), queued("b"), queued("a"));
  expect(state.pending).toEqual(["a", "b"]);
  state = hear(
    state,
    { type: "started", task_id: "a" },
    { type: "progress", task_id: "a", progress: 52, message: "half", eta_ms: 900 },
  );
  expect(state.pending).toEqual(["b"]);
  expect(state.running[0]).toMatchObject({ id: "a", percent: 52, message: "half", etaMs: 900 });
  const shown: Action = { kind: "preview", id: "a", url: "blob:1" };
  state = reduce(state, shown);
  expect(state.running[0]?.preview).toBe("blob:1");
  const before = state.stale;
  state = hear(state, {
    type: "settled",
    task_id: "a",
    status: "failed",
    error: { code: "x", message: "why" },
  });
  expect(state.running).toEqual([]);
  expect(state.stale).toBe(before + 1);
  expect(state.news).toContain("why");
});

test("a late preview of another task is not shown", () => {
  const state = hear(initialState, { type: "started", task_id: "a" });
  expect(reduce(state, { kind: "preview", id: "b", url: "blob:1" })).toEqual(state);
});

test("two tasks run side by side, each with its own picture and number, and one that is put back waits again", () => {
  const progress = (task_id: string, percent: number) => ({ type: "progress", task_id, progress: percent });
  let state = hear(
    initialState,
    { type: "started", task_id: "a" },
    { type: "started", task_id: "b" },
    progress("b", 20),
    progress("a", 10),
  );
  state = reduce(state, { kind: "preview", id: "b", url: "blob:b" });
  state = reduce(state, { kind: "preview", id: "a", url: "blob:a" });
  expect(state.running.map(({ id, percent, preview }) => [id, percent, preview])).toEqual([
    ["a", 10, "blob:a"],
    ["b", 20, "blob:b"],
  ]);
  state = hear(state, queued("a"), { type: "queue", pending: ["a", "c"], paused: false });
  expect([state.running.map(({ id }) => id), state.pending]).toEqual([["b"], ["a", "c"]]);
  state = hear(state, { type: "settled", task_id: "b", status: "finished" });
  expect(state.running).toEqual([]);
});

test("of several engines each is told, of one none", () => {
  const engines = [
    { name: "cpu#0", state: "busy", device: "cpu" },
    { name: "cpu#1", state: "ready", device: "cpu" },
  ];
  const several = hear(initialState, { type: "engine", state: "busy", device: "cpu", engines });
  expect(several.engines.map(({ name, state }) => `${name} ${state}`)).toEqual(["cpu#0 busy", "cpu#1 ready"]);
  expect(hear(several, { type: "engine", state: "busy", device: "cpu" }).engines).toEqual([]);
});

test("a finished picture is shown until the next one's first preview, and the lists are read anew", () => {
  const preview = (url: string): Action => ({ kind: "preview", id: "a", url });
  const step = { type: "progress", task_id: "a", stage: "denoising" };
  let state = hear(initialState, { type: "started", task_id: "a" }, step);
  state = reduce(state, preview("blob:1"));
  const before = state.stale;
  state = hear(
    state,
    { type: "image", task_id: "a", url: "one.png" },
    { type: "image", task_id: "a", url: "one.png" },
  );
  expect(state.stale).toBeGreaterThan(before);
  expect(state.running[0]).toMatchObject({ preview: null, images: ["one.png"] });
  // It was on its way when its picture was finished.
  expect(reduce(state, preview("blob:late")).running[0]?.preview).toBeNull();
  state = reduce(hear(state, { ...step, stage: "saving" }, step), preview("blob:2"));
  expect(state.running[0]).toMatchObject({ preview: "blob:2", images: ["one.png"] });
});

test("pictures of a running task are in the history already", () => {
  const lists = { kind: "lists", pending: [], current: [] } as const;
  const history = [
    record("r", { finish_mills: -1, result: ["one.png"] }),
    record("w", { finish_mills: null, result: null }),
  ];
  expect(reduce(initialState, { ...lists, history }).history.map((one) => one.task_id)).toEqual(["r"]);
});

test("the queue's own word wins, and a reply that says nothing of it changes nothing", () => {
  const state = hear(initialState, queued("a"), { type: "queue", pending: ["b", "a"], paused: true });
  expect(state).toMatchObject({ pending: ["b", "a"], paused: true });
  expect(hear(state, { type: "queue", id: "c1" })).toMatchObject({ pending: ["b", "a"], paused: true });
});

test("status and hello tell the device and the engine's state", () => {
  const status = {
    type: "status",
    engine: { state: "busy", device: "cuda" },
    queue: { pending: ["a"], paused: false },
  };
  expect(hear(initialState, { type: "hello", device: "cpu" }, status)).toMatchObject({
    device: "cuda",
    engine: "busy",
    pending: ["a"],
  });
});

test("lists bring prompts and history; a task that is gone no longer runs", () => {
  const lists = {
    kind: "lists",
    history: [record("h"), record("r", { finish_mills: null })],
    pending: [record("p")],
  } as const;
  const current = [record("r", { progress: 30, finish_mills: -1, preview: "AAAA" })];
  const state = reduce(initialState, { ...lists, current });
  expect(state.history.map((one) => one.task_id)).toEqual(["h"]);
  expect(state.prompts).toMatchObject({ p: "prompt of p", r: "prompt of r" });
  expect(state.running[0]).toMatchObject({ id: "r", percent: 30, preview: "data:image/png;base64,AAAA" });
  expect(reduce(state, { ...lists, current: [] }).running).toEqual([]);
});

test("what it does not know changes nothing", () => {
  expect(hear(initialState, { type: "weather" })).toEqual(initialState);
});
