import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Recipe } from "#/recipe/recipe.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";
import { putModel } from "../support/task-bench.ts";

/** Holds the engine before a step while a test looks; open to start with. */
let gate: Promise<void> = Promise.resolve();
let heldStep = 1;
const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === heldStep ? gate : undefined) });
let bench: ServedBench;

const style = { name: "Fog", prompt: "{prompt}, in fog", negative_prompt: "sun" };

beforeAll(async () => {
  bench = await serveBench({ engine, assets: { styles: [style] }, styles: [style] });
  putModel(bench.folder, "checkpoints/other.safetensors");
  putModel(bench.folder, "loras/neon.safetensors");
  putModel(bench.folder, "vae/own.safetensors");
});
afterAll(() => bench.close());

const at = (path: string): string => `${bench.url}${path.startsWith("/") ? path : `/sdapi/v1/${path}`}`;
async function post(path: string, body: unknown) {
  const answer = await fetch(at(path), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}
const get = async (path: string) => await (await fetch(at(path))).json();

/** Closes the gate before a step; returns the way to open it. */
function closeGate(step = 1): () => void {
  heldStep = step;
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  return () => {
    gate = Promise.resolve();
    resolve();
  };
}

const onePixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const small = { prompt: "a circle", steps: 4, width: 64, height: 64, seed: 7 };

/** What tests read of an answer's `info`. */
type Info = Readonly<{
  seed: number;
  all_seeds: readonly number[];
  infotexts: readonly string[];
  warnings: readonly string[];
}>;

/** What is made of a request, and what its answer tells. */
async function recipeOf(path: "txt2img" | "img2img", body: object): Promise<{ recipe: Recipe; info: Info }> {
  const { status, body: answer } = await post(path, { ...small, ...body });
  expect([status, status === 200 ? "" : answer]).toEqual([200, ""]);
  const recipe = engine.jobs.at(-1)?.recipe;
  if (recipe === undefined) throw new Error("nothing was made");
  return { recipe, info: JSON.parse(answer.info) };
}

/** A network that enlarges, for whoever looks at its file. */
function putUpscaler(): void {
  const folder = join(bench.folder, "models/upscale_models");
  mkdirSync(folder, { recursive: true });
  copyFileSync(
    join(import.meta.dir, "../../models/upscale_models/fooocusd-demo-upscaler.safetensors"),
    join(folder, "mine.safetensors"),
  );
}

const picture = async (width: number, height: number, background: string): Promise<string> =>
  (
    await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toBuffer()
  ).toString("base64");

describe("txt2img", () => {
  test("what is not said is A1111's, and nothing of Fooocus is added", async () => {
    const { recipe, info } = await recipeOf("txt2img", { steps: null, width: null, height: null });
    expect(recipe).toMatchObject({
      base: "base.safetensors",
      vae: null,
      loras: [],
      size: { width: 512, height: 512 },
      steps: 50,
      sampler: "euler",
      schedule: "normal",
      clipSkip: 2,
      freeU: null,
      refiner: null,
      source: { kind: "noise" },
      guidance: { cfg: 7, sharpness: 0, adaptiveCfg: 7, admPositive: 1, admNegative: 1, admEnd: 0 },
    });
    expect(recipe.images).toEqual([
      { seed: 7n, positive: { texts: ["a circle"], topK: 1 }, negative: { texts: [""], topK: 1 } },
    ]);
    expect(info).toMatchObject({ seed: 7, all_seeds: [7], steps: 50, width: 512, sampler_name: "Euler" });
    expect(info.warnings.filter((told) => /^(Not used|Of )/.test(told))).toEqual([]);
  });

  test("what is said is taken", async () => {
    const { recipe, info } = await recipeOf("txt2img", {
      prompt: "a (red:1.3) [circle] <lora:neon:0.4>",
      negative_prompt: "(text)",
      styles: ["Fog"],
      batch_size: 2,
      n_iter: "2",
      steps: "6",
      cfg_scale: 4.5,
      sampler_name: "DPM++ 2M SDE Karras",
      override_settings: {
        sd_model_checkpoint: "other",
        sd_vae: "own.safetensors",
        CLIP_stop_at_last_layers: 3,
      },
    });
    expect(recipe).toMatchObject({
      base: "other.safetensors",
      vae: "own.safetensors",
      loras: [{ name: "neon.safetensors", weight: 0.4 }],
      steps: 6,
      sampler: "dpmpp_2m_sde_gpu",
      schedule: "karras",
      clipSkip: 3,
    });
    expect(recipe.images.map(({ seed }) => seed)).toEqual([7n, 8n, 9n, 10n]);
    expect(recipe.images[0]?.positive.texts).toEqual(["a (red:1.3) (circle:0.909091), in fog"]);
    expect(recipe.images[0]?.negative.texts).toEqual(["sun", "(text:1.1)"]);
    expect(info.all_seeds).toEqual([7, 8, 9, 10]);
    expect(info.infotexts).toHaveLength(4);
    expect(info.infotexts[1]).toContain("Seed: 8");
    // The next one has what the server has.
    expect((await recipeOf("txt2img", {})).recipe.base).toBe("base.safetensors");
  });

  test("a seed of -1 is drawn below 2^32, and told", async () => {
    const { info } = await recipeOf("txt2img", { seed: -1 });
    expect(info.seed).toBeGreaterThanOrEqual(0);
    expect(info.seed).toBeLessThan(2 ** 32);
  });

  test("pictures are PNGs that say how they were made; send_images leaves them out", async () => {
    const { body } = await post("txt2img", small);
    const png = Buffer.from(body.images[0], "base64");
    expect(await sharp(png).metadata()).toMatchObject({ format: "png", width: 64, height: 64 });
    expect(body.parameters).toMatchObject({ prompt: "a circle", steps: 4, cfg_scale: 7 });
    const told = await post("png-info", { image: body.images[0] });
    expect(told.body.parameters).toMatchObject({ Steps: "4", Seed: "7", Prompt: "a circle" });
    expect(told.body.info).toBe(JSON.parse(body.info).infotexts[0]);
    expect((await post("txt2img", { ...small, send_images: false })).body.images).toEqual([]);
  });

  test("what is not done as it is asked is told", async () => {
    const { info } = await recipeOf("txt2img", {
      prompt: "a circle <lora:nope:1>",
      subseed_strength: 0.5,
      restore_faces: true,
      tiling: true,
      s_churn: 0.2,
      sampler_name: "DDIM",
      scheduler: "Karras",
      eta: 1,
      nonsense: 1,
      override_settings: { face_restoration_model: "GFPGAN" },
    });
    for (const said of [
      "subseed_strength",
      "restore_faces",
      "tiling",
      "s_churn",
      "DDIM walks timesteps",
      "eta 1",
      "There is no field nonsense",
      "<lora:nope:1>",
      "face_restoration_model",
    ])
      expect(info.warnings).toContainEqual(expect.stringContaining(said));
  });

  test("a sampler by its older name, where the newer one is empty", async () => {
    const { recipe } = await recipeOf("txt2img", { sampler_name: "", sampler_index: "DPM++ 2M" });
    expect(recipe.sampler).toBe("dpmpp_2m");
  });

  test("webuiapi's and SillyTavern's usual bodies bring no warnings", async () => {
    const { info } = await recipeOf("txt2img", {
      ...{
        enable_hr: false,
        hr_scale: 2,
        hr_upscaler: "Latent",
        hr_second_pass_steps: 0,
        denoising_strength: 0.7,
      },
      ...{
        firstphase_width: 0,
        firstphase_height: 0,
        hr_prompt: "",
        styles: [],
        subseed: -1,
        subseed_strength: 0,
      },
      ...{ seed_resize_from_h: 0, seed_resize_from_w: 0, restore_faces: false, tiling: false, eta: 1 },
      ...{ s_churn: 0, s_tmax: 0, s_tmin: 0, s_noise: 1, override_settings: {}, script_name: null },
      ...{ script_args: [], alwayson_scripts: {}, sampler_name: "Euler a", scheduler: "automatic" },
      override_settings_restore_afterwards: true,
    });
    const own = info.warnings.filter((told) => !/model|checkpoint|size/i.test(told));
    expect(own).toEqual([]);
  });

  test("hires fix: each picture is enlarged at the exact size and drawn over, by the upscaler that is named", async () => {
    putUpscaler();
    const { recipe, info } = await recipeOf("txt2img", {
      enable_hr: true,
      hr_scale: 1.5,
      hr_upscaler: "mine",
      hr_second_pass_steps: 9,
      hr_prompt: "another",
      hr_cfg: 3,
      hr_additional_modules: ["other.safetensors"],
      denoising_strength: 0.4,
    });
    const [{ run } = { run: undefined }] = recipe.enhance?.pictures[0]?.passes ?? [];
    expect(run).toMatchObject({
      steps: 4,
      size: { width: 96, height: 96 },
      source: { kind: "upscale", factor: 1.5, strength: 0.4, direct: false },
      parts: [{ kind: "upscale_models", name: "mine.safetensors" }],
    });
    for (const said of ["hr_second_pass_steps 9", "hr_prompt", "hr_cfg 3", "hr_additional_modules"])
      expect(info.warnings).toContainEqual(expect.stringContaining(said));
    expect(info.all_seeds).toEqual([7]);
    const { status, body } = await post("txt2img", { ...small, enable_hr: true, denoising_strength: 0 });
    expect([status, body.detail[0].loc]).toEqual([422, ["body", "denoising_strength"]]);
  });
});

test("a sampler that chooses its own steps takes no ends of a schedule where it begins with noise", async () => {
  for (const [sampler_name, sampler] of [
    ["DPM fast", "dpm_fast"],
    ["DPM adaptive", "dpm_adaptive"],
  ] as const) {
    const method = { sampler_name, scheduler: "Turbo" };
    const drawn = await recipeOf("txt2img", method);
    expect(drawn.recipe).toMatchObject({ sampler, schedule: "normal" });
    expect(drawn.info.warnings).toEqual([expect.stringContaining("the schedule Turbo was not used")]);
    const over = await recipeOf("img2img", { ...method, init_images: [await picture(64, 64, "red")] });
    expect(over.recipe).toMatchObject({ sampler, schedule: "turbo" });
  }
});

describe("img2img", () => {
  test("is varied at the size that is asked for, as many steps as A1111 makes", async () => {
    const { recipe } = await recipeOf("img2img", {
      init_images: [`data:image/png;base64,${await picture(30, 50, "red")}`],
      width: 128,
      height: 64,
      steps: 20,
      denoising_strength: 0.5,
    });
    expect(recipe).toMatchObject({ steps: 11, size: { width: 128, height: 64 } });
    expect(recipe.source).toMatchObject({ kind: "vary", strength: 11 / 20.5, working: 128 });
    expect(engine.jobs.at(-1)?.inputs[0]).toMatchObject({ width: 128, height: 64 });
  });

  test("resize modes: cut, and continued", async () => {
    const flag = await sharp({ create: { width: 100, height: 100, channels: 3, background: "blue" } })
      .composite([
        { input: { create: { width: 100, height: 20, channels: 3, background: "red" } }, left: 0, top: 0 },
      ])
      .png()
      .toBuffer();
    const first = async (resize_mode: number, width: number, height: number) => {
      await recipeOf("img2img", { init_images: [flag.toString("base64")], resize_mode, width, height });
      const { data } = engine.jobs.at(-1)?.inputs[0] ?? { data: new Uint8Array() };
      return [data[0], data[1], data[2]];
    };
    expect(await first(0, 128, 64)).toEqual([255, 0, 0]);
    // The upper fifth is cut away.
    expect(await first(1, 128, 64)).toEqual([0, 0, 255]);
    expect(await first(2, 64, 128)).toEqual([255, 0, 0]);
  });

  test("with a mask it is painted anew: whole at the size, or the part around the mask in its own picture", async () => {
    const init_images = [await picture(96, 80, "red")];
    const mask = await picture(96, 80, "white");
    const whole = await recipeOf("img2img", {
      init_images,
      mask,
      inpaint_full_res: false,
      inpainting_fill: 1,
    });
    expect(whole.recipe.source).toMatchObject({
      kind: "inpaint",
      field: 1,
      invert: false,
      startEmpty: false,
    });
    expect(engine.jobs.at(-1)?.inputs[0]).toMatchObject({ width: 64, height: 64 });
    const part = await recipeOf("img2img", { init_images, mask, inpainting_fill: 2, mask_blur: 16 });
    expect(part.recipe.source).toMatchObject({
      kind: "inpaint",
      field: 0,
      startEmpty: true,
      strength: 1,
      working: 64,
    });
    expect(engine.jobs.at(-1)?.inputs[0]).toMatchObject({ width: 96, height: 80 });
    expect(part.info.warnings).toContainEqual(expect.stringContaining("mask_blur 16"));
    expect(part.info.warnings).toContainEqual(expect.stringContaining("inpainting_fill 2"));
  });

  test("a mask that names no place never makes a picture of the text alone", async () => {
    const body = { init_images: [await picture(64, 64, "red")], denoising_strength: 0.5, steps: 8 };
    for (const [colour, inpainting_mask_invert] of [
      ["black", 0],
      ["white", 1],
    ] as const) {
      const said = { ...body, mask: await picture(64, 64, colour), inpainting_mask_invert };
      const { recipe, info } = await recipeOf("img2img", said);
      expect(recipe).toMatchObject({ steps: 5, source: { kind: "vary" } });
      expect(info.warnings).toContainEqual(expect.stringContaining("Not used: mask; nothing of mask is"));
      const refused = await post("img2img", { ...said, inpaint_full_res: false });
      expect([refused.status, refused.body.detail[0].loc]).toEqual([422, ["body", "mask"]]);
    }
  });

  test("a border that is to be hard is told of", async () => {
    const init_images = [await picture(64, 64, "red")];
    const { info } = await recipeOf("img2img", {
      init_images,
      mask: await picture(64, 64, "white"),
      mask_blur: 0,
      mask_round: false,
    });
    for (const said of ["mask_blur 0", "mask_round"])
      expect(info.warnings).toContainEqual(expect.stringContaining(said));
  });

  test("a mask that is transparent says it by that", async () => {
    const mask = await sharp({
      create: { width: 64, height: 64, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0 } },
    })
      .composite([
        {
          input: {
            create: { width: 16, height: 16, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 1 } },
          },
          left: 0,
          top: 0,
        },
      ])
      .png()
      .toBuffer();
    await recipeOf("img2img", { init_images: [await picture(64, 64, "red")], mask: mask.toString("base64") });
    const { data } = engine.jobs.at(-1)?.inputs[1] ?? { data: new Uint8Array() };
    expect([data[0], data[3 * 40]]).toEqual([255, 0]);
  });
});

