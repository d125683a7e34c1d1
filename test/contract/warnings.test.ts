import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withShippedStyles } from "#/recipe/shipped.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, openBench, putModel } from "../support/task-bench.ts";
import { writeTinyCheckpoint } from "../support/tiny-models.ts";

const folder = benchFolder();
const said = { largest_pixels: 10_000, good_sizes: ["128*64", "64*128"] };
writeFileSync(join(folder, "models/checkpoints/base.json"), JSON.stringify(said));
const assets = {
  wildcards: (name: string) => (name === "color" || name === "flower" ? ["red"] : undefined),
  wildcardNames: () => ["color", "flower"],
  styles: withShippedStyles([]),
  presets: new Map([
    ["default", { default_model: "base.safetensors", default_styles: ["Fooocus V2", "Fooocus Sharp"] }],
    ["mine", { default_styles: ["Fooocus V2"] }],
  ]),
};
const bench = await serveBench({ folder, assets });
afterAll(() => bench.close());

const post = (body: unknown) =>
  fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) });
const get = async (path: string) => (await fetch(`${bench.url}${path}`)).json();

const tooLarge =
  "base.safetensors draws up to 10000 pixels well (128×64, 64×128); " +
  "at 256×192 things may come out repeated or scattered.";
const unexpanded =
  "The style Fooocus V2 (prompt expansion) was left out: its model is not there in models/prompt_expansion/fooocus_expansion.";
const large = { aspect_ratios_selection: "256*192", overwrite_step: 1 };
/** A PNG of one pixel. */
const dot =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const fitting = { aspect_ratios_selection: "128*64", overwrite_step: 1 };

test("a record says what is otherwise about its pictures, in every mode, and nothing where nothing is", async () => {
  const record = await (await post(large)).json();
  expect(record).toMatchObject({ task_status: "finished", warnings: [tooLarge] });
  expect(record.result).toHaveLength(1);
  expect(await get(`/tasks/${record.task_id}`)).toMatchObject({ warnings: [tooLarge] });
  const accepted = await (await post({ ...large, async_process: true })).json();
  expect(accepted).toMatchObject({ id: -1, task_status: "pending", warnings: [tooLarge] });
  for (const body of [fitting, { ...fitting, async_process: true }])
    expect(Object.keys(await (await post(body)).json())).not.toContain("warnings");
});

test("a file beside a checkpoint that cannot be understood is told, by its name alone", async () => {
  putModel(folder, "checkpoints/odd.safetensors");
  writeFileSync(join(folder, "models/checkpoints/odd.json"), '{"prediction_type": "v",}');
  const { warnings } = await (await post({ ...fitting, base_model_name: "odd.safetensors" })).json();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toStartWith("odd.json is not JSON and is passed over: ");
});

test("an event stream says it in its last event, the live channel with the end", async () => {
  const last = async (body: unknown) => {
    const events = (await (await post({ ...Object(body), stream_output: true })).text()).split("\r\n\r\n");
    return JSON.parse(events.at(-2)?.split("\r\n")[0]?.slice(6) ?? "");
  };
  expect(await last(large)).toMatchObject({ message: "Finished", warnings: [tooLarge] });
  expect(Object.keys(await last(fitting))).toEqual(["progress", "preview", "message", "images"]);
  const { task_id } = await (await post({ ...large, async_process: true })).json();
  const log = await (await fetch(`${bench.url}/tasks/${task_id}/events`)).text();
  const settled = /^data: (\{.*"type":"settled".*\})$/m.exec(log)?.[1] ?? "{}";
  expect(JSON.parse(settled)).toMatchObject({ status: "finished", warnings: [tooLarge] });
});

