import { expect, test } from "bun:test";
import { EngineError } from "#/lib/errors.ts";
import { ScriptedEngine } from "../../../support/scripted-engine.ts";
import { openBench, small } from "../../../support/task-bench.ts";

/** A bench whose recipes another program keeps locked until it is told not to. */
async function lockedBench() {
  const engine = new ScriptedEngine();
  const bench = await openBench({ engine });
  const read = bench.history.recipe.bind(bench.history);
  const lock = { tries: 0, isOpen: false };
  bench.history.recipe = (id) => {
    lock.tries += 1;
    if (lock.isOpen) return read(id);
    throw new EngineError("storage-away", "The history could not be read: it is locked.", { busy: true });
  };
  return { engine, bench, lock };
}

test("a recipe that another program keeps locked is waited for", async () => {
  const { engine, bench, lock } = await lockedBench();
  const { id } = await bench.tasks.submit(small);
  expect((await bench.tasks.find(id))?.state.status).not.toBe("settled");
  lock.isOpen = true;
  const task = await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  expect(task?.state).toMatchObject({ outcome: "finished" });
  expect(engine.jobs).toHaveLength(1);
  expect(lock.tries).toBeGreaterThan(1);
  await bench.close();
});

test("a task that is stopped meanwhile ends as stopped, and is never begun", async () => {
  const { engine, bench, lock } = await lockedBench();
  const { id } = await bench.tasks.submit(small);
  expect(await bench.tasks.control(id, "stop")).toBe("stopping");
  lock.isOpen = true;
  const task = await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  expect([task?.state.status === "settled" && task.state.outcome, engine.jobs.length]).toEqual([
    "stopped",
    0,
  ]);
  await bench.close();
});
