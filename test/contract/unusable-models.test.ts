import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { liveClient } from "../support/live-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, openBench, putModel, small, storyOf, type TaskBench } from "../support/task-bench.ts";
import { writeShapes, writeTinyCheckpoint, writeTinyLora } from "../support/tiny-models.ts";

setDefaultTimeout(300_000);

/** Real files, none of which can do what its folder says. */
const foreign = new Map([["transformer.single_blocks.0.weight", [64, 64]]]);
const loha = new Map([["lora_unet_input_blocks_4_1_proj_in.hada_w1_a", [64, 8]]]);
const folder = benchFolder();
const pathOf = (name: string): string => {
  const path = join(folder, "models", name);
  mkdirSync(dirname(path), { recursive: true });
  return path;
};
writeShapes(pathOf("checkpoints/sub/foreign.safetensors"), foreign);
writeFileSync(pathOf("checkpoints/text.safetensors"), "not a model at all, but long enough for a header");
writeFileSync(pathOf("checkpoints/pickle.safetensors"), "PK\x03\x04 and so on, long enough");
writeShapes(pathOf("vae/foreign.safetensors"), foreign);
writeShapes(pathOf("loras/sub/loha.safetensors"), loha);
writeShapes(pathOf("loras/other.safetensors"), new Map([["lora_unet_nothing.lora_down.weight", [2, 400]]]));
writeShapes(pathOf("loras/sdxl_lcm_lora.safetensors"), loha);
putModel(folder, "loras/good.safetensors");
putModel(folder, "vae/good.safetensors");

const presets = new Map([
  ["default", { default_model: "base.safetensors" }],
  ["bad base", { default_model: "text.safetensors" }],
  ["bad vae", { default_vae: "foreign.safetensors" }],
  ["bad lora", { default_loras: [[true, "sub/loha.safetensors", 1]] as const }],
  ["bad mode", { default_performance: "Extreme Speed" as const }],
  ["bad tag", { default_prompt: "a cat <lora:loha:1>" }],
]);
const engine = new ScriptedEngine();
const bench = await serveBench({ folder, engine, assets: { presets } });
afterAll(() => bench.close());

const body = { ...small, image_seed: 7 };
const slot = (model_name: string, enabled = true) => ({ enabled, model_name, weight: 1 });
const sendTo = async (url: string, path: string, request: unknown) => {
  const answer = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return { status: answer.status, body: await answer.json() };
};
const post = (request: object, of: { url: string } = bench) =>
  sendTo(of.url, "/v1/engine/generate/", { ...body, ...request });

/** What a refusal says, once it is one. */
const refusal = async (request: object, of?: { url: string }) => {
  const { status, body: answer } = await post(request, of);
  expect(status).toBe(422);
  expect(answer.detail).toHaveLength(1);
  const { type, loc, msg, input, ctx } = answer.detail[0];
  expect([type, ctx.error]).toEqual(["value_error", "unusable-model"]);
  expect(msg).not.toContain(folder);
  return { loc: loc.slice(1), msg, input, cause: ctx.cause };
};

