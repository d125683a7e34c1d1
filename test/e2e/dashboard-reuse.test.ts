import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { generateFields } from "#/api/generate.ts";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { chromiumPath, openDashboard, startChromium } from "../support/dashboard-page.ts";
import { writeTinyVae } from "../support/tiny-models.ts";

setDefaultTimeout(300_000);
if (chromiumPath === undefined)
  process.stderr.write("dashboard-reuse: skipped, no Chromium here (Debian package chromium)\n");

const dataUri = async (background: string) => {
  const square = { width: 128, height: 128, channels: 3, background } as const;
  const png = await sharp({ create: square }).png().toBuffer();
  return `data:image/png;base64,${png.toString("base64")}`;
};
const [blue, white, grey] = await Promise.all(["#2040d0", "#ffffff", "#808080"].map(dataUri));

/** A region with nothing as it usually is; it is off, since its networks are not among the demo's. */
const region = {
  enhance_mask_dino_prompt: "hat",
  enhance_prompt: "a hat",
  enhance_negative_prompt: "blur",
  enhance_mask_cloth_category: "upper",
  enhance_mask_sam_model: "vit_l",
  enhance_mask_text_threshold: 0.4,
  enhance_mask_box_threshold: 0.5,
  enhance_mask_sam_max_detections: 2,
  enhance_inpaint_disable_initial_latent: true,
  enhance_inpaint_engine: "None",
  enhance_inpaint_strength: 0.7,
  enhance_inpaint_respective_field: 0.5,
  enhance_inpaint_erode_or_dilate: 3,
  enhance_mask_invert: true,
};