describe("what is refused", () => {
  const refusals: readonly (readonly [string, unknown, string])[] = [
    ["txt2img", "", "body"],
    ["txt2img", "[]", "body"],
    ["txt2img", "{", "body.1"],
    ["txt2img", { steps: 0 }, "body.steps"],
    ["txt2img", { steps: "many" }, "body.steps"],
    ["txt2img", { width: 8, height: 8 }, "body.width"],
    ["txt2img", { height: 8192 }, "body.height"],
    ["txt2img", { batch_size: 100 }, "body.batch_size"],
    ["txt2img", { batch_size: 10, n_iter: 10 }, "body.n_iter"],
    ["txt2img", { cfg_scale: 0 }, "body.cfg_scale"],
    ["txt2img", { prompt: ["a"] }, "body.prompt"],
    ["txt2img", { styles: ["nope"] }, "body.styles"],
    ["txt2img", { seed: 1e30 }, "body.seed"],
    ["txt2img", { seed: -2 }, "body.seed"],
    ["txt2img", { sampler_name: "PLMS" }, "body.sampler_name"],
    ["txt2img", { scheduler: "KL Optimal" }, "body.scheduler"],
    [
      "txt2img",
      { override_settings: { sd_model_checkpoint: "bose" } },
      "body.override_settings.sd_model_checkpoint",
    ],
    ["txt2img", { override_settings: [] }, "body.override_settings"],
    ["txt2img", { refiner_checkpoint: "nope" }, "body.refiner_checkpoint"],
    ["txt2img", { script_name: "X/Y/Z plot" }, "body.script_name"],
    ["txt2img", { alwayson_scripts: { ADetailer: { args: [true, {}] } } }, "body.alwayson_scripts.ADetailer"],
    [
      "txt2img",
      {
        alwayson_scripts: {
          controlnet: { args: [{ module: "depth_midas", model: "control_depth", image: "x" }] },
        },
      },
      "body.alwayson_scripts.controlnet.args.0",
    ],
    [
      "txt2img",
      { alwayson_scripts: { controlnet: { args: [{ module: "canny" }] } } },
      "body.alwayson_scripts.controlnet.args.0",
    ],
    ["img2img", {}, "body.init_images"],
    ["img2img", { init_images: [] }, "body.init_images"],
    ["img2img", { init_images: ["%%%"] }, "body.init_images"],
    ["img2img", { init_images: ["aGVsbG8="] }, "body.init_images.0"],
    ["img2img", { init_images: "x" }, "body.init_images"],
    ["options", "[]", "body"],
    ["options", { sd_model_checkpoint: "nope" }, "body.sd_model_checkpoint"],
    ["options", { sd_model_checkpoint: 5 }, "body.sd_model_checkpoint"],
    ["options", { sd_vae: 5 }, "body.sd_vae"],
    ["txt2img", { override_settings: { sd_vae: ["x"] } }, "body.override_settings.sd_vae"],
    ["options", { CLIP_stop_at_last_layers: 99 }, "body.CLIP_stop_at_last_layers"],
    ["extra-single-image", {}, "body.image"],
    ["extra-single-image", { image: "%" }, "body.image"],
    ["png-info", { image: "" }, "body.image"],
    ["interrogate", { image: "x", model: "nope" }, "body.model"],
    // Its files are not there.
    ["interrogate", { image: onePixel, model: "deepdanbooru" }, "body.model"],
    ["/controlnet/detect", {}, "body.controlnet_input_images"],
    [
      "/controlnet/detect",
      { controlnet_module: "canny", controlnet_input_images: [onePixel], controlnet_threshold_a: 900 },
      "body.controlnet_threshold_a",
    ],
    [
      "/controlnet/detect",
      { controlnet_module: "lineart", controlnet_input_images: ["x"] },
      "body.controlnet_module",
    ],
  ];
  for (const [path, body, where] of refusals)
    test(`${path} ${JSON.stringify(body)}: ${where}`, async () => {
      const before = engine.jobs.length;
      const { status, body: answer } = await post(path, body);
      expect([status, answer.detail?.[0]?.loc.join(".")]).toEqual([422, where]);
      expect(engine.jobs.length).toBe(before);
    });

  test("a script that is switched off is none", async () => {
    const off = {
      ADetailer: { args: [false] },
      roop: { args: [] },
      "Self Attention Guidance": { args: [false, 1] },
    };
    const units = {
      ControlNet: {
        args: [
          { enabled: false, module: "depth" },
          { module: "none", model: "None", image: "" },
        ],
      },
    };
    const { recipe } = await recipeOf("txt2img", { alwayson_scripts: { ...off, ...units } });
    expect(recipe.controls).toBeUndefined();
  });
});

