import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { EngineError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { openOn, type Slot, type SlotEnd, SlotPool } from "#/tasks/life-cycle/slot-pool.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import { soon } from "../../../support/served-bench.ts";
import {
  benchFolder,
  openBench,
  putModel,
  small,
  storyOf,
  type TaskBench,
} from "../../../support/task-bench.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const newFolder = (): string => {
  const folder = benchFolder();
  folders.push(folder);
  return folder;
};

const outcomeOf = async ({ tasks }: TaskBench, id: TaskId) => {
  const task = await tasks.settled(id, AbortSignal.timeout(120_000));
  return task?.state.status === "settled" ? task.state.outcome : undefined;
};

/** Two engines, each held at its first step until its gate opens. */
function heldPair() {
  const gates = [gate(), gate()] as const;
  const engines = gates.map(({ passed }) => new ScriptedEngine({ beforeStep: () => passed }));
  return { gates, engines };
}

/** An engine that never makes a second image. */
const stuck = () =>
  new ScriptedEngine({ beforeStep: ({ image }) => (image === 1 ? new Promise(() => {}) : undefined) });

/** An engine that cannot be opened, once `tried` has passed, until it is mended. */
function unusable(
  tried?: Promise<void>,
): ScriptedEngine & Readonly<{ mend: () => void; rests: () => number }> {
  let isMended = false;
  let rests = 0;
  const engine: ScriptedEngine = new ScriptedEngine({
    restored: async () => {
      rests += 1;
    },
    beforeStep: async () => {
      if (isMended) return;
      await tried;
      engine.change({ ...engine.state, state: "failed" });
      throw new EngineError("provider-missing", "There is no such device.");
    },
  });
  return Object.assign(engine, {
    rests: () => rests,
    mend: () => {
      isMended = true;
      engine.change({ ...engine.state, state: "ready" });
    },
  });
}

const submitted = async ({ tasks }: TaskBench, count: number, images = 1): Promise<readonly TaskId[]> => {
  const ids: TaskId[] = [];
  for (let n = 0; n < count; n += 1) ids.push((await tasks.submit({ ...small, image_number: images })).id);
  return ids;
};

const jobsOf = (engines: readonly ScriptedEngine[]) => engines.map(({ jobs }) => jobs.map(({ id }) => id));

