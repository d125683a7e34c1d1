import { expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GenerateRequest } from "#/api/generate.ts";
import type { EngineEvent, JobCommand } from "#/engine/protocol.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { goldenPath } from "../../../support/golden.ts";
import { region } from "../../../support/regions.ts";
import { ScriptedEngine } from "../../../support/scripted-engine.ts";
import { benchFolder, openBench, small, type TaskBench } from "../../../support/task-bench.ts";

const enhanced: GenerateRequest = {
  ...small,
  image_number: 2,
  enhance_checkbox: true,
  enhance_uov_method: "Vary (Subtle)",
};

async function ended({ tasks }: TaskBench, id: TaskId) {
  const task = await tasks.settled(id, AbortSignal.timeout(60_000));
  if (task?.state.status !== "settled") throw new Error("it did not end");
  return task.state;
}

const onTheWay = ({ folder }: TaskBench): readonly string[] => {
  const path = join(folder, "outputs/.on-the-way");
  return existsSync(path) ? readdirSync(path) : [];
};

test("images come first and keep their places, then what their passes make; nothing stays on the way", async () => {
  const bench = await openBench();
  const { images, outcome } = await ended(bench, (await bench.tasks.submit(enhanced)).id);
  expect(outcome).toBe("finished");
  expect(images.map(({ index, seed }) => [index, seed])).toEqual([
    [0, "7"],
    [1, "8"],
    [2, "7"],
    [3, "7"],
  ]);
  expect(onTheWay(bench)).toEqual([]);
  await bench.close();
});

test("where only the last picture of each is kept, it is the one result of each", async () => {
  const bench = await openBench();
  const task = await bench.tasks.submit({
    ...enhanced,
    save_final_enhanced_image_only: true,
    generate_image_grid: true,
  });
  const { images } = await ended(bench, task.id);
  expect(images.map(({ index, seed }) => [index, seed])).toEqual([
    [2, "7"],
    [3, "7"],
    [4, ""],
  ]);
  await bench.close();
});

test("after a crash only what was not made is asked of the engine, and every image is there once", async () => {
  const crash = Promise.withResolvers<void>();
  const never = new Promise<void>(() => undefined);
  const first = await openBench({
    engine: new ScriptedEngine({
      beforeStep: ({ image, step }) => {
        if (image !== 1 || step !== 2) return undefined;
        crash.resolve();
        return never;
      },
    }),
  });
  const { id } = await first.tasks.submit(enhanced);
  await crash.promise;
  expect(onTheWay(first)).toEqual([id]);
  first.crash();
  const engine = new ScriptedEngine();
  const second = await openBench({ engine, folder: first.folder });
  const { images } = await ended(second, id);
  expect(images.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  const [job] = engine.jobs;
  expect(job?.recipe.images).toHaveLength(1);
  expect(job?.recipe.enhance?.pictures.map(({ from, done }) => [from, done])).toEqual([
    [{ kind: "left", picture: 0 }, 0],
    [{ kind: "made", image: 0 }, 0],
  ]);
  expect(job?.inputs.map(({ data }) => data[0])).toEqual([7]);
  expect(onTheWay(second)).toEqual([]);
  await second.close();
});

/** An engine whose passes all make black pictures, and that never says what came after one. */
class Blackening extends ScriptedEngine {
  override async *run(job: JobCommand): AsyncGenerator<EngineEvent, void, undefined> {
    for await (const event of super.run(job)) {
      if (event.type !== "image" || event.pass === undefined) yield event;
      else {
        yield { ...event, facts: { ...event.facts, nsfw: true } };
        await new Promise<void>(() => undefined);
      }
    }
  }
}

test.each([false, true])(
  "after a crash right behind a black picture, that is the end of it; only the last one is kept: %p",
  async (lastOnly) => {
    const folder = benchFolder();
    mkdirSync(join(folder, "models/inpaint"));
    copyFileSync(goldenPath("foreign/u2net.onnx"), join(folder, "models/inpaint/u2net.onnx"));
    const first = await openBench({ folder, engine: new Blackening() });
    const asked = {
      ...enhanced,
      image_number: 1,
      enhance_ctrls: [region({})],
      save_final_enhanced_image_only: lastOnly,
    };
    const { id } = await first.tasks.submit(asked);
    const state = join(folder, "outputs/.on-the-way", id, "0.json");
    while (!existsSync(state) || !readFileSync(state, "utf8").includes("nsfw")) await Bun.sleep(5);
    first.crash();
    const engine = new ScriptedEngine();
    const second = await openBench({ folder, engine });
    const { images, outcome } = await ended(second, id);
    expect(outcome).toBe("finished");
    expect(images.map(({ index, nsfw }) => [index, nsfw])).toEqual(
      lastOnly
        ? [[1, true]]
        : [
            [0, undefined],
            [1, true],
          ],
    );
    expect(engine.jobs).toEqual([]);
    expect(onTheWay(second)).toEqual([]);
    await second.close();
  },
);

test("what nobody asks for any more is forgotten when the server starts", async () => {
  const bench = await openBench();
  const { images } = await ended(bench, (await bench.tasks.submit(enhanced)).id);
  expect(images).toHaveLength(4);
  const stale = join(bench.folder, "outputs/.on-the-way/0123456789abcdef0123456789abcdef/0.json");
  await Bun.write(stale, "{}");
  bench.crash();
  const again = await openBench({ folder: bench.folder });
  expect(onTheWay(again)).toEqual([]);
  await again.close();
});