describe("options", () => {
  test("a checkpoint counts until another one is set; what is not used is kept, and told", async () => {
    expect(await get("options")).toMatchObject({
      sd_model_checkpoint: "base.safetensors",
      CLIP_stop_at_last_layers: 1,
    });
    const models: readonly Readonly<{ title: string; model_name: string }>[] = await get("sd-models");
    const title = models.find(({ model_name }) => model_name === "other")?.title;
    expect(await post("options", { sd_model_checkpoint: title, eta_noise_seed_delta: 31337 })).toEqual({
      status: 200,
      body: null,
    });
    expect(await get("options")).toMatchObject({
      sd_model_checkpoint: "other.safetensors",
      eta_noise_seed_delta: 31337,
    });
    const { recipe, info } = await recipeOf("txt2img", {});
    expect(recipe.base).toBe("other.safetensors");
    expect(info).toMatchObject({ sd_model_name: "other" });
    expect(info.warnings).toContainEqual(expect.stringContaining("eta_noise_seed_delta"));
    await post("options", { sd_model_checkpoint: "base [0123456789]" });
    expect((await get("options")).sd_model_checkpoint).toBe("base.safetensors");
  });

  test("a file that was set and is gone since is told of, or refused by the option's name", async () => {
    const gone = putModel(bench.folder, "checkpoints/gone.safetensors");
    const vae = putModel(bench.folder, "vae/gone.safetensors");
    await post("options", { sd_model_checkpoint: "gone" });
    rmSync(gone);
    expect(await soon(async () => (await get("options")).sd_model_checkpoint === "base.safetensors")).toBe(
      true,
    );
    const { recipe, info } = await recipeOf("txt2img", {});
    expect(recipe.base).toBe("base.safetensors");
    const told =
      "The option sd_model_checkpoint is gone.safetensors, which is gone: base.safetensors was used.";
    expect(info.warnings).toContain(told);
    const other = { override_settings: { sd_model_checkpoint: "other" } };
    expect((await recipeOf("txt2img", other)).info.warnings).not.toContain(told);
    await post("options", { sd_model_checkpoint: "base", sd_vae: "gone" });
    rmSync(vae);
    expect(await soon(async () => (await get("sd-vae")).length === 1)).toBe(true);
    const { status, body } = await post("txt2img", small);
    expect([status, body.detail[0].loc]).toEqual([422, ["body", "sd_vae"]]);
    await post("options", { sd_vae: "Automatic" });
  });

  test("a format counts for the pictures", async () => {
    const { body } = await post("txt2img", { ...small, override_settings: { samples_format: "webp" } });
    expect((await sharp(Buffer.from(body.images[0], "base64")).metadata()).format).toBe("webp");
  });
});