describe("two engines", () => {
  test("run two tasks side by side, and the next begins in its order wherever there is room first", async () => {
    const { gates, engines } = heldPair();
    const bench = await openBench({ engines });
    const [a, b, c, d] = (await submitted(bench, 4)) as [TaskId, TaskId, TaskId, TaskId];
    expect(bench.tasks.running().map(({ id }) => id)).toEqual([a, b]);
    expect(bench.tasks.current()?.id).toBe(a);
    expect(bench.tasks.pending().map(({ id, state }) => [id, state])).toEqual([
      [c, { status: "pending", position: 1 }],
      [d, { status: "pending", position: 2 }],
    ]);
    expect((await bench.tasks.backlog([c], 0, (told) => told)).at(-1)).toMatchObject({
      type: "queued",
      position: 1,
      ahead: 2,
    });
    gates[1].open();
    for (const id of [b, c, d]) expect(await outcomeOf(bench, id)).toBe("finished");
    expect((await bench.tasks.find(a))?.state.status).toBe("running");
    gates[0].open();
    expect(await outcomeOf(bench, a)).toBe("finished");
    expect(jobsOf(engines)).toEqual([[a], [b, c, d]]);
    await bench.close();
  });

  test("stop, skip and cancel reach the task they name, and current is the one that was started first", async () => {
    const { gates, engines } = heldPair();
    const bench = await openBench({ engines });
    const [a, b, c] = (await submitted(bench, 3, 2)) as [TaskId, TaskId, TaskId];
    expect(await bench.tasks.control(c, "cancel")).toBe("cancelled_pending");
    expect(await bench.tasks.control(b, "skip")).toBe("skipping");
    expect(await bench.tasks.control("current", "stop")).toBe("stopping");
    for (const { open } of gates) open();
    expect(await Promise.all([a, b, c].map((id) => outcomeOf(bench, id)))).toEqual([
      "stopped",
      "finished",
      "cancelled",
    ]);
    const state = (await bench.tasks.find(b))?.state;
    expect(state?.status === "settled" && state.images.map(({ index }) => index)).toEqual([1]);
    await bench.close();
  });

  test("end each of many tasks exactly once", async () => {
    const beforeStep = () => Bun.sleep(Math.random() * 3);
    const engines = [new ScriptedEngine({ beforeStep }), new ScriptedEngine({ beforeStep })];
    const bench = await openBench({ engines });
    const ended: TaskId[] = [];
    bench.tasks.subscribe((event) => {
      if (event.type === "settled") ended.push(event.taskId);
    });
    const ids = await submitted(bench, 30);
    for (const [n, id] of ids.entries()) if (n % 5 === 4) await bench.tasks.control(id, "stop");
    for (const id of ids) expect(await outcomeOf(bench, id)).toBeDefined();
    expect(ended.toSorted()).toEqual(ids.toSorted());
    // Side by side, each engine works alone.
    const made = jobsOf(engines);
    expect(made.every((jobs) => jobs.length > 0)).toBe(true);
    expect(new Set(made.flat()).size).toBe(made.flat().length);
    for (const id of ids) {
      const story = await storyOf(bench.tasks, id);
      expect(story.filter(({ type }) => type === "settled")).toHaveLength(1);
    }
    await bench.close();
  });

  test("are both handed back by a shutdown that must not wait, which costs neither an attempt", async () => {
    const folder = newFolder();
    let ids: readonly TaskId[] = [];
    for (let start = 0; start < 3; start += 1) {
      const bench = await openBench({ folder, engines: heldPair().engines });
      if (start === 0) ids = await submitted(bench, 3);
      expect(bench.tasks.running().map(({ id }) => id)).toEqual(ids.slice(0, 2));
      await bench.tasks.close(0);
      bench.crash();
    }
    const last = await openBench({ folder, engines: [new ScriptedEngine(), new ScriptedEngine()] });
    for (const id of ids) expect(await outcomeOf(last, id)).toBe("finished");
    await last.close();
  });

  test("after a crash both tasks are made before those that waited, their images kept", async () => {
    const folder = newFolder();
    const before = await openBench({ folder, engines: [stuck(), stuck()] });
    const ids = await submitted(before, 3, 2);
    const hasImage = async (id: TaskId | undefined): Promise<boolean> => {
      const state =
        id === undefined ? undefined : (await before.history.unfinished()).find((row) => row.id === id);
      return (state?.images.length ?? 0) > 0;
    };
    expect(await soon(async () => (await hasImage(ids[0])) && (await hasImage(ids[1])))).toBe(true);
    before.crash();
    // One engine now: it makes them one after the other.
    const engine = new ScriptedEngine();
    const after = await openBench({ folder, engine });
    for (const id of ids) expect(await outcomeOf(after, id)).toBe("finished");
    expect(jobsOf([engine])).toEqual([[...ids]]);
    expect(engine.jobs.map(({ recipe }) => recipe.images.length)).toEqual([1, 1, 2]);
    await after.close();
  });

  test("after a crash both of two stopped tasks end as stopped, and neither is made", async () => {
    const folder = newFolder();
    const before = await openBench({ folder, engines: heldPair().engines });
    const ids = await submitted(before, 3);
    for (const id of ids.slice(0, 2)) expect(await before.tasks.control(id, "stop")).toBe("stopping");
    before.crash();
    const engine = new ScriptedEngine();
    const after = await openBench({ folder, engine });
    const outcomes = [];
    for (const id of ids) outcomes.push(await outcomeOf(after, id));
    expect(outcomes).toEqual(["stopped", "stopped", "finished"]);
    expect(jobsOf([engine])).toEqual([ids.slice(2)]);
    await after.close();
  });

  test("one that dies loses nothing: its task is made by the other, and it works again when it is restored", async () => {
    const back = gate();
    let died = false;
    const bad = new ScriptedEngine({
      beforeStep: () => {
        if (died) return;
        died = true;
        throw new EngineError("worker-died", "The engine died while it worked.");
      },
      restored: () => back.passed,
    });
    const good = new ScriptedEngine();
    const bench = await openBench({ engines: [bad, good] });
    const ids = await submitted(bench, 5);
    for (const id of ids) expect(await outcomeOf(bench, id)).toBe("finished");
    expect(bad.jobs).toHaveLength(1);
    const story = await storyOf(bench.tasks, ids[0] as TaskId);
    expect(story.flatMap((event) => (event.type === "started" ? [event.attempt] : []))).toEqual([1, 2]);
    expect(story.filter(({ type }) => type === "settled")).toHaveLength(1);
    back.open();
    const more: TaskId[] = [];
    while (bad.jobs.length === 1 && more.length < 100) {
      const [id] = await submitted(bench, 1);
      if (id !== undefined) more.push(id);
    }
    for (const id of more) expect(await outcomeOf(bench, id)).toBe("finished");
    expect(bad.jobs.length).toBeGreaterThan(1);
    await bench.close();
  });

  test("a task whose engine died waits before all others, keeps its images, and makes the rest alone", async () => {
    let deaths = 0;
    const back = gate();
    const engine = new ScriptedEngine({
      beforeStep: ({ image }) => {
        if (image !== 1 || deaths > 0) return;
        deaths += 1;
        throw new EngineError("worker-died", "The engine died while it worked.");
      },
      restored: () => back.passed,
    });
    const bench = await openBench({ engine });
    const [a, b] = (await submitted(bench, 2, 2)) as [TaskId, TaskId];
    expect(await soon(async () => (await bench.tasks.find(a))?.state.status === "pending")).toBe(true);
    expect(bench.tasks.queue.pending).toEqual([a, b]);
    expect(bench.tasks.running()).toEqual([]);
    expect((await bench.tasks.backlog([a], 0, (told) => told)).at(-1)).toMatchObject({
      type: "queued",
      position: 1,
      ahead: 0,
    });
    back.open();
    expect([await outcomeOf(bench, a), await outcomeOf(bench, b)]).toEqual(["finished", "finished"]);
    expect(engine.jobs.map(({ id, recipe }) => [id, recipe.images.length])).toEqual([
      [a, 2],
      [a, 1],
      [b, 2],
    ]);
    const state = (await bench.tasks.find(a))?.state;
    expect(state?.status === "settled" && state.images.map(({ index }) => index)).toEqual([0, 1]);
    await bench.close();
  });

  test("a task that is put back can be cancelled, and one that was asked to stop does not come back", async () => {
    const stops = gate();
    const engines = [0, 1].map(
      () =>
        new ScriptedEngine({
          beforeStep: async () => {
            await stops.passed;
            throw new EngineError("worker-died", "The engine died while it worked.");
          },
          restored: () => new Promise(() => {}),
        }),
    );
    const bench = await openBench({ engines });
    const [a, b] = (await submitted(bench, 2, 2)) as [TaskId, TaskId];
    expect(await bench.tasks.control(b, "stop")).toBe("stopping");
    stops.open();
    expect(await outcomeOf(bench, b)).toBe("stopped");
    expect(await soon(async () => (await bench.tasks.find(a))?.state.status === "pending")).toBe(true);
    expect(await bench.tasks.control(a, "cancel")).toBe("cancelled_pending");
    expect(await outcomeOf(bench, a)).toBe("cancelled");
    await bench.close();
  });

  test("a task that took two engines with it ends as failed, and is told why", async () => {
    const dying = () =>
      new ScriptedEngine({
        beforeStep: () => {
          throw new EngineError("worker-died", "The engine died while it worked.");
        },
      });
    const engines = [dying(), dying()];
    const bench = await openBench({ engines });
    const [id] = (await submitted(bench, 1)) as [TaskId];
    expect(await outcomeOf(bench, id)).toBe("failed");
    expect(jobsOf(engines).flat()).toEqual([id, id]);
    const state = (await bench.tasks.find(id))?.state;
    expect(state?.status === "settled" && state.error).toMatchObject({ code: "worker-died" });
    await bench.close();
  });

  test("one that cannot be opened costs no task and no attempt, and is given nothing more while another works", async () => {
    const bad = unusable();
    const held = gate();
    const good = new ScriptedEngine({ beforeStep: () => held.passed });
    const bench = await openBench({ engines: [bad, good] });
    const ids = await submitted(bench, 6);
    const [first] = ids as [TaskId];
    expect(await soon(async () => (await bench.tasks.find(first))?.state.status === "pending")).toBe(true);
    expect(bench.tasks.queue.pending[0]).toBe(first);
    held.open();
    for (const id of ids) expect(await outcomeOf(bench, id)).toBe("finished");
    expect(bad.jobs).toHaveLength(1);
    expect(good.jobs).toHaveLength(6);
    const story = await storyOf(bench.tasks, first);
    expect(story.flatMap((event) => (event.type === "started" ? [event.attempt] : []))).toEqual([1, 1]);
    await bench.close();
  });

  test("one that can be opened after all is given what waits at once", async () => {
    const bad = unusable();
    const held = gate();
    const good = new ScriptedEngine({ beforeStep: () => held.passed });
    const bench = await openBench({ engines: [bad, good] });
    const [first, second] = (await submitted(bench, 2)) as [TaskId, TaskId];
    expect(await soon(() => bad.rests() === 1)).toBe(true);
    // Its slot is idle again, and what looked for one has been told of it.
    await Bun.sleep(0);
    expect((await bench.tasks.find(first))?.state.status).toBe("pending");
    bad.mend();
    expect(await soon(() => bad.jobs.length === 2)).toBe(true);
    expect(await outcomeOf(bench, first)).toBe("finished");
    held.open();
    expect(await outcomeOf(bench, second)).toBe("finished");
    await bench.close();
  });

  test("where none can be opened each task fails, once and with the reason", async () => {
    const engines = [unusable(), unusable()];
    const bench = await openBench({ engines });
    const ids = await submitted(bench, 4);
    for (const id of ids) {
      expect(await outcomeOf(bench, id)).toBe("failed");
      const state = (await bench.tasks.find(id))?.state;
      expect(state?.status === "settled" && state.error).toMatchObject({ code: "provider-missing" });
    }
    await bench.close();
  });

  test("a task that was stopped while its engine was opened in vain is not made elsewhere", async () => {
    const held = gate();
    const bad = unusable(held.passed);
    const good = new ScriptedEngine();
    const bench = await openBench({ engines: [bad, good] });
    const [id] = (await submitted(bench, 1)) as [TaskId];
    expect(await soon(() => bad.jobs.length === 1)).toBe(true);
    expect(await bench.tasks.control(id, "stop")).toBe("stopping");
    held.open();
    expect(await outcomeOf(bench, id)).toBe("stopped");
    expect(good.jobs).toEqual([]);
    await bench.close();
  });

  test("where all are broken the queue waits, and can be left, until one is restored", async () => {
    const back = gate();
    let deaths = 0;
    const dying = () =>
      new ScriptedEngine({
        beforeStep: () => {
          if (deaths === 2) return;
          deaths += 1;
          throw new EngineError("worker-died", "The engine died while it worked.");
        },
        restored: () => back.passed,
      });
    const bench = await openBench({ engines: [dying(), dying()] });
    const [a, b, c, d] = (await submitted(bench, 4)) as [TaskId, TaskId, TaskId, TaskId];
    expect(await soon(() => bench.tasks.queue.pending.length === 4)).toBe(true);
    expect(new Set(bench.tasks.queue.pending.slice(0, 2))).toEqual(new Set([a, b]));
    expect(bench.tasks.queue.pending.slice(2)).toEqual([c, d]);
    expect(await bench.tasks.control(c, "cancel")).toBe("cancelled_pending");
    back.open();
    for (const id of [a, b, d]) expect(await outcomeOf(bench, id)).toBe("finished");
    await bench.close();
  });

  test("are told as one: that of a working one, with the networks of all", async () => {
    const engines = [new ScriptedEngine(), new ScriptedEngine()] as const;
    const bench = await openBench({ engines });
    const ready = { state: "ready", device: "cpu", refused: [] } as const;
    engines[0].change({ state: "failed", device: null, refused: [], loaded: [] });
    engines[1].change({ ...ready, loaded: [{ name: "unet", bytes: 5 }] });
    expect(bench.tasks.engineState()).toEqual({ ...ready, loaded: [{ name: "unet", bytes: 5 }] });
    await bench.tasks.unloadModels();
    expect(bench.tasks.engineState().loaded).toEqual([]);
    await bench.close();
  });
});

