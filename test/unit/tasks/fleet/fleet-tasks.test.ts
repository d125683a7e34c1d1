import { expect, test } from "bun:test";
import type { TaskId } from "#/lib/task-id.ts";
import { FleetTasks } from "#/tasks/fleet/fleet-tasks.ts";
import type { TaskHappening } from "#/tasks/life-cycle/events.ts";
import type { Task, TaskImage } from "#/tasks/life-cycle/task.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

const taskOf = (n: number): Task => ({
  id: idOf(n),
  row: n,
  request: { prompt: `task ${n}` },
  webhookUrl: "",
  label: null,
  door: { name: "fooocus-api", word: "" },
  warnings: [],
  queuedAt: 1000 * n,
  state: { status: "pending", position: 0 },
});

const image = (index: number): TaskImage => ({
  index,
  url: `http://127.0.0.1/outputs/2026-11-30/${index}.png`,
  width: 64,
  height: 64,
  seed: "1",
  timings: null,
});

const stepOf = (step: number): Extract<TaskHappening, { type: "progress" }> => ({
  type: "progress",
  percent: 10 * step,
  moment: { now: "step", of: 4 },
  stage: "denoising",
  image: 0,
  images: 2,
  step,
  steps: 4,
  preview: null,
  etaMs: null,
});

const waitingOf = (...numbers: readonly number[]): FleetTasks => {
  const tasks = new FleetTasks();
  for (const n of numbers) tasks.add(taskOf(n));
  return tasks;
};

test("tasks wait in the order they came, each with its place", () => {
  const tasks = waitingOf(1, 2, 3);
  tasks.add(taskOf(2));
  expect(tasks.waitingTasks.map(({ id, state }) => [id, state])).toEqual([
    [idOf(1), { status: "pending", position: 1 }],
    [idOf(2), { status: "pending", position: 2 }],
    [idOf(3), { status: "pending", position: 3 }],
  ]);
});

test("one that begins runs where it was said, and is told how far it is", () => {
  const tasks = waitingOf(1, 2);
  tasks.start(idOf(2), 5000, 1, "west/cuda:0");
  tasks.advance(idOf(2), 6000, stepOf(3), null);
  tasks.keep(idOf(2), image(0));
  expect([tasks.waiting, tasks.runningIds, tasks.placeOf(idOf(2))]).toEqual([
    [idOf(1)],
    [idOf(2)],
    "west/cuda:0",
  ]);
  expect(tasks.find(idOf(2))?.state).toMatchObject({
    status: "running",
    startedAt: 5000,
    attempt: 1,
    progress: { step: 3, percent: 30 },
    images: [{ index: 0 }],
  });
});

test("progress alone says that a task runs: its beginning may be older than what is kept of the log", () => {
  const tasks = waitingOf(1);
  tasks.advance(idOf(1), 7000, stepOf(1), null);
  expect(tasks.find(idOf(1))?.state).toMatchObject({ status: "running", startedAt: 7000 });
});

test("one that is put back waits before all others, with its pictures and attempts", () => {
  const tasks = waitingOf(1, 2, 3);
  tasks.start(idOf(3), 5000, 1, "west/cpu");
  tasks.keep(idOf(3), image(0));
  tasks.putBack(idOf(3), 1);
  expect([tasks.waiting, tasks.runningIds]).toEqual([[idOf(3), idOf(1), idOf(2)], []]);
  tasks.start(idOf(3), 9000, 2, "east/cpu");
  expect(tasks.find(idOf(3))?.state).toMatchObject({ status: "running", attempt: 2, images: [{ index: 0 }] });
});

test("a picture that is told twice is there once", () => {
  const tasks = waitingOf(1);
  tasks.start(idOf(1), 1, 1, undefined);
  for (const index of [0, 1, 0]) tasks.keep(idOf(1), image(index));
  expect(tasks.imagesOf(idOf(1)).map(({ index }) => index)).toEqual([1, 0]);
});

test("a new order concerns those that wait, and leaves the others behind as they were", () => {
  const tasks = waitingOf(1, 2, 3, 4);
  tasks.pause(true);
  tasks.start(idOf(4), 1, 1, undefined);
  tasks.reorder([idOf(3), idOf(4), idOf(9)]);
  expect([tasks.waiting, tasks.paused]).toEqual([[idOf(3), idOf(1), idOf(2)], true]);
});

test("what is told of a task that is not known changes nothing", () => {
  const tasks = waitingOf(1);
  tasks.start(idOf(7), 1, 1, undefined);
  tasks.advance(idOf(7), 1, stepOf(1), null);
  tasks.keep(idOf(7), image(0));
  tasks.putBack(idOf(7), 1);
  expect([tasks.ids, tasks.runningIds, tasks.end(idOf(7))]).toEqual([[idOf(1)], [], undefined]);
  expect(tasks.end(idOf(1))?.id).toBe(idOf(1));
  expect([tasks.ids, tasks.waiting]).toEqual([[], []]);
});

test("a place is taken from when a worker begins until it is done, though its end is still to be written down", () => {
  const tasks = waitingOf(1, 2);
  tasks.start(idOf(1), 5000, 1, "w1/cuda:0");
  tasks.start(idOf(2), 5000, 1, "w2/cuda:0");
  expect([...tasks.places]).toEqual(["w1/cuda:0", "w2/cuda:0"]);
  tasks.leave(idOf(1));
  expect([...tasks.places]).toEqual(["w2/cuda:0"]);
  expect(tasks.isRunning(idOf(1))).toBe(true);
  tasks.putBack(idOf(2), 1);
  expect([...tasks.places]).toEqual([]);
});
