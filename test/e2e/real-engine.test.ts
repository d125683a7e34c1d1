import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { processChannel } from "#/engine/channel.ts";
import { EngineHost } from "#/engine/host.ts";
import type { EngineSettings } from "#/engine/protocol.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { goldenPath, tinyCheckpoint } from "../support/golden.ts";
import { childrenOf } from "../support/process-tree.ts";
import { benchFolder, openBench, small } from "../support/task-bench.ts";
import { writeShapes } from "../support/tiny-models.ts";

const checkpoint = await tinyCheckpoint();

/** A bench's folder with a checkpoint that draws; closing the bench removes it. */
function drawingFolder(): string {
  const folder = benchFolder();
  const base = join(folder, "models/checkpoints/base.safetensors");
  rmSync(base);
  symlinkSync(checkpoint, base);
  return folder;
}

const settingsOf = (folder: string): EngineSettings => ({
  modelRoots: [join(folder, "models")],
  providers: ["cpu"],
  weights: "in-place",
  memoryBudget: 1_000_000_000,
  derived: { folder: join(folder, "derived"), budget: 0 },
  threads: 1,
});
const worker = join(import.meta.dir, "../../src/engine/worker.ts");

const settled = async (tasks: Tasks, id: TaskId) => {
  const task = await tasks.settled(id, AbortSignal.timeout(120_000));
  return task?.state.status === "settled" ? task.state : undefined;
};

test("pixels of a real network end in files; a killed engine costs nothing, twice its task and no other", async () => {
  const folder = drawingFolder();
  const children: number[] = [];
  const engine = new EngineHost(settingsOf(folder), () => {
    const before = childrenOf(process.pid);
    const channel = processChannel([process.execPath, worker]);
    children.push(...childrenOf(process.pid).filter((pid) => !before.includes(pid)));
    return channel;
  });
  const { tasks, close } = await openBench({ folder, engine });
  const first = await tasks.submit({ ...small, overwrite_step: 2 });
  const made = await settled(tasks, first.id);
  expect(made).toMatchObject({ outcome: "finished", error: null });
  const file = readFileSync(join(folder, "outputs", ...(made?.images[0]?.url ?? "").split("/").slice(-2)));
  expect(await sharp(file).metadata()).toMatchObject({ format: "png", width: 64, height: 64 });

  const doomed = await tasks.submit({ ...small, overwrite_step: 900 });
  const next = await tasks.submit({ ...small, overwrite_step: 2 });
  for (const attempt of [1, 2]) {
    let begun = 0;
    for await (const event of tasks.watch(doomed.id, AbortSignal.timeout(120_000))) {
      if (event.type === "started") begun = event.attempt;
      if (begun === attempt && event.type === "progress" && event.step > 0) break;
    }
    process.kill(children.at(-1) ?? 0, "SIGKILL");
  }
  expect(await settled(tasks, doomed.id)).toMatchObject({
    outcome: "failed",
    error: { code: "worker-died" },
  });
  const again = await settled(tasks, next.id);
  expect(again?.outcome).toBe("finished");
  const pixels = async (url: string | undefined) =>
    sharp(readFileSync(join(folder, "outputs", ...(url ?? "").split("/").slice(-2))))
      .raw()
      .toBuffer();
  expect(await pixels(again?.images[0]?.url)).toEqual(await pixels(made?.images[0]?.url));
  await engine.close();
  await close();
}, 300_000);

test("the engine looks at its files itself: one that is replaced at the last moment fails its task by name", async () => {
  const folder = drawingFolder();
  const lora = join(folder, "models/loras/mine.safetensors");
  copyFileSync(goldenPath("tiny-lora-sgm.safetensors"), lora);
  const engine = new EngineHost(settingsOf(folder), () => processChannel([process.execPath, worker]));
  const run = engine.run.bind(engine);
  engine.run = (job) => {
    if (job.type === "generate" && job.recipe.loras.length > 0)
      renameSync(writeShapes(`${lora}.new`, new Map([["a.hada_w1_a", [64, 8]]])), lora);
    return run(job);
  };
  const { tasks, close } = await openBench({ folder, engine });
  const loras = [{ enabled: true, model_name: "mine.safetensors", weight: 1 }];
  const doomed = await tasks.submit({ ...small, overwrite_step: 1, loras });
  const next = await tasks.submit({ ...small, overwrite_step: 1 });
  const state = await settled(tasks, doomed.id);
  expect(state).toMatchObject({ outcome: "failed", error: { code: "lora-unsupported" } });
  expect(state?.error?.message).toContain("mine.safetensors");
  expect((await settled(tasks, next.id))?.outcome).toBe("finished");
  await engine.close();
  await close();
}, 300_000);