describe("a file that cannot be used is refused when the request comes", () => {
  const cases: readonly (readonly [string, object, readonly unknown[], string, string])[] = [
    [
      "a checkpoint of another kind",
      { base_model_name: "sub/foreign.safetensors" },
      ["base_model_name"],
      "layout-unsupported",
      "sub/foreign.safetensors",
    ],
    ["no model at all", { base_model_name: "text.safetensors" }, ["base_model_name"], "header-invalid", ""],
    ["a pickle", { base_model_name: "pickle.safetensors" }, ["base_model_name"], "header-invalid", ""],
    ["a VAE", { vae_name: "foreign.safetensors" }, ["vae_name"], "layout-unsupported", ""],
    [
      "a LoRA of another family",
      { loras: [slot("good.safetensors"), slot("sub/loha.safetensors")] },
      ["loras", 1, "model_name"],
      "lora-unsupported",
      "sub/loha.safetensors",
    ],
    [
      "a LoRA for another architecture",
      { loras: [slot("other.safetensors")] },
      ["loras", 0, "model_name"],
      "lora-unsupported",
      "",
    ],
    ["a tag's", { prompt: "a cat <lora:loha:0.5>" }, ["prompt"], "lora-unsupported", "sub/loha.safetensors"],
    [
      "a mode's",
      { performance_selection: "Extreme Speed" },
      ["performance_selection"],
      "lora-unsupported",
      "sdxl_lcm_lora.safetensors",
    ],
  ];
  for (const [what, request, loc, cause, name] of cases) {
    test(what, async () => {
      const refused = await refusal(request);
      expect(refused).toMatchObject({ loc, cause });
      expect(refused.msg).toContain(name);
      expect(refused.msg).toContain(String(loc[0]));
    });
  }

  test("what a preset chose is the preset's, and what the body says instead of it counts", async () => {
    for (const [preset, field, instead] of [
      ["bad base", "base_model_name", "base.safetensors"],
      ["bad vae", "vae_name", "Default (model)"],
      ["bad lora", "loras", []],
      ["bad mode", "performance_selection", "Speed"],
      ["bad tag", "prompt", "a cat"],
    ] as const) {
      const { prompt: _, ...unprompted } = body;
      const answer = await sendTo(bench.url, "/v1/engine/generate/", { ...unprompted, preset });
      expect(answer).toMatchObject({
        status: 422,
        body: { detail: [{ loc: ["body", "preset"], input: preset, ctx: { error: "unusable-model" } }] },
      });
      expect(answer.body.detail[0].msg).toContain(`say ${field} yourself`);
      expect((await post({ preset, [field]: instead })).status).toBe(200);
    }
  });

  test("a link's own name is told, not the file's that it leads to", async () => {
    const real = join(folder, "0a1b (copy) [2].safetensors");
    writeShapes(real, foreign);
    symlinkSync(real, pathOf("checkpoints/shown.safetensors"));
    const { msg } = await refusal({ base_model_name: "shown.safetensors" });
    expect(msg).toStartWith("shown.safetensors is not an SDXL base model");
    expect(msg).not.toContain("0a1b");
  });

  test("nothing of a refused request is kept, and a switched-off LoRA is not looked at", async () => {
    const { seq } = bench.tasks;
    await refusal({ loras: [slot("sub/loha.safetensors")] });
    expect(bench.tasks.seq).toBe(seq);
    const { status, body: record } = await post({ loras: [slot("sub/loha.safetensors", false)] });
    expect([status, record.task_status]).toEqual([200, "finished"]);
  });

  test("the live channel names the field too", async () => {
    const client = await liveClient(bench.url);
    const request = { ...body, loras: [slot("sub/loha.safetensors")] };
    expect(await client.ask({ type: "generate", request })).toMatchObject({
      type: "error",
      code: "unusable-model",
      field: "request.loras.0.model_name",
    });
    client.close();
  });

  test("the legacy API: unknown names give way, a known file that cannot be used is refused in its shape", async () => {
    const path = "/v1/generation/text-to-image";
    const legacy = {
      prompt: "a cat",
      aspect_ratios_selection: "64*64",
      advanced_params: { overwrite_step: 1 },
    };
    expect((await sendTo(bench.url, path, { ...legacy, base_model_name: "gone" })).status).toBe(200);
    const sent = { ...legacy, base_model_name: "text.safetensors" };
    expect(await sendTo(bench.url, path, sent)).toMatchObject({
      status: 422,
      body: {
        detail: [
          { loc: ["body", "base_model_name"], ctx: { error: "unusable-model", cause: "header-invalid" } },
        ],
        body: sent,
      },
    });
  });
});

test("a server's own default that cannot be used is said to be the server's", async () => {
  await using own = await serveBench({
    folder: benchFolder(),
    assets: {
      presets: new Map([
        ["default", { default_model: "x.safetensors", default_loras: [[true, "y.safetensors", 1]] }],
      ]),
    },
  });
  const file = (name: string) => join(own.folder, "models", name);
  writeShapes(file("loras/y.safetensors"), loha);
  writeShapes(file("checkpoints/x.safetensors"), foreign);
  const base = await refusal({}, own);
  expect(base.loc).toEqual(["base_model_name"]);
  expect(base.msg).toContain("This server's default checkpoint x.safetensors cannot be used.");
  const lora = await refusal({ base_model_name: "base.safetensors" }, own);
  expect(lora.loc).toEqual(["loras"]);
  expect(lora.msg).toContain("say loras yourself ([] for none)");
  expect((await post({ base_model_name: "base.safetensors", loras: [] }, own)).status).toBe(200);
  // A file that was mended is seen at the next request.
  writeTinyCheckpoint(file("checkpoints/x.new"));
  renameSync(file("checkpoints/x.new"), file("checkpoints/x.safetensors"));
  expect((await post({ loras: [] }, own)).status).toBe(200);
});