test("a style that cannot be applied is spoken of where the client asked for it, by itself or by a preset", async () => {
  const warnings = async (body: unknown) =>
    (await (await post({ ...fitting, ...Object(body) })).json()).warnings;
  expect(await warnings({})).toBeUndefined();
  expect(await warnings({ style_selections: ["Fooocus V2", "Fooocus Sharp"] })).toEqual([unexpanded]);
  expect(await warnings({ preset: "mine" })).toEqual([unexpanded]);
  expect(await warnings({ preset: "mine", style_selections: [] })).toBeUndefined();
  expect(await warnings({ ...large, style_selections: ["Fooocus V2"] })).toEqual([tooLarge, unexpanded]);
});

test("a field that nobody knows is told with the one that was meant, at every depth and by every way in", async () => {
  const misspelt = { ...fitting, inpaint_mask_image_uplaod: "x", controlnet_image: [{ cn_image: "y" }] };
  const warning =
    "There are no such fields: inpaint_mask_image_uplaod (here: inpaint_mask_image_upload), " +
    "controlnet_image.0.cn_image (here: cn_img); they were passed over.";
  const record = await (await post(misspelt)).json();
  expect(record.warnings).toEqual([warning]);
  expect(await get(`/tasks/${record.task_id}`)).toMatchObject({ warnings: [warning] });
  const moved = await (
    await post({ ...fitting, input_image: "x", inpaint_mask_upload_checkbox: true })
  ).json();
  expect(moved.warnings).toEqual([
    "There is no field input_image (here: uov_input_image or inpaint_input_image); it was passed over.",
  ]);
});

test("a picture that took no part is told", async () => {
  const { warnings } = await (
    await post({ ...fitting, uov_input_image: dot, inpaint_mask_image_upload: dot })
  ).json();
  expect(warnings).toEqual([
    "uov_input_image took no part: uov_method is Disabled; name a method to vary or upscale it.",
    "inpaint_mask_image_upload took no part: there is no picture in inpaint_input_image that it could be the mask of.",
  ]);
});

test("a wildcard that has no lines is spoken of", async () => {
  const warnings = async (more: unknown) =>
    (await (await post({ ...fitting, ...Object(more) })).json()).warnings;
  expect(await warnings({ prompt: "a __nowhere__ and a __nowhere__" })).toEqual([
    "There is no wildcard called nowhere (similar: flower); its bare name was drawn.",
  ]);
  expect(await warnings({ prompt: "__colour__ __color__", negative_prompt: "__flow__" })).toEqual([
    "There is no wildcard called colour (similar: color); its bare name was drawn.",
    "There is no wildcard called flow (similar: flower); its bare name was drawn.",
  ]);
});

test("of more wildcards than a few without lines one sentence tells", async () => {
  const prompt = ["a", "b", "c", "d", "e", "f"].map((name) => `__${name}__`).join(" ");
  expect((await (await post({ ...fitting, prompt })).json()).warnings).toEqual([
    "There are no wildcards called a, b, c, d, e, f; their bare names were drawn.",
  ]);
});

test("a tag of the prompt that names no LoRA is spoken of", async () => {
  const record = await (await post({ ...fitting, prompt: "a cat <lora:nowhere:1>" })).json();
  expect(record.warnings).toEqual(["There is no LoRA called nowhere; its tag in the prompt was dropped."]);
});

test("a task keeps its warnings over a restart", async () => {
  const own = benchFolder();
  writeFileSync(join(own, "models/checkpoints/base.json"), JSON.stringify(said));
  const before = await openBench({ folder: own, assets });
  await before.tasks.pause(true);
  const { id } = await before.tasks.submit(large);
  before.crash();
  const after = await openBench({ folder: own, assets });
  expect(await after.tasks.find(id)).toMatchObject({ state: { status: "pending" }, warnings: [tooLarge] });
  await after.tasks.pause(false);
  await after.tasks.settled(id, AbortSignal.timeout(120_000));
  expect(await after.history.find(id)).toMatchObject({ state: { status: "settled" }, warnings: [tooLarge] });
  await after.close();
});