test("a task that took the server down twice ends once", async () => {
  const folder = newFolder();
  let id: TaskId | undefined;
  for (let start = 0; start < 2; start += 1) {
    const bench = await openBench({ folder, engine: heldPair().engines[0] as ScriptedEngine });
    if (start === 0) [id] = await submitted(bench, 1);
    expect(bench.tasks.current()?.id).toBe(id as TaskId);
    bench.crash();
  }
  const last = await openBench({ folder });
  const told = await last.tasks.backlog([id as TaskId], 0, (events) => events);
  expect(told.map(({ type }) => type)).toEqual(["settled"]);
  await last.close();
});

test("each engine is told by its name, with the task that runs on it", async () => {
  const held = gate();
  const engines = ["cpu#0", "cpu#1"].map(
    (name) => new ScriptedEngine({ beforeStep: () => held.passed }, name),
  );
  const bench = await openBench({ engines });
  const [id] = (await submitted(bench, 1)) as [TaskId];
  engines[1]?.change({ state: "failed", device: null, refused: [], loaded: [] });
  expect(bench.tasks.engines()).toEqual([
    { name: "cpu#0", state: "ready", device: "cpu", refused: [], loaded: [], task: id },
    { name: "cpu#1", state: "failed", device: null, refused: [], loaded: [], task: null },
  ]);
  held.open();
  expect(await outcomeOf(bench, id)).toBe("finished");
  expect(bench.tasks.engines()[0]?.task).toBeNull();
  await bench.close();
});