describe("what runs", () => {
  test("nothing", async () => {
    expect(await get("progress")).toMatchObject({
      progress: 0,
      state: { job_count: 0, job: "" },
      current_image: null,
    });
    expect(await get("/queue/status")).toMatchObject({ msg: "estimation", queue_size: 0 });
    expect(await post("interrupt", "")).toEqual({ status: 200, body: {} });
    expect(await post("skip", "")).toEqual({ status: 200, body: null });
  });

  test("a picture with its steps and its preview, which may be left out", async () => {
    const open = closeGate(2);
    const answer = post("txt2img", { ...small, batch_size: 2 });
    expect(await soon(async () => (await get("progress")).current_image !== null)).toBe(true);
    const seen = await get("progress");
    expect(seen).toMatchObject({
      state: { job: "scripts_txt2img", job_count: 2, job_no: 0, sampling_step: 1, sampling_steps: 4 },
    });
    expect(seen.progress).toBeGreaterThan(0);
    expect(seen.eta_relative).toBeGreaterThan(0);
    expect((await sharp(Buffer.from(seen.current_image, "base64")).metadata()).format).toBe("png");
    expect((await get("progress?skip_current_image=true")).current_image).toBeNull();
    open();
    expect((await answer).body.images).toHaveLength(2);
  });

  test("skip leaves out the picture that is made, interrupt all that are not finished", async () => {
    for (const [word, pictures, told] of [
      ["skip", 1, "Skipped: 1 of 2 pictures were finished."],
      ["interrupt", 0, "Interrupted: 0 of 2 pictures were finished."],
    ] as const) {
      const open = closeGate(2);
      const answer = post("txt2img", { ...small, batch_size: 2 });
      expect(await soon(async () => (await get("progress")).state.sampling_step === 1)).toBe(true);
      await post(word, "");
      open();
      const { status, body } = await answer;
      expect([word, status, body.images.length]).toEqual([word, 200, pictures]);
      expect(JSON.parse(body.info).warnings).toContain(told);
    }
  });

  test("interrupt ends this door's task and leaves another door's alone", async () => {
    const open = closeGate();
    const other = await bench.tasks.submit({
      prompt: "x",
      style_selections: [],
      overwrite_step: 4,
      overwrite_width: 64,
      overwrite_height: 64,
    });
    const own = post("txt2img", small);
    expect(await soon(() => bench.tasks.queue.pending.length === 1)).toBe(true);
    expect(await get("/queue/status")).toMatchObject({ queue_size: 1 });
    expect(await get("progress?skip_current_image=true")).toMatchObject({
      state: { job: "fooocus-api", job_count: 1 },
      current_task: other.id,
      current_image: null,
    });
    await post("interrupt", "");
    const { status, body } = await own;
    expect([status, body.images]).toEqual([200, []]);
    expect(JSON.parse(body.info).warnings).toContainEqual("Interrupted: 0 of 1 pictures were finished.");
    await post("interrupt", "");
    expect((await bench.tasks.find(other.id))?.state.status).toBe("running");
    open();
    await bench.tasks.settled(other.id, AbortSignal.timeout(60_000));
  });

  test("its tasks are in the history by its name", async () => {
    await recipeOf("txt2img", {});
    await recipeOf("img2img", { init_images: [await picture(64, 64, "red")] });
    const newest = await bench.tasks.history({ page: 0, pageSize: 2 });
    expect(newest.map(({ door }) => `${door.name} ${door.word}`)).toEqual(["a1111 img2img", "a1111 txt2img"]);
  });
});