/** Requests in which, together, every field is another one than the server's own. */
const requests = {
  "from a prompt": {
    prompt: "a red circle\na second line",
    negative_prompt: "text",
    style_selections: ["SAI Anime"],
    performance_selection: "Quality",
    aspect_ratios_selection: "192*320",
    image_number: 2,
    output_format: "webp",
    image_seed: 4_398_046_511_104,
    read_wildcards_in_order: true,
    sharpness: 3,
    guidance_scale: 5,
    base_model_name: "other.safetensors",
    refiner_model_name: "fooocusd-demo.safetensors",
    refiner_switch: 0.7,
    refiner_swap_method: "vae",
    loras: [
      { enabled: true, model_name: "fooocusd-demo-neon.safetensors", weight: 0.4 },
      { enabled: false, model_name: "fooocusd-demo-neon.safetensors", weight: -1 },
    ],
    disable_preview: true,
    disable_intermediate_results: true,
    disable_seed_increment: true,
    adm_scaler_positive: 1.2,
    adm_scaler_negative: 0.9,
    adm_scaler_end: 0.4,
    adaptive_cfg: 6,
    clip_skip: 1,
    sampler_name: "euler",
    scheduler_name: "simple",
    vae_name: "own.safetensors",
    overwrite_step: 3,
    overwrite_switch: 2,
    overwrite_width: 192,
    overwrite_height: 256,
    freeu_enabled: true,
    freeu_b1: 1.2,
    freeu_b2: 1.3,
    freeu_s1: 0.8,
    freeu_s2: 0.7,
    debugging_inpaint_preprocessor: true,
    debugging_dino: true,
    dino_erode_or_dilate: 4,
    debugging_enhance_masks_checkbox: true,
    inpaint_advanced_masking_checkbox: true,
    save_metadata_to_images: false,
    metadata_scheme: "a1111",
    generate_image_grid: true,
    save_name: "own",
    precision: "fast",
    cache: 0.5,
    cfg_until: 0.6,
  },
  "with a preset": { prompt: "a cat", preset: "own", sharpness: 2 },
  "to vary": {
    prompt: "a cat",
    uov_method: "Vary (Strong)",
    uov_input_image: blue,
    overwrite_vary_strength: 0.4,
    overwrite_upscale_strength: 0.3,
    size_number: 192,
  },
  "to enlarge": {
    prompt: "a cat",
    uov_method: "Upscale (Custom)",
    uov_input_image: blue,
    upscale_multiple: 1.75,
    overwrite_upscale_strength: 0.3,
    upscaler_name: "fooocusd-demo-upscaler.safetensors",
    upscale_alone: true,
  },
  "to inpaint": {
    prompt: "a cat",
    current_tab: "inpaint",
    inpaint_input_image: blue,
    inpaint_mask_image_upload: white,
    invert_mask_checkbox: false,
    inpaint_additional_prompt: "a hat",
    inpaint_engine: "None",
    inpaint_strength: 0.8,
    inpaint_respective_field: 0.4,
    inpaint_erode_or_dilate: -2,
    inpaint_disable_initial_latent: true,
  },
  "to extend": {
    prompt: "a cat",
    current_tab: "inpaint",
    inpaint_input_image: blue,
    inpaint_engine: "None",
    outpaint_selections: ["Left", "Bottom"],
    outpaint_distance: [64, 0, 0, 32],
    invert_mask_checkbox: true,
  },
  "guided by pictures": {
    prompt: "a cat",
    controlnet_image: [
      { cn_img: null },
      { cn_img: grey, cn_stop: 0.4, cn_weight: 0.9, cn_type: "PyraCanny" },
      { cn_img: blue, cn_stop: 0.5, cn_weight: 1.1, cn_type: "PyraCanny" },
      { cn_img: null },
      { cn_img: white, cn_stop: 0.6, cn_weight: 1.2, cn_type: "PyraCanny" },
    ],
    mixing_image_prompt_and_vary_upscale: true,
    mixing_image_prompt_and_inpaint: true,
    debugging_cn_preprocessor: true,
    skipping_cn_preprocessor: true,
    canny_low_threshold: 32,
    canny_high_threshold: 200,
    controlnet_softness: 0.5,
  },
  "to enhance": {
    prompt: "a cat",
    current_tab: "enhance",
    enhance_input_image: blue,
    enhance_checkbox: true,
    enhance_uov_method: "Upscale (2x)",
    enhance_uov_processing_order: "After Last Enhancement",
    enhance_uov_prompt_type: "Last Filled Enhancement Prompts",
    save_final_enhanced_image_only: true,
    enhance_ctrls: [region, {}, {}, { ...region, enhance_mask_model: "u2net" }],
  },
} as const;

/** How an answer is to come; what records say alike whatever was asked; and what wants a file that the demo has none of. */
const others = new Set<string>([
  ..."stream_output require_base64 async_process webhook_url".split(" "),
  "input_image_checkbox",
  "black_out_nsfw",
]);

type Record = Readonly<{ task_id: string; req_params: Readonly<{ [field: string]: unknown }> }>;

