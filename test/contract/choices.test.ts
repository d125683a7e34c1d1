import { afterAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, putModel } from "../support/task-bench.ts";

const folder = benchFolder();
putModel(folder, "checkpoints/own.safetensors");
putModel(folder, "loras/glow.safetensors");
putModel(folder, "vae/soft.safetensors");
writeFileSync(
  join(folder, "models/checkpoints/own.json"),
  '{"default_guidance_scale": 5.5, "size_number": 512, "performance_loras": {"Lightning": "nowhere.safetensors"}}',
);
const presets = new Map([
  ["default", { default_model: "base.safetensors", default_cfg_scale: 3 }],
  ["glow", { default_loras: [[true, "glow.safetensors", 0.5]], default_sampler: "euler" }],
  ["gone", { default_model: "nowhere.safetensors" }],
] as const);
const bench = await serveBench({ folder, assets: { presets }, keys: ["key"] });
afterAll(() => bench.close());

const headers = { "x-api-key": "key" };
const choices = async (query = "") => await fetch(`${bench.url}/v1/engines/choices${query}`, { headers });
const read = async (query = "") => await (await choices(query)).json();

/** What a request is kept as that says only this. */
async function keptAs(body: object) {
  const request = { method: "POST", headers, body: JSON.stringify({ ...body, async_process: true }) };
  const { task_id } = await (await fetch(`${bench.url}/v1/engine/generate/`, request)).json();
  return (await (await fetch(`${bench.url}/tasks/${task_id}`, { headers })).json()).req_params;
}

test("names are those that are there, and what is missing is said", async () => {
  const { fields, presets: told, performances } = await read();
  expect(fields).toMatchObject({
    base_model_name: ["base.safetensors", "own.safetensors"],
    refiner_model_name: ["None", "base.safetensors", "own.safetensors"],
    vae_name: ["Default (model)", "soft.safetensors"],
    loras: ["glow.safetensors", "sdxl_lightning_4step_lora.safetensors"],
    preset: ["initial", "default", "glow", "gone"],
    output_format: ["png", "jpeg", "webp"],
  });
  expect(fields.sampler_name).toContain("uni_pc_bh2");
  expect(fields.scheduler_name).toContain("align_your_steps");
  expect(fields.aspect_ratios_selection).toContain("1152*896");
  expect(told).toMatchObject({ glow: null, gone: expect.stringContaining("nowhere.safetensors") });
  expect(performances.Lightning).toMatchObject({ steps: 4, lacks: null });
  expect(performances["Extreme Speed"].lacks).toContain("sdxl_lcm_lora.safetensors");
});

/** How an answer is to come; pictures, which a record has none of; and what every record says alike, as the reference's. */
const others =
  /^(async_process|input_image_checkbox|inpaint_advanced_masking_checkbox|webhook_url|.*_image|inpaint_mask_image_upload)$/;

test("what is meant by a request that says nothing else is what it is kept as", async () => {
  for (const said of [{}, { preset: "glow" }, { base_model_name: "own.safetensors" }]) {
    const { defaults } = await read(`?${new URLSearchParams(said)}`);
    const kept = await keptAs(said);
    const plain = Object.entries(defaults).filter(
      ([field, value]) => typeof value !== "object" && !others.test(field) && field !== "image_seed",
    );
    expect(plain.length).toBeGreaterThan(50);
    for (const [field, value] of plain) expect([field, kept[field]]).toEqual([field, value]);
    expect(defaults.style_selections).toEqual(kept.style_selections);
    expect(defaults.image_seed).toBe(-1);
    const used = defaults.loras.flatMap(({ enabled, model_name, weight }: Record<string, unknown>) => [
      enabled,
      model_name,
      weight,
    ]);
    expect(kept.loras.slice(0, used.length)).toEqual(used);
  }
});

test("a checkpoint's own sizes and LoRAs of modes count", async () => {
  const { fields, performances } = await read("?base_model_name=own.safetensors");
  expect(fields.aspect_ratios_selection).toContain("576*448");
  expect(performances.Lightning.lacks).toContain("nowhere.safetensors");
});

test("what a mode decides by itself is what a task is made with", async () => {
  const { performances } = await read();
  const said = { guidance_scale: 9, sampler_name: "heun", performance_selection: "Lightning" };
  const request = { method: "POST", headers, body: JSON.stringify(said) };
  const answer = await (await fetch(`${bench.url}/v1/engine/generate/`, request)).json();
  const { sets, steps } = performances.Lightning;
  const { guidance_scale, sharpness, sampler_name, scheduler_name } = sets;
  expect(answer.pictures[0]).toMatchObject({
    steps,
    guidance_scale,
    sharpness,
    sampler_name,
    scheduler_name,
  });
  expect(performances.Speed).toEqual({ steps: 30, sets: {}, lacks: null });
});

test("it is refused as the request would be, and without the key", async () => {
  for (const name of ["gone", "unheard"]) {
    const answer = await choices(`?preset=${name}`);
    expect(answer.status).toBe(422);
    expect((await answer.json()).detail[0].loc).toEqual(["body", "preset"]);
  }
  expect((await fetch(`${bench.url}/v1/engines/choices`)).status).toBe(403);
});
