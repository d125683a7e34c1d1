import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { GenerateRequest } from "#/api/generate.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import {
  type BenchOptions,
  benchFolder,
  openBench,
  putModel,
  small,
  type TaskBench,
} from "../../../support/task-bench.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const newFolder = (): string => {
  const folder = benchFolder();
  folders.push(folder);
  putModel(folder, "checkpoints/other.safetensors");
  putModel(folder, "loras/x.safetensors");
  return folder;
};

/** The world as it is when requests are accepted, and what became of it by the time they are made. */
const before = {
  presets: new Map([["default", { default_model: "base.safetensors", default_cfg_scale: 3 }]]),
  styles: [{ name: "Mine", prompt: "{prompt}, in oil", negative_prompt: "photo" }],
  wildcards: (name: string) => (name === "thing" ? ["a cat", "a dog", "a cow"] : undefined),
};
const after = {
  presets: new Map([["default", { default_model: "other.safetensors", default_cfg_scale: 9 }]]),
  styles: [{ name: "Mine", prompt: "{prompt}, in chalk", negative_prompt: "oil" }],
  wildcards: () => undefined,
};

const request: GenerateRequest = {
  ...small,
  prompt: "__thing__ and __thing__",
  style_selections: ["Mine"],
  image_number: 3,
  image_seed: 9_007_199_254_740_993n,
};

/** Accepts a request that waits, and ends the server. */
async function accepted(folder: string, said: GenerateRequest = request): Promise<TaskId> {
  const bench = await openBench({ folder, assets: before });
  await bench.tasks.pause(true);
  const { id } = await bench.tasks.submit(said);
  bench.crash();
  return id;
}

/** Makes what waits, in another world, and gives what the engine was told to make. */
async function made(folder: string, id: TaskId, options: BenchOptions = {}) {
  const engine = new ScriptedEngine();
  const bench: TaskBench = await openBench({
    folder,
    engine,
    assets: after,
    config: { noise: "cpu" },
    ...options,
  });
  await bench.tasks.pause(false);
  const task = await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  await bench.tasks.close(1000);
  await bench.history.close();
  return { task, recipe: engine.jobs[0]?.recipe };
}

/** What is made of it at once, in the world it was accepted in. */
async function expected(said: GenerateRequest = request) {
  const engine = new ScriptedEngine();
  const folder = newFolder();
  const bench = await openBench({ folder, engine, assets: before });
  const { id } = await bench.tasks.submit(said);
  await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  await bench.close();
  return engine.jobs[0]?.recipe;
}

/** Changes a history as somebody else would. */
function change(folder: string, statement: string): void {
  const database = new Database(join(folder, "outputs/db.sqlite3"));
  database.run(statement);
  database.close();
}

describe("a task that waited while the world changed", () => {
  test("is made of the recipe that it was accepted with, to the last digit of its seeds", async () => {
    const folder = newFolder();
    const { task, recipe } = await made(folder, await accepted(folder));
    expect(task?.state).toMatchObject({ status: "settled", outcome: "finished" });
    expect(recipe).toEqual((await expected()) as NonNullable<typeof recipe>);
    expect(recipe?.images[0]?.seed).toBe(9_007_199_254_740_993n);
    expect(recipe?.images[0]?.positive.texts.join()).toMatch(/a (cat|dog|cow) and a (cat|dog|cow), in oil/);
    expect(task?.warnings).toEqual([]);
  });

  test("is made of its recipe too where it waited in a server that went on", async () => {
    const held = gate();
    const wild = { cats: true };
    const engine = new ScriptedEngine({ beforeStep: () => held.passed });
    const wildcards = () => (wild.cats ? ["a cat"] : ["a dog"]);
    const bench = await openBench({ folder: newFolder(), engine, assets: { ...before, wildcards } });
    await bench.tasks.submit(small);
    const { id } = await bench.tasks.submit(request);
    wild.cats = false;
    held.open();
    await bench.tasks.settled(id, AbortSignal.timeout(120_000));
    expect(engine.jobs[1]?.recipe.images[0]?.positive.texts.join()).toContain("a cat and a cat");
    await bench.close();
  });

  test("goes on with its recipe after a crash in the middle", async () => {
    const folder = newFolder();
    const stuck = new ScriptedEngine({
      beforeStep: ({ image }) => (image === 1 ? new Promise(() => {}) : undefined),
    });
    const bench = await openBench({ folder, engine: stuck, assets: before });
    const { id } = await bench.tasks.submit(request);
    for await (const event of bench.tasks.watch(id, AbortSignal.timeout(120_000)))
      if (event.type === "image") break;
    bench.crash();
    const { recipe } = await made(folder, id);
    expect(recipe?.images).toEqual((await expected())?.images.slice(1) ?? []);
  });

  test("without a kept recipe, or with another version's, is made of its request as it is understood now", async () => {
    for (const statement of [
      "DELETE FROM fooocusd_recipe",
      "UPDATE fooocusd_recipe SET recipe = '{\"version\":0' || substr(recipe, instr(recipe, ','))",
    ]) {
      const folder = newFolder();
      const id = await accepted(folder);
      change(folder, statement);
      const { task, recipe } = await made(folder, id);
      expect(recipe).toMatchObject({ noise: "cpu" });
      expect(recipe?.images[0]?.positive.texts.join()).toContain("thing and thing, in chalk");
      expect(task?.warnings).toEqual(["There is no wildcard called thing; its bare name was drawn."]);
    }
  });

  test("whose kept recipe is damaged says so", async () => {
    for (const damaged of [
      "'{'",
      "'{}'",
      "replace(recipe, 'a c', 'a d')",
      "x'00ff'",
      "substr(recipe, 1, 90)",
    ]) {
      const folder = newFolder();
      const id = await accepted(folder, { ...request, prompt: "a cat, a cow" });
      change(folder, `UPDATE fooocusd_recipe SET recipe = ${damaged}`);
      const { task, recipe } = await made(folder, id);
      expect(task?.state).toMatchObject({ outcome: "finished" });
      expect(recipe).toMatchObject({ noise: "cpu" });
      expect(task?.warnings[0]).toStartWith("What was kept of this task when it was accepted is damaged");
    }
  });
});