describe.skipIf(chromiumPath === undefined)("settings of a picture, taken again", () => {
  let browser: Browser;
  let server: SourceServer;
  const models = mkdtempSync(join(tmpdir(), "fooocusd-reuse-"));
  beforeAll(async () => {
    cpSync(join(import.meta.dir, "../../models"), models, { recursive: true });
    const checkpoint = join(models, "checkpoints/fooocusd-demo");
    for (const kind of ["json", "safetensors"])
      copyFileSync(`${checkpoint}.${kind}`, join(models, `checkpoints/other.${kind}`));
    mkdirSync(join(models, "vae"));
    writeTinyVae(join(models, "vae/own.safetensors"));
    mkdirSync(join(models, "presets"));
    const preset = { default_model: "other.safetensors", default_cfg_scale: 6, default_sample_sharpness: 7 };
    writeFileSync(join(models, "presets/own.json"), JSON.stringify(preset));
    browser = await startChromium();
    server = await startSourceServer(["--models", models, "--fooocus", models]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(models, { recursive: true, force: true });
  });

  /** What waits, in the order in which it was asked for. */
  const pending = async (): Promise<readonly Record[]> => {
    const answer = await fetch(`${server.url}/tasks?query=pending&page_size=99`);
    return ((await answer.json()) as { pending: Record[] }).pending;
  };

  /** Does what makes one more task wait, and tells how it is kept, but for how its answer is to come. */
  async function kept(what: string, send: () => Promise<unknown>): Promise<Record> {
    const before = (await pending()).map(({ task_id: id }) => id);
    const said = await send();
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
      const found = (await pending()).find(({ task_id: id }) => !before.includes(id));
      if (found !== undefined) return { ...found, req_params: { ...found.req_params, async_process: false } };
      await Bun.sleep(100);
    }
    throw new Error(`${what}: nothing waits. ${JSON.stringify(said)}`);
  }

  const post = async (request: object): Promise<unknown> => {
    const body = JSON.stringify({ ...request, async_process: true });
    return await (await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body })).json();
  };

  /** Shows the page a waiting task as one that has ended: what is told of its settings is what the server tells. */
  async function showAsEnded(page: Page, record: Record): Promise<void> {
    const ended = { ...record, task_status: "failed", start_mills: 1, finish_mills: 2, result: [] };
    const lists = JSON.stringify({ history: [ended], current: [], pending: [] });
    await page.unrouteAll();
    await page.route("**/tasks?query=history*", (route) =>
      route.fulfill({ contentType: "application/json", body: lists }),
    );
    await page.reload();
    await page.locator(".state.live").waitFor();
  }

  /** Waits until the form has a request's prompt, with which its other fields come, and shows its pictures and its mask. */
  async function holds(page: Page, request: Readonly<{ [field: string]: unknown }>): Promise<void> {
    const units = Array.isArray(request["controlnet_image"]) ? request["controlnet_image"] : [];
    // The page has four places; what is in a fifth one comes and goes with them.
    const guides = units.slice(0, 4).filter(({ cn_img: picture }) => picture !== null).length;
    const starts = Object.keys(request).filter((field) => field.endsWith("_input_image")).length;
    const field = await page.getByLabel("Prompt", { exact: true }).elementHandle();
    await page.waitForFunction(
      ([prompt, text, sources, slots, isMasked]) => {
        const shown = (selector: string): boolean[] =>
          [...document.querySelectorAll<HTMLImageElement>(selector)].map(
            ({ complete, naturalWidth }) => complete && naturalWidth > 0,
          );
        const undo = [...document.querySelectorAll("button")].find((one) => one.textContent === "Undo");
        const pictures = [shown(".paper img, img.shown"), shown(".slot img")];
        return (
          prompt instanceof HTMLTextAreaElement &&
          prompt.value === text &&
          pictures.every(
            (all, at) => all.length === [sources, slots][at] && all.every((isThere) => isThere),
          ) &&
          (undo?.disabled === false) === isMasked
        );
      },
      [field, request["prompt"], starts, guides, "inpaint_mask_image_upload" in request] as const,
    );
  }

  test("no field of a request is dropped, whatever it was made from", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    const usual = await kept("nothing", () => post({}));
    const changed = new Set<string>();
    for (const [what, request] of Object.entries(requests)) {
      const record = await kept(what, () => post(request));
      for (const field of generateFields)
        if (!Bun.deepEquals(record.req_params[field], usual.req_params[field])) changed.add(field);
      // What the form holds comes back with the page.
      await page.getByRole("button", { name: "Clear form" }).click();
      await holds(page, { prompt: "" });
      await showAsEnded(page, record);
      await page.locator(".stage button.canvas").click();
      await page.getByRole("button", { name: "Use these settings" }).click();
      await holds(page, request);
      const again = await kept(what, () => page.getByRole("button", { name: "Generate" }).click());
      expect([what, again.req_params]).toEqual([what, record.req_params]);
      expect(await page.getByRole("alert").count()).toBe(0);
    }
    expect(generateFields.filter((field) => !changed.has(field) && !others.has(field))).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  });
});