test("a size that is no multiple of eight came out smaller without a word", async () => {
  const { warnings } = await (await post({ aspect_ratios_selection: "100*67", overwrite_step: 1 })).json();
  expect(warnings).toEqual(["Sides are multiples of 8 pixels: 100×67 is drawn as 96×64."]);
  const overwritten = { ...fitting, overwrite_width: 65, overwrite_height: 72 };
  expect((await (await post(overwritten)).json()).warnings).toEqual([
    "Sides are multiples of 8 pixels: 65×72 is drawn as 64×72.",
  ]);
});

test("a text that does not fit into a JPEG was left out without a word", async () => {
  const long = { ...fitting, prompt: `a ${"very ".repeat(9000)}long prompt`, style_selections: [] };
  const warnings = async (body: object) => (await (await post({ ...long, ...body })).json()).warnings;
  const told =
    "The text about its making does not fit into a JPEG and is left out; output_format png or webp has room for it.";
  for (const output_format of ["jpg", "jpeg"]) expect(await warnings({ output_format })).toEqual([told]);
  expect(await warnings({ output_format: "jpeg", metadata_scheme: "a1111" })).toEqual([told]);
  for (const output_format of ["png", "webp"]) expect(await warnings({ output_format })).toBeUndefined();
  expect(await warnings({ output_format: "jpeg", prompt: "short" })).toBeUndefined();
  expect(await warnings({ output_format: "jpeg", save_metadata_to_images: false })).toBeUndefined();
  // And so it is.
  const { result } = await (await post({ ...long, output_format: "jpeg" })).json();
  const read = await fetch(`${bench.url}/v1/tools/read-metadata`, {
    method: "POST",
    body: JSON.stringify({ image: result[0] }),
  });
  expect((await read.json()).detail[0].type).toBe("no_metadata");
});

describe("how a checkpoint is asked", () => {
  writeTinyCheckpoint(join(folder, "models/checkpoints/marked.safetensors"), { v_pred: [0] });
  putModel(folder, "checkpoints/noob-vpred.safetensors");
  putModel(folder, "checkpoints/settled-vpred.safetensors");
  writeFileSync(
    join(folder, "models/checkpoints/settled-vpred.json"),
    JSON.stringify({ prediction_type: "v_prediction" }),
  );
  const told = async (more: object) =>
    (await (await post({ ...fitting, style_selections: [], ...more })).json()).warnings;

  test("turbo made ten steps of thirty without a word", async () => {
    const warning = "turbo with euler makes 1 to 10 steps: 10 are made where 30 were asked for.";
    const turbo = { scheduler_name: "turbo", sampler_name: "euler", overwrite_step: 30 };
    expect(await told(turbo)).toEqual([warning]);
    expect(await told({ ...turbo, async_process: true })).toEqual([warning]);
    expect(await told({ ...turbo, overwrite_step: 10 })).toBeUndefined();
  });

  test("a schedule that asks a v-prediction checkpoint for noise, as the reference does too", async () => {
    const warning =
      "marked.safetensors predicts v, but the schedule lcm asks it as if it predicted noise: its pictures will be wrong. Choose another scheduler_name or performance_selection.";
    const lcm = { base_model_name: "marked.safetensors", scheduler_name: "lcm", sampler_name: "lcm" };
    expect(await told(lcm)).toEqual([warning]);
    expect(await told({ ...lcm, async_process: true })).toEqual([warning]);
    expect(await told({ ...lcm, scheduler_name: "karras" })).toBeUndefined();
    expect(await told({ ...lcm, base_model_name: "settled-vpred.safetensors" })).toEqual([
      warning.replace("marked", "settled-vpred"),
    ]);
  });

  test("a name that hints at v-prediction, until the file beside it decides", async () => {
    expect(await told({ base_model_name: "noob-vpred.safetensors" })).toEqual([
      "noob-vpred.safetensors may want v-prediction, as its name hints, but has no mark that says so: it is drawn with noise prediction. If that is wrong, a JSON file beside it can decide otherwise (prediction_type: v).",
    ]);
    expect(await told({ base_model_name: "settled-vpred.safetensors" })).toBeUndefined();
  });
});
