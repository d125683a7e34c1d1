import { expect } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { pythonClient } from "../support/python-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";

const client = await pythonClient("webuiapi");

client.test("webuiapi, at A1111's door: all that it can ask for", async () => {
  const cancel = Promise.withResolvers<void>();
  const engine: ScriptedEngine = new ScriptedEngine({
    // The second of the pictures that are ended waits until it is, behind its first preview.
    beforeStep: ({ image, step }) =>
      image === 1 && step === 2 && engine.jobs.at(-1)?.recipe.images[0]?.seed === 1000n
        ? cancel.promise
        : undefined,
  });
  await using bench = await serveBench({ engine, keys: ["secret"] });
  for (const kind of ["checkpoints", "controlnet", "upscale_models"])
    cpSync(join(import.meta.dir, "../../models", kind), join(bench.folder, "models", kind), {
      recursive: true,
    });
  const { hostname, port } = new URL(bench.url);
  const seen = await client.run([hostname, port, "secret"], ({ saw }) => {
    if (saw === "asked to end") cancel.resolve();
  });
  expect(seen).toEqual([
    { saw: "no key", status: 401, detail: "Incorrect username or password" },
    {
      saw: "picture",
      sizes: [
        [64, 64],
        [64, 64],
      ],
      seeds: [7, 8],
      cfg: 5,
    },
    { saw: "img2img", size: [64, 64], strength: 0.5 },
    { saw: "inpaint", size: [64, 64], told: ["mask_blur 12"] },
    { saw: "controlnet", size: [64, 64] },
    { saw: "detect", size: [64, 64] },
    { saw: "controlnet lists", models: true, modules: true },
    {
      saw: "extras",
      size: [96, 96],
      batch: [
        [128, 128],
        [128, 128],
      ],
    },
    { saw: "png-info", steps: "4", seed: "7" },
    { saw: "hires", size: [64, 64], told: ["hr_upscaler"] },
    { saw: "models", current: true, samplers: true, schedulers: true },
    {
      saw: "lists",
      loras: ["sdxl_lightning_4step_lora"],
      vae: [],
      upscalers: ["None", "Lanczos"],
      styles: [],
      embeddings: { loaded: {}, skipped: {} },
      faces: [],
      hypernetworks: [],
      latent: [],
      esrgan: true,
      memory: ["cuda", "ram"],
      flags: true,
      refreshed: null,
    },
    { saw: "error", status: 422, where: ["body", "sampler_name"] },
    { saw: "progress", preview: "PNG", job: "scripts_txt2img", count: 3, moving: true },
    { saw: "asked to end" },
    { saw: "interrupted", pictures: 1, told: ["Interrupted: 1 of 3"] },
    { saw: "ready", skipped: null },
  ]);
});