describe("lists", () => {
  test("each has what its clients read", async () => {
    expect(await get("sd-models")).toContainEqual(
      expect.objectContaining({ title: "other.safetensors", model_name: "other" }),
    );
    expect(await get("sd-vae")).toEqual([{ model_name: "own.safetensors", filename: "vae/own.safetensors" }]);
    expect(await get("loras")).toContainEqual(expect.objectContaining({ name: "neon", alias: "neon" }));
    expect(await get("samplers")).toContainEqual(expect.objectContaining({ name: "Euler a" }));
    expect(await get("schedulers")).toContainEqual(
      expect.objectContaining({ name: "karras", label: "Karras" }),
    );
    expect(await get("upscalers")).toContainEqual(expect.objectContaining({ name: "Lanczos" }));
    expect(await get("prompt-styles")).toEqual([style]);
    expect(await get("scripts")).toEqual({ txt2img: ["controlnet"], img2img: ["controlnet"] });
    expect(await get("embeddings")).toEqual({ loaded: {}, skipped: {} });
    expect((await get("memory")).ram.total).toBeGreaterThan(0);
    for (const path of ["latent-upscale-modes", "hypernetworks", "face-restorers", "extensions"])
      expect(await get(path)).toEqual([]);
    expect(await get("/controlnet/model_list")).toEqual({ model_list: expect.arrayContaining(["canny"]) });
    expect(await post("refresh-checkpoints", "")).toEqual({ status: 200, body: null });
  });

  test("no path of the server is told", async () => {
    for (const path of ["sd-models", "sd-vae", "loras", "upscalers", "embeddings", "options", "cmd-flags"])
      expect(JSON.stringify(await get(path))).not.toContain(bench.folder);
  });
});

