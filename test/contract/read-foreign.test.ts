import { afterAll, describe, expect, test } from "bun:test";
import sharp from "sharp";
import { pngWithTexts } from "#/image/png-text.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, putModel } from "../support/task-bench.ts";

const folder = benchFolder();
for (const name of [
  "checkpoints/sub/juggernautXL_v8.1.safetensors",
  "loras/sub/neon.safetensors",
  "vae/sdxl_vae.safetensors",
])
  putModel(folder, name);
const bench = await serveBench({ folder });
afterAll(() => bench.close());

const plain = await sharp({ create: { width: 8, height: 8, channels: 3, background: "teal" } })
  .png()
  .toBuffer();
const read = async (parameters: string) => {
  const body = new Blob([new Uint8Array(pngWithTexts(plain, { parameters }))]);
  const answer = await fetch(`${bench.url}/v1/tools/read-metadata`, { method: "POST", body });
  return { status: answer.status, ...(await answer.json()) };
};
const a1111 = (pairs: string) => read(`a cat\nSteps: 20, Seed: 42, CFG scale: 7, Size: 64x64, ${pairs}`);

describe("names of models", () => {
  for (const [said, found] of [
    ["juggernautXL_v8.1", "sub/juggernautXL_v8.1.safetensors"],
    ["juggernautXL_v8.1.safetensors", "sub/juggernautXL_v8.1.safetensors"],
    ["sub/juggernautXL_v8.1", "sub/juggernautXL_v8.1.safetensors"],
    ["sub\\juggernautXL_v8.1.safetensors", "sub/juggernautXL_v8.1.safetensors"],
    ["other\\juggernautXL_v8.1", "sub/juggernautXL_v8.1.safetensors"],
    ["gone", "gone.safetensors"],
    ["gone.safetensors", "gone.safetensors"],
    ["gone.ckpt", "gone.ckpt"],
    ["gone_v1.5", "gone_v1.5.safetensors"],
  ] as const) {
    test(`${said} is ${found}: its extension was doubled, its folder was part of it`, async () => {
      const { request, warnings } = await a1111(`Model: ${said}, Sampler: Euler, Schedule type: Karras`);
      expect(request.base_model_name).toBe(found);
      const refused = warnings.filter((text: string) => text.includes("There is no checkpoint called"));
      expect(refused).toHaveLength(said.startsWith("gone") && !said.endsWith(".ckpt") ? 1 : refused.length);
    });
  }

  test("a VAE with its extension, and the names for none", async () => {
    const vae = async (said: string) =>
      (await a1111(`Model: base, Sampler: Euler Karras, VAE: ${said}`)).request.vae_name;
    expect(await vae("sdxl_vae.safetensors")).toBe("sdxl_vae.safetensors");
    expect([await vae("None"), await vae("Automatic")]).toEqual(["Default (model)", "Default (model)"]);
  });
});

describe("what is made of it goes through generate's own preparation", () => {
  test("a request that generate takes has no warning, and is taken", async () => {
    const { request, warnings } = await a1111("Model: base, Sampler: DPM++ 2M Karras");
    expect(warnings).toEqual([]);
    expect(request).toMatchObject({ sampler_name: "dpmpp_2m", scheduler_name: "karras", clip_skip: 2 });
    const made = await fetch(`${bench.url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify(request),
    });
    expect((await made.json()).task_status).toBe("finished");
  });

  test("what it would refuse is a warning each, where it was silent", async () => {
    const { status, warnings, request } = await a1111(
      "Model: gone, Sampler: Gradient Estimation, Schedule type: KL Optimal, VAE: nowhere.pt, Hires upscale: 2, Denoising strength: 0.4",
    );
    expect(status).toBe(200);
    expect(warnings[0]).toBe("What these say cannot be made again here: Hires upscale, Denoising strength.");
    const refusals = warnings.slice(1);
    for (const [at, words] of [
      'checkpoint called "gone.safetensors"',
      "nowhere.pt",
      "Gradient Estimation",
      "KL Optimal",
    ].entries())
      expect([
        at,
        refusals.some(
          (text: string) => text.startsWith("The request would be refused: ") && text.includes(words),
        ),
      ]).toEqual([at, true]);
    // And so it is, by the first of them.
    const made = await fetch(`${bench.url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify(request),
    });
    expect(made.status).toBe(422);
  });

  test("what a record would warn of is told too, and a schedule that is not said", async () => {
    expect((await a1111("Model: base, Sampler: DDIM")).warnings).toEqual([
      "The picture does not say its schedule; the request leaves it to the server.",
    ]);
    const rounded = await read(
      "a cat\nSteps: 20, Seed: 42, CFG scale: 7, Size: 100x67, Model: base, Sampler: Euler Karras",
    );
    expect(rounded.warnings).toEqual(["Sides are multiples of 8 pixels: 100×67 is drawn as 96×64."]);
    expect(await bench.tasks.history({ page: 0, pageSize: 100 })).toHaveLength(1);
  });
});

describe("JSON of other programs was taken for Fooocus', with an empty request", () => {
  const foreign = [
    { "3": { class_type: "KSampler", inputs: { seed: 1 } } },
    { prompt: { "3": {} }, seed: 3, styles: [] },
    { sui_image_params: { prompt: "a cat", model: "x", seed: 1 } },
    { positive_prompt: "a cat", seed: 7, steps: 20 },
    { prompt: "a cat", steps: 20, cfg: 7 },
    {},
  ];
  for (const value of foreign) {
    test(JSON.stringify(value), async () => {
      const { status, detail } = await read(JSON.stringify(value));
      expect([status, detail?.[0].type]).toEqual([422, "no_metadata"]);
    });
  }
  test("Fooocus' own is not", async () => {
    const own = { prompt: "a cat", performance: "Speed", base_model: "base", seed: "7" };
    expect(await read(JSON.stringify(own))).toMatchObject({
      status: 200,
      scheme: "fooocus",
      request: { prompt: "a cat" },
    });
    expect(await read(JSON.stringify({ metadata_scheme: "fooocus" }))).toMatchObject({ status: 200 });
  });
});