test("a task goes to the engine on which its checkpoint is open", async () => {
  const folder = newFolder();
  putModel(folder, "checkpoints/other.safetensors");
  // One after the other, so that both engines are idle each time.
  const engines = ["a", "b"].map((name) => {
    const engine: ScriptedEngine = new ScriptedEngine(
      {
        beforeStep: () => engine.change({ ...engine.state, loaded: [{ name: "unet", bytes: 1 }] }),
      },
      name,
    );
    return engine;
  });
  const bench = await openBench({ folder, engines });
  const made: string[] = [];
  for (const base_model_name of ["base", "other", "base", "base", "other"]) {
    const { id } = await bench.tasks.submit({ ...small, base_model_name: `${base_model_name}.safetensors` });
    expect(await outcomeOf(bench, id)).toBe("finished");
    made.push(engines.find(({ jobs }) => jobs.some((job) => job.id === id))?.name ?? "");
  }
  expect(made).toEqual(["a", "b", "a", "a", "b"]);
  await bench.close();
});

describe("a pool of slots", () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const first = ({ idle: [slot] }: SlotPool): Slot => {
    if (slot === undefined) throw new Error("no slot is idle");
    return slot;
  };

  test("lends each engine to one run at a time, and takes it back from whoever leaves it idle", async () => {
    const engine = new ScriptedEngine();
    let idle = 0;
    const pool = new SlotPool(
      [engine],
      () => {
        idle += 1;
      },
      silentLog,
    );
    const end = Promise.withResolvers<SlotEnd>();
    pool.lend(first(pool), () => end.promise, "one.safetensors");
    expect([pool.idle.length, pool.lent.map(({ checkpoint }) => checkpoint)]).toEqual([
      0,
      ["one.safetensors"],
    ]);
    end.resolve("idle");
    await settled();
    expect([pool.idle, pool.lent, idle]).toEqual([[{ engine, checkpoint: "one.safetensors" }], [], 1]);
    const lent: unknown[] = [];
    pool.lend(first(pool), async (one) => {
      lent.push(one);
      return "idle";
    });
    expect(lent).toEqual([engine]);
    await settled();
    // What opened no checkpoint leaves open what was.
    expect(first(pool).checkpoint).toBe("one.safetensors");
    expect(openOn(first(pool))).toEqual({ open: undefined });
    engine.change({ ...engine.state, loaded: [{ name: "unet", bytes: 1 }] });
    expect(openOn(first(pool))).toEqual({ open: "one.safetensors" });
  });

  test("does not lend what was left broken until its engine is restored, and then nothing is open on it", async () => {
    const back = gate();
    const pool = new SlotPool(
      [new ScriptedEngine({ restored: () => back.passed })],
      () => undefined,
      silentLog,
    );
    pool.lend(first(pool), async () => "broken", "one.safetensors");
    await settled();
    expect([pool.idle, pool.lent]).toEqual([[], []]);
    back.open();
    await settled();
    expect(first(pool).checkpoint).toBeUndefined();
  });
});