describe("extras", () => {
  test("Lanczos to a factor and to a size; None leaves a picture as it is", async () => {
    const image = await picture(40, 20, "red");
    const size = async (body: object) => {
      const { status, body: answer } = await post("extra-single-image", { image, ...body });
      expect([status, answer.detail]).toEqual([200, undefined]);
      const { width, height } = await sharp(Buffer.from(answer.image, "base64")).metadata();
      return [width, height];
    };
    expect(await size({ upscaler_1: "Lanczos", upscaling_resize: 1.5 })).toEqual([60, 30]);
    expect(
      await size({ upscaler_1: "Lanczos", resize_mode: 1, upscaling_resize_w: 50, upscaling_resize_h: 50 }),
    ).toEqual([50, 50]);
    expect(await size({ upscaler_1: "None", upscaling_resize: 4 })).toEqual([40, 20]);
    const { body } = await post("extra-batch-images", {
      upscaler_1: "Lanczos",
      imageList: [
        { data: image, name: "a" },
        { data: image, name: "b" },
      ],
      gfpgan_visibility: 1,
      upscaling_rezise: 4,
    });
    expect(body.images).toHaveLength(2);
    const unknown = "<p>There is no field upscaling_rezise (here: upscaling_resize); it was passed over.</p>";
    expect(body.html_info).toBe(`${unknown}<p>Not used: gfpgan_visibility.</p>`);
    const single = await post("extra-single-image", { image, upscaler_1: "None", upscaling_rezise: 4 });
    expect(single.body.html_info).toBe(unknown);
    const create = { width: 8, height: 8, channels: 4, background: "#ff000080" } as const;
    const clear = (await sharp({ create }).png().toBuffer()).toString("base64");
    const white = await post("extra-single-image", { image: clear, upscaler_1: "Lanczos" });
    expect(white.body.html_info).toBe("<p>What is transparent in image became white.</p>");
    const colours = ["red", "blue"].map((background) =>
      sharp({ create: { width: 8, height: 8, channels: 3, background } })
        .png()
        .toBuffer(),
    );
    const moving = (
      await sharp(await Promise.all(colours), { join: { animated: true } })
        .gif()
        .toBuffer()
    ).toString("base64");
    const first = await post("extra-single-image", { image: moving, upscaler_1: "None" });
    expect(first.body.html_info).toBe("<p>Of the 2 pictures in image the first one is used.</p>");
    const { status, body: refused } = await post("extra-single-image", { image, upscaler_1: "R-ESRGAN 4x+" });
    expect([status, refused.detail[0].loc]).toEqual([422, ["body", "upscaler_1"]]);
  });
});