describe("a file of a kept recipe that is gone by its turn", () => {
  const without = (folder: string, name: string): void => rmSync(join(folder, "models", name));

  test("fails the task with its name, whether request or default chose it", async () => {
    for (const said of [request, { ...request, base_model_name: "base.safetensors" }]) {
      const folder = newFolder();
      const id = await accepted(folder, said);
      without(folder, "checkpoints/base.safetensors");
      const { task, recipe } = await made(folder, id);
      expect(recipe).toBeUndefined();
      expect(task?.state).toMatchObject({ outcome: "failed", error: { code: "unknown-model" } });
    }
    const folder = newFolder();
    const loras = [{ enabled: true, model_name: "x.safetensors", weight: 1 }];
    const id = await accepted(folder, { ...request, loras });
    without(folder, "loras/x.safetensors");
    expect((await made(folder, id)).task?.state).toMatchObject({ error: { code: "unknown-model" } });
  });

  test("is left out with a warning if only a tag of the prompt named it; all else stays", async () => {
    const folder = newFolder();
    const said = { ...request, prompt: `${request.prompt} <lora:x:0.5>` };
    const id = await accepted(folder, said);
    without(folder, "loras/x.safetensors");
    const { task, recipe } = await made(folder, id);
    const whole = await expected(said);
    expect(whole?.loras).toEqual([{ name: "x.safetensors", weight: 0.5 }]);
    expect(recipe).toEqual({ ...(whole as NonNullable<typeof whole>), loras: [] });
    expect(task?.warnings).toEqual(["There is no LoRA called x; its tag in the prompt was dropped."]);
  });

  test("and one that was replaced by something unusable fails the task as it did", async () => {
    const folder = newFolder();
    const id = await accepted(folder);
    await Bun.write(join(folder, "models/checkpoints/base.safetensors"), "no model");
    const { task } = await made(folder, id);
    expect(task?.state).toMatchObject({ outcome: "failed" });
    expect(task?.state.status === "settled" && task.state.error?.message).toContain("base.safetensors");
  });
});

describe("requests whose recipes are large", () => {
  const prompt = `__thing__ ${"many words ".repeat(900)}`;

  test("are listed without reading them", async () => {
    const folder = newFolder();
    const bench = await openBench({ folder, assets: before });
    await bench.tasks.pause(true);
    for (let n = 0; n < 3; n += 1) await bench.tasks.submit({ ...request, prompt, image_number: 32 });
    const sizes = new Database(join(folder, "outputs/db.sqlite3"));
    const [row] = sizes
      .query<{ size: number }, []>("SELECT max(length(recipe)) AS size FROM fooocusd_recipe")
      .all();
    sizes.close();
    // A list that read them would find nothing to show.
    change(folder, "DROP TABLE fooocusd_recipe");
    expect(row?.size).toBeGreaterThan(prompt.length);
    expect(bench.tasks.pending()).toHaveLength(3);
    expect(await bench.history.page({ page: 0, pageSize: 10, without: [] })).toHaveLength(3);
    expect(await bench.history.range({ from: 0, to: Date.now() + 1000 })).toHaveLength(3);
    expect(await bench.history.unfinished()).toHaveLength(3);
    bench.crash();
  });
});
