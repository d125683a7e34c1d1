import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EnginesConfig, openEngines } from "#/engines.ts";
import { AppError } from "#/lib/errors.ts";
import { newTaskId } from "#/lib/task-id.ts";
import { smallRecipe } from "../support/small-recipe.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-engine-env-"));
const visible = process.env["CUDA_VISIBLE_DEVICES"];
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (visible === undefined) delete process.env["CUDA_VISIBLE_DEVICES"];
  else process.env["CUDA_VISIBLE_DEVICES"] = visible;
});

const config: EnginesConfig = {
  engines: [],
  isolation: "process",
  providers: [],
  cuda_libraries: "",
  weights: "in-place",
  memory_budget: 0,
  gpu_memory: 0,
  derived_cache: 0,
  threads: 0,
  log_level: "error",
  log_format: "text",
  hang_seconds: 0,
};

const namesOf = (engines: readonly string[]) =>
  openEngines({ ...config, engines: [...engines] }, [], []).map(({ name }) => name);

test("there is one engine, or one for each entry, numbered where several are the same", () => {
  expect(namesOf([])).toEqual(["engine"]);
  expect(namesOf(["cpu"])).toEqual(["cpu"]);
  expect(namesOf(["cuda:0", "cpu", "cuda:1", "cpu"])).toEqual(["cuda:0", "cpu#0", "cuda:1", "cpu#1"]);
});

test("several engines need a process each", () => {
  expect(() => openEngines({ ...config, engines: ["cpu", "cpu"], isolation: "thread" }, [], [])).toThrow(
    "leave isolation at process",
  );
  expect(openEngines({ ...config, engines: ["cpu"], isolation: "thread" }, [], [])).toHaveLength(1);
  expect(openEngines({ ...config, engines: ["cuda:0"], isolation: "thread" }, [], [])).toHaveLength(1);
  expect(() => openEngines({ ...config, engines: ["cuda:1"], isolation: "thread" }, [], [])).toThrow(
    "engines names cuda:1, and an engine in a thread takes the first card",
  );
});

test("a card's memory that was said in gigabytes is refused with what was meant", () => {
  const open = (gpu_memory: number) => openEngines({ ...config, gpu_memory }, [], []);
  expect(() => open(8)).toThrow("gpu_memory is said in bytes, and 8 are too few");
  expect(() => open(8)).toThrow("8 GB are 8589934592");
  expect([open(0).length, open(6 * 2 ** 30).length]).toEqual([1, 1]);
});

/** What an engine's process is told of the cards that it may use. */
async function cardsOf(entry: string): Promise<string> {
  const file = join(folder, crypto.randomUUID());
  const command = ["/bin/sh", "-c", `printf '%s' "$CUDA_VISIBLE_DEVICES" > ${file}`];
  const [engine] = openEngines({ ...config, engines: [entry] }, command, []);
  if (engine === undefined) throw new Error("there is no engine");
  const job = { type: "generate", id: newTaskId(), recipe: smallRecipe, inputs: [] } as const;
  const [last] = (await Array.fromAsync(engine.run(job))).slice(-1);
  expect(last).toMatchObject({ type: "settled", outcome: { error: { code: "worker-died" } } });
  await engine.close(0);
  return readFileSync(file, "utf8");
}

test("an engine sees the one card that its entry means, among those that the server sees", async () => {
  delete process.env["CUDA_VISIBLE_DEVICES"];
  expect([await cardsOf("cuda:0"), await cardsOf("cuda:3"), await cardsOf("cpu")]).toEqual(["0", "3", ""]);
  process.env["CUDA_VISIBLE_DEVICES"] = "2, GPU-5a";
  expect([await cardsOf("cuda:0"), await cardsOf("cuda:1")]).toEqual(["2", "GPU-5a"]);
  expect(() => openEngines({ ...config, engines: ["cuda:2"] }, [], [])).toThrow(AppError);
});