test("extras with a network are a task of their own, by any factor", async () => {
  putUpscaler();
  const image = await picture(40, 20, "red");
  for (const [body, size] of [
    [{ upscaling_resize: 3 }, [120, 60]],
    [{ upscaling_resize: 0.5 }, [20, 10]],
    [{ resize_mode: 1, upscaling_resize_w: 80, upscaling_resize_h: 80 }, [80, 80]],
    [{ resize_mode: 1, upscaling_resize_w: 80, upscaling_resize_h: 80, upscaling_crop: false }, [160, 80]],
  ] as const) {
    const { status, body: answer } = await post("extra-single-image", { image, upscaler_1: "mine", ...body });
    expect([status, answer.detail]).toEqual([200, undefined]);
    const { width, height } = await sharp(Buffer.from(answer.image, "base64")).metadata();
    expect([width, height]).toEqual([...size]);
    expect(engine.jobs.at(-1)?.recipe).toMatchObject({
      steps: 0,
      source: { kind: "upscale", direct: true },
      parts: [{ kind: "upscale_models", name: "mine.safetensors" }],
    });
  }
  expect(
    (
      await post("extra-single-image", {
        image,
        upscaler_1: "mine",
        resize_mode: 1,
        upscaling_resize_w: 8000,
      })
    ).body.detail[0].loc,
  ).toEqual(["body", "upscaling_resize_w"]);
});

