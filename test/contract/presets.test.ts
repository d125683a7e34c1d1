import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import presetFile from "#/assets/presets/presets.json";
import type { Preset } from "#/recipe/preset.ts";
import { withShippedStyles } from "#/recipe/shipped.ts";
import { startMain } from "../support/main-process.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, putModel } from "../support/task-bench.ts";

const shipped: Readonly<Record<string, Preset>> = JSON.parse(JSON.stringify(presetFile));
const folder = benchFolder();
const put = (name: string): string => putModel(folder, name);
for (const { default_model, default_vae, default_loras = [], default_refiner } of Object.values(shipped)) {
  for (const name of [default_model, default_refiner]) if (name !== "None") put(`checkpoints/${name}`);
  if (default_vae !== undefined) put(`vae/${default_vae}`);
  for (const [, name] of default_loras) if (name !== "None") put(`loras/${name}`);
}
for (const mode of ["sdxl_lcm_lora", "sdxl_lightning_4step_lora"]) put(`loras/${mode}.safetensors`);
put("checkpoints/old.safetensors");
put("checkpoints/own.safetensors");
writeFileSync(
  join(folder, "models/checkpoints/own.json"),
  '{"default_guidance_scale": 5.5, "default_aspect_ratio": "128*64"}',
);

const extra: Readonly<Record<string, Preset>> = {
  older: { default_model: "new.safetensors", previous_default_models: ["gone", "old.safetensors"] },
  full: {
    default_loras: [[true, "SDXL_FILM_PHOTOGRAPHY_STYLE_V1.safetensors", 0.5]],
    default_overwrite_step: 3,
    default_inpaint_engine_version: "v1",
    default_cfg_tsnr: 9,
    default_clip_skip: 3,
  },
  "no model": { default_model: "nowhere.safetensors" },
  "no lora": { default_loras: [[true, "nowhere.safetensors", 1]] },
  "no vae": { default_vae: "nowhere.safetensors" },
};
const assets = {
  presets: new Map(Object.entries({ ...shipped, ...extra })),
  styles: withShippedStyles([]),
};
const bench = await serveBench({ folder, assets });
afterAll(() => bench.close());

const post = async (body: object) => {
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    body: JSON.stringify({ overwrite_width: 64, overwrite_height: 64, async_process: true, ...body }),
  });
  return { status: answer.status, body: await answer.json() };
};
const stored = async (body: object) => {
  const { body: accepted } = await post(body);
  return (await (await fetch(`${bench.url}/tasks/${accepted.task_id}`)).json()).req_params;
};
const refusal = async (body: object) => {
  const { status, body: answer } = await post(body);
  return { status, ...answer.detail?.[0] };
};

describe("every preset of the reference", () => {
  for (const [name, preset] of Object.entries(shipped)) {
    test(`${name}: its values are the request's, CFG as guidance, LoRAs included`, async () => {
      expect(await stored({ preset: name })).toMatchObject({
        preset: name,
        base_model_name: preset.default_model,
        refiner_model_name: preset.default_refiner,
        refiner_switch: preset.default_refiner_switch,
        guidance_scale: preset.default_cfg_scale,
        adaptive_cfg: 7,
        sharpness: preset.default_sample_sharpness,
        sampler_name: preset.default_sampler,
        scheduler_name: preset.default_scheduler,
        performance_selection: preset.default_performance,
        prompt: preset.default_prompt,
        negative_prompt: preset.default_prompt_negative,
        style_selections: preset.default_styles,
        aspect_ratios_selection: preset.default_aspect_ratio?.replace("*", "×"),
        overwrite_step: preset.default_overwrite_step ?? -1,
        vae_name: preset.default_vae ?? "Default (model)",
        inpaint_engine: preset.default_inpaint_engine_version ?? "v2.6",
        loras: preset.default_loras?.flat(),
      });
    });
  }
});

test("what the body says wins over its preset, also where it says the default", async () => {
  const said = {
    guidance_scale: 4,
    style_selections: ["Fooocus Sharp"],
    loras: [],
    base_model_name: "old.safetensors",
  };
  expect(await stored({ preset: "anime", ...said })).toMatchObject({
    ...said,
    loras: Array.from({ length: 5 }, () => [true, "None", 1]).flat(),
    aspect_ratios_selection: "896×1152",
  });
});