test("what a file has and nobody uses is in the record's warnings, in every mode", async () => {
  writeTinyLora(pathOf("loras/more.safetensors"), {
    "lora_unet_elsewhere.lora_down.weight": [2, 64],
    "lora_unet_elsewhere.lora_up.weight": [64, 2],
  });
  const request = { loras: [slot("more.safetensors"), slot("more.safetensors")] };
  const { body: record } = await post(request);
  expect(record.warnings).toHaveLength(1);
  expect(record.warnings[0]).toContain("more.safetensors");
  expect((await post({ ...request, async_process: true })).body.warnings).toEqual(record.warnings);
  const client = await liveClient(bench.url);
  await client.ask({ type: "generate", request: { ...body, ...request } });
  const settled = await client.until(({ type }) => type === "settled");
  expect(settled["warnings"]).toEqual(record.warnings);
  client.close();
  expect((await post({})).body.warnings).toBeUndefined();
});

describe("a file that is replaced while its task waits", () => {
  const ended = async ({ tasks }: TaskBench, id: TaskId) => {
    const task = await tasks.settled(id, AbortSignal.timeout(120_000));
    return task?.state.status === "settled" ? task.state : undefined;
  };
  const request = { ...small, loras: [{ enabled: true, model_name: "mine.safetensors", weight: 1 }] };

  /** A folder whose `mine.safetensors` was taken at submit, and is a file of another family since. */
  const replaced = async (bench: TaskBench): Promise<readonly [TaskId, TaskId]> => {
    const mine = putModel(bench.folder, "loras/mine.safetensors");
    await bench.tasks.pause(true);
    const doomed = await bench.tasks.submit(request);
    const other = await bench.tasks.submit(small);
    renameSync(writeShapes(`${mine}.new`, loha), mine);
    return [doomed.id, other.id];
  };

  test("fails that task by the file's name, and no other", async () => {
    const engine = new ScriptedEngine();
    const own = await openBench({ engine });
    const [doomed, other] = await replaced(own);
    await own.tasks.pause(false);
    const state = await ended(own, doomed);
    expect(state).toMatchObject({ outcome: "failed", error: { code: "lora-unsupported" } });
    expect(state?.error?.message).toStartWith("mine.safetensors cannot be used as a LoRA");
    expect((await ended(own, other))?.outcome).toBe("finished");
    expect(engine.jobs.map(({ id }) => id)).toEqual([other]);
    await own.close();
  });

  test("or tells in its record what is otherwise by then, kept over a restart", async () => {
    const own = benchFolder();
    const bench = await openBench({ folder: own });
    const tagged = putModel(own, "loras/tagged.safetensors");
    await bench.tasks.pause(true);
    const { id, warnings } = await bench.tasks.submit({ ...small, prompt: "a circle <lora:tagged:1>" });
    const { id: other } = await bench.tasks.submit(small);
    expect(warnings).toEqual([]);
    rmSync(tagged);
    const told = ["There is no LoRA called tagged; its tag in the prompt was dropped."];
    await bench.tasks.pause(false);
    const events = await storyOf(bench.tasks, id);
    expect(events.at(-1)).toMatchObject({ type: "settled", status: "finished", warnings: told });
    expect((await ended(bench, other))?.outcome).toBe("finished");
    expect(
      await Promise.all([id, other].map(async (one) => (await bench.tasks.find(one))?.warnings)),
    ).toEqual([told, []]);
    bench.crash();
    const after = await openBench({ folder: own });
    expect((await after.tasks.find(id))?.warnings).toEqual(told);
    await after.close();
  });

  test("also over a restart", async () => {
    const own = benchFolder();
    const before = await openBench({ folder: own });
    const [doomed, other] = await replaced(before);
    before.crash();
    const after = await openBench({ folder: own });
    await after.tasks.pause(false);
    expect(await ended(after, doomed)).toMatchObject({
      outcome: "failed",
      error: { code: "lora-unsupported" },
    });
    expect((await ended(after, other))?.outcome).toBe("finished");
    await after.close();
    rmSync(own, { recursive: true, force: true });
  });
});