test("a preparation tells of fields that nobody knows", async () => {
  const asked = { controlnet_module: "canny", controlnet_input_images: [await picture(64, 64, "red")] };
  const { body } = await post("/controlnet/detect", { ...asked, controlnet_image: "x" });
  expect([body.info, body.warnings]).toEqual([
    "Success",
    ["There is no field controlnet_image (here: controlnet_images); it was passed over."],
  ]);
  expect((await post("/controlnet/detect", asked)).body).not.toHaveProperty("warnings");
});

test("a key is the password of any user, or in the usual headers; without it clients are asked for one", async () => {
  await using locked = await serveBench({ keys: ["se:cret"] });
  const ask = async (headers: Record<string, string>) =>
    await fetch(`${locked.url}/sdapi/v1/options`, { headers });
  const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
  const refused = await ask(basic("user:wrong"));
  expect(refused.status).toBe(401);
  expect(refused.headers.get("www-authenticate")).toStartWith("Basic");
  expect(await refused.json()).toMatchObject({ detail: "Incorrect username or password" });
  for (const headers of [{}, basic("se:cret"), basic("secret"), { authorization: "Basic !!!" }])
    expect((await ask(headers)).status).toBe(401);
  for (const headers of [
    basic("user:se:cret"),
    basic(":se:cret"),
    { "x-api-key": "se:cret" },
    { authorization: "Bearer se:cret" },
  ])
    expect((await ask(headers)).status).toBe(200);
});