test("LoRAs, steps, inpaint engine, TSNR and clip skip of a preset count too", async () => {
  const { loras, ...params } = await stored({ preset: "full" });
  expect(params).toMatchObject({ overwrite_step: 3, inpaint_engine: "v1", adaptive_cfg: 9, clip_skip: 3 });
  expect(loras.slice(0, 3)).toEqual([true, "SDXL_FILM_PHOTOGRAPHY_STYLE_V1.safetensors", 0.5]);
});

test("initial is no preset; a name nobody knows is refused, with those that are near", async () => {
  expect((await stored({ preset: "initial" })).guidance_scale).toBe((await stored({})).guidance_scale);
  const { status, type, loc, msg } = await refusal({ preset: "animee" });
  expect([status, type, loc]).toEqual([422, "value_error", ["body", "preset"]]);
  expect(msg).toContain("anime");
  for (const name of ["../x", "presets/anime", "anime.json", ""])
    expect((await refusal({ preset: name })).status).toBe(422);
});

test("of its checkpoint an older version will do; a file that is not there refuses the preset by name", async () => {
  expect((await stored({ preset: "older" })).base_model_name).toBe("old.safetensors");
  for (const [preset, field, value] of [
    ["no model", "base_model_name", "old.safetensors"],
    ["no lora", "loras", []],
    ["no vae", "vae_name", "Default (model)"],
  ] as const) {
    const { status, type, loc, msg } = await refusal({ preset });
    expect([status, type, loc]).toEqual([422, "value_error", ["body", "preset"]]);
    expect(msg).toContain("nowhere.safetensors");
    expect(msg).toContain(field);
    expect((await post({ preset, [field]: value })).status).toBe(200);
  }
});

test("what a checkpoint says of itself counts for the requests that name it", async () => {
  const { overwrite_width: _, ...own } = await stored({ base_model_name: "own.safetensors" });
  expect(own).toMatchObject({ guidance_scale: 5.5, aspect_ratios_selection: "128×64" });
  expect((await stored({ base_model_name: "own.safetensors", guidance_scale: 4 })).guidance_scale).toBe(4);
  expect((await stored({ base_model_name: "own.safetensors", preset: "anime" })).guidance_scale).toBe(6);
  expect((await stored({ base_model_name: "old.safetensors" })).guidance_scale).toBe(4);
});

test("a Fooocus folder's styles, presets, wildcards and config.txt are taken up, and win over ours", async () => {
  const root = mkdtempSync(join(tmpdir(), "fooocusd-folder-"));
  const write = (path: string, value: unknown): void => {
    mkdirSync(join(root, "F", path, ".."), { recursive: true });
    writeFileSync(join(root, "F", path), typeof value === "string" ? value : JSON.stringify(value));
  };
  write("sdxl_styles/mine.json", [{ name: "my-style", prompt: "mine {prompt}", negative_prompt: "" }]);
  write("presets/anime.json", { default_cfg_scale: 9, default_model: "fooocusd-demo.safetensors" });
  write("presets/mine.json", {
    default_loras: [["None", 1]],
    default_cfg_scale: "much",
    default_sample_sharpness: 7,
    default_model: "fooocusd-demo.safetensors",
  });
  write("config.txt", { default_sample_sharpness: 3, path_wildcards: "lists" });
  write("lists/color.txt", "mauve\n");
  const models = join(import.meta.dir, "../../models");
  const { output, stop } = await startMain(
    root,
    "--port",
    "0",
    "--fooocus",
    join(root, "F"),
    "--models",
    models,
  );
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output.text)?.[0] ?? "";
  const styles = await (await fetch(`${url}/v1/engines/styles`)).json();
  expect(styles.at(-1)).toBe("My Style");
  const make = async (body: object) => {
    const small = {
      overwrite_width: 64,
      overwrite_height: 64,
      overwrite_step: 1,
      style_selections: ["My Style"],
    };
    const answer = await fetch(`${url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify({ ...small, prompt: "__color__", ...body }),
    });
    return await answer.json();
  };
  const { req_params, result } = await make({ preset: "mine" });
  expect(req_params).toMatchObject({ sharpness: 7, guidance_scale: 4, preset: "mine" });
  const read = await fetch(`${url}/v1/tools/read-metadata`, {
    method: "POST",
    body: JSON.stringify({ image: result[0] }),
  });
  expect((await read.json()).values).toMatchObject({ prompt: "mauve", full_prompt: ["mine mauve"] });
  expect((await make({ preset: "anime" })).req_params).toMatchObject({ guidance_scale: 9, sharpness: 3 });
  await stop();
  expect(output.text).toContain("presets/mine.json: default_cfg_scale cannot be");
  rmSync(root, { recursive: true, force: true });
}, 300_000);
