import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { EngineError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { type SlotEnd, SlotPool } from "#/tasks/life-cycle/slot-pool.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import { soon } from "../../../support/served-bench.ts";
import { benchFolder, openBench, small, storyOf, type TaskBench } from "../../../support/task-bench.ts";

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

const submitted = async ({ tasks }: TaskBench, count: number, images = 1): Promise<readonly TaskId[]> => {
  const ids: TaskId[] = [];
  for (let n = 0; n < count; n += 1) ids.push((await tasks.submit({ ...small, image_number: images })).id);
  return ids;
};

const jobsOf = (engines: readonly ScriptedEngine[]) => engines.map(({ jobs }) => jobs.map(({ id }) => id));

describe("two engines", () => {
  test("run two tasks side by side, and the next begins in its order wherever there is room first", async () => {
    const { gates, engines } = heldPair();
    const bench = openBench({ engines });
    const [a, b, c, d] = (await submitted(bench, 4)) as [TaskId, TaskId, TaskId, TaskId];
    expect(bench.tasks.running().map(({ id }) => id)).toEqual([a, b]);
    expect(bench.tasks.current()?.id).toBe(a);
    expect(bench.tasks.pending().map(({ id, state }) => [id, state])).toEqual([
      [c, { status: "pending", position: 1 }],
      [d, { status: "pending", position: 2 }],
    ]);
    expect(bench.tasks.backlog([c], 0).at(-1)).toMatchObject({ type: "queued", position: 1, ahead: 2 });
    gates[1].open();
    for (const id of [b, c, d]) expect(await outcomeOf(bench, id)).toBe("finished");
    expect(bench.tasks.find(a)?.state.status).toBe("running");
    gates[0].open();
    expect(await outcomeOf(bench, a)).toBe("finished");
    expect(jobsOf(engines)).toEqual([[a], [b, c, d]]);
    await bench.close();
  });

  test("stop, skip and cancel reach the task they name, and current is the one that was started first", async () => {
    const { gates, engines } = heldPair();
    const bench = openBench({ engines });
    const [a, b, c] = (await submitted(bench, 3, 2)) as [TaskId, TaskId, TaskId];
    expect(bench.tasks.control(c, "cancel")).toBe("cancelled_pending");
    expect(bench.tasks.control(b, "skip")).toBe("skipping");
    expect(bench.tasks.control("current", "stop")).toBe("stopping");
    for (const { open } of gates) open();
    expect(await Promise.all([a, b, c].map((id) => outcomeOf(bench, id)))).toEqual([
      "stopped",
      "finished",
      "cancelled",
    ]);
    const state = bench.tasks.find(b)?.state;
    expect(state?.status === "settled" && state.images.map(({ index }) => index)).toEqual([1]);
    await bench.close();
  });

  test("end each of many tasks exactly once", async () => {
    const beforeStep = () => Bun.sleep(Math.random() * 3);
    const engines = [new ScriptedEngine({ beforeStep }), new ScriptedEngine({ beforeStep })];
    const bench = openBench({ engines });
    const ended: TaskId[] = [];
    bench.tasks.subscribe((event) => {
      if (event.type === "settled") ended.push(event.taskId);
    });
    const ids = await submitted(bench, 30);
    for (const [n, id] of ids.entries()) if (n % 5 === 4) bench.tasks.control(id, "stop");
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
      const bench = openBench({ folder, engines: heldPair().engines });
      if (start === 0) ids = await submitted(bench, 3);
      expect(bench.tasks.running().map(({ id }) => id)).toEqual(ids.slice(0, 2));
      await bench.tasks.close(0);
      bench.crash();
    }
    const last = openBench({ folder, engines: [new ScriptedEngine(), new ScriptedEngine()] });
    for (const id of ids) expect(await outcomeOf(last, id)).toBe("finished");
    await last.close();
  });

  test("after a crash both tasks are made before those that waited, their images kept", async () => {
    const folder = newFolder();
    const before = openBench({ folder, engines: [stuck(), stuck()] });
    const ids = await submitted(before, 3, 2);
    const hasImage = (id: TaskId | undefined): boolean => {
      const state = id === undefined ? undefined : before.history.unfinished().find((row) => row.id === id);
      return (state?.images.length ?? 0) > 0;
    };
    expect(await soon(() => hasImage(ids[0]) && hasImage(ids[1]))).toBe(true);
    before.crash();
    // One engine now: it makes them one after the other.
    const engine = new ScriptedEngine();
    const after = openBench({ folder, engine });
    for (const id of ids) expect(await outcomeOf(after, id)).toBe("finished");
    expect(jobsOf([engine])).toEqual([[...ids]]);
    expect(engine.jobs.map(({ recipe }) => recipe.images.length)).toEqual([1, 1, 2]);
    await after.close();
  });

  test("after a crash both of two stopped tasks end as stopped, and neither is made", async () => {
    const folder = newFolder();
    const before = openBench({ folder, engines: heldPair().engines });
    const ids = await submitted(before, 3);
    for (const id of ids.slice(0, 2)) expect(before.tasks.control(id, "stop")).toBe("stopping");
    before.crash();
    const engine = new ScriptedEngine();
    const after = openBench({ folder, engine });
    const outcomes = [];
    for (const id of ids) outcomes.push(await outcomeOf(after, id));
    expect(outcomes).toEqual(["stopped", "stopped", "finished"]);
    expect(jobsOf([engine])).toEqual([ids.slice(2)]);
    await after.close();
  });

  test("one that broke stops only its own task, and works again when it is restored", async () => {
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
    const bench = openBench({ engines: [bad, good] });
    const ids = await submitted(bench, 5);
    expect(await outcomeOf(bench, ids[0] as TaskId)).toBe("failed");
    for (const id of ids.slice(1)) expect(await outcomeOf(bench, id)).toBe("finished");
    expect(bad.jobs).toHaveLength(1);
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

  test("one that says it is broken is given nothing more, whatever its task failed of", async () => {
    const bad: ScriptedEngine = new ScriptedEngine({
      beforeStep: () => {
        bad.change({ ...bad.state, state: "failed" });
        throw new EngineError("provider-missing", "There is no such device.");
      },
      restored: () => new Promise(() => {}),
    });
    const good = new ScriptedEngine();
    const bench = openBench({ engines: [bad, good] });
    const ids = await submitted(bench, 6);
    const outcomes = [];
    for (const id of ids) outcomes.push(await outcomeOf(bench, id));
    expect(outcomes).toEqual(["failed", ...Array.from({ length: 5 }, () => "finished" as const)]);
    expect(bad.jobs).toHaveLength(1);
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
    const bench = openBench({ engines: [dying(), dying()] });
    const [a, b, c, d] = (await submitted(bench, 4)) as [TaskId, TaskId, TaskId, TaskId];
    for (const id of [a, b]) expect(await outcomeOf(bench, id)).toBe("failed");
    expect(bench.tasks.queue.pending).toEqual([c, d]);
    expect(bench.tasks.control(c, "cancel")).toBe("cancelled_pending");
    back.open();
    expect(await outcomeOf(bench, d)).toBe("finished");
    await bench.close();
  });

  test("are told as one: that of a working one, with the networks of all", async () => {
    const engines = [new ScriptedEngine(), new ScriptedEngine()] as const;
    const bench = openBench({ engines });
    const ready = { state: "ready", device: "cpu", refused: [] } as const;
    engines[0].change({ state: "failed", device: null, refused: [], loaded: [] });
    engines[1].change({ ...ready, loaded: [{ name: "unet", bytes: 5 }] });
    expect(bench.tasks.engineState()).toEqual({ ...ready, loaded: [{ name: "unet", bytes: 5 }] });
    bench.tasks.unloadModels();
    expect(bench.tasks.engineState().loaded).toEqual([]);
    await bench.close();
  });
});

test("a task that took the server down twice ends once", async () => {
  const folder = newFolder();
  let id: TaskId | undefined;
  for (let start = 0; start < 2; start += 1) {
    const bench = openBench({ folder, engine: heldPair().engines[0] as ScriptedEngine });
    if (start === 0) [id] = await submitted(bench, 1);
    expect(bench.tasks.current()?.id).toBe(id as TaskId);
    bench.crash();
  }
  const last = openBench({ folder });
  const told = last.tasks.backlog([id as TaskId], 0);
  expect(told.map(({ type }) => type)).toEqual(["settled"]);
  await last.close();
});

describe("a pool of slots", () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  test("lends each engine to one run at a time, and takes it back from whoever leaves it idle", async () => {
    const engine = new ScriptedEngine();
    let idle = 0;
    const pool = new SlotPool([engine], () => {
      idle += 1;
    });
    const end = Promise.withResolvers<SlotEnd>();
    expect(pool.use(() => end.promise)).toBe(true);
    expect([pool.hasIdle, pool.use(async () => "idle")]).toEqual([false, false]);
    end.resolve("idle");
    await settled();
    expect([pool.hasIdle, idle]).toEqual([true, 1]);
    const lent: unknown[] = [];
    pool.use(async (one) => {
      lent.push(one);
      return "idle";
    });
    expect(lent).toEqual([engine]);
  });

  test("does not lend what was left broken until its engine is restored", async () => {
    const back = gate();
    const pool = new SlotPool([new ScriptedEngine({ restored: () => back.passed })], () => undefined);
    pool.use(async () => "broken");
    await settled();
    expect(pool.hasIdle).toBe(false);
    back.open();
    await settled();
    expect(pool.hasIdle).toBe(true);
  });
});
