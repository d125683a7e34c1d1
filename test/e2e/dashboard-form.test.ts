import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { chromiumPath, openDashboard, startChromium } from "../support/dashboard-page.ts";

setDefaultTimeout(300_000);
if (chromiumPath === undefined)
  process.stderr.write("dashboard-form: skipped, no Chromium here (Debian package chromium)\n");

const screenshots = join(import.meta.dir, "../../dist/e2e");
const open = (page: Page, title: string) => page.locator("summary", { hasText: title }).click();
const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

describe.skipIf(chromiumPath === undefined)("the form of the dashboard", () => {
  let browser: Browser;
  let server: SourceServer;
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-form-"));
  beforeAll(async () => {
    mkdirSync(join(folder, "presets"));
    const preset = { default_cfg_scale: 6.5, default_sampler: "heun", default_styles: ["SAI Anime"] };
    writeFileSync(join(folder, "presets/drawn.json"), JSON.stringify(preset));
    browser = await startChromium();
    server = await startSourceServer(["--fooocus", folder]);
    // Nothing is drawn here: it is looked at what is asked for.
    const { page, close } = await openDashboard(browser, server.url);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Sends the form, and tells how the server keeps what it asked for. */
  async function sent(page: Page): Promise<Readonly<Record<string, unknown>>> {
    const list = async () => {
      const answer = await fetch(`${server.url}/tasks?query=pending&page_size=99`);
      return ((await answer.json()) as { pending: { req_params: Record<string, unknown> }[] }).pending;
    };
    const before = (await list()).length;
    await page.getByRole("button", { name: "Generate" }).click();
    for (let round = 0; round < 300; round += 1) {
      const now = await list();
      if (now.length > before) return now.at(-1)?.req_params ?? {};
      await Bun.sleep(100);
    }
    throw new Error("nothing was sent");
  }

  test("all that a request takes can be chosen, from what the server has, and is what is sent", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await field(page, "Prompt").fill("a cat");
    await field(page, "Negative prompt").fill("a dog");
    await field(page, "Model").selectOption("fooocusd-demo.safetensors");
    await field(page, "Speed").check();
    await field(page, "Size").selectOption("320*192");
    await field(page, "Pictures").fill("3");
    await open(page, "LoRAs");
    await field(page, "Add a LoRA").selectOption("fooocusd-demo-neon.safetensors");
    await field(page, "Weight of fooocusd-demo-neon").fill("0.55");
    await field(page, "Add a LoRA").selectOption("fooocusd-demo-lcm-8step.safetensors");
    await field(page, "fooocusd-demo-lcm-8step").uncheck();
    await open(page, "Further settings");
    await field(page, "Guidance").fill("7.5");
    await field(page, "Sharpness").fill("3");
    await field(page, "Sampler").selectOption("uni_pc");
    await field(page, "Schedule").selectOption("align_your_steps");
    await field(page, "Steps").fill("12");
    await field(page, "Format").selectOption("webp");
    await field(page, "Precision").selectOption("fast");
    await field(page, "Foretell steps (cache)").fill("0.4");
    await field(page, "Guidance until (cfg_until)").fill("0.7");
    expect(await sent(page)).toMatchObject({
      prompt: "a cat",
      negative_prompt: "a dog",
      base_model_name: "fooocusd-demo.safetensors",
      performance_selection: "Speed",
      aspect_ratios_selection: "320×192",
      image_number: 3,
      loras: [
        ...[true, "fooocusd-demo-neon.safetensors", 0.55],
        ...[false, "fooocusd-demo-lcm-8step.safetensors", 1],
        ...Array.from({ length: 3 }, () => [true, "None", 1]).flat(),
      ],
      guidance_scale: 7.5,
      sharpness: 3,
      sampler_name: "uni_pc",
      scheduler_name: "align_your_steps",
      overwrite_step: 12,
      output_format: "webp",
      precision: "fast",
      cache: 0.4,
      cfg_until: 0.7,
    });
    expect(await page.locator("summary", { hasText: "Further settings" }).innerText()).toContain(
      "Guidance 7.5",
    );
    expect(errors).toEqual([]);
    await close();
  });

  test("what a preset says is shown, and what a mode decides cannot be typed over", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await field(page, "Speed").check();
    await open(page, "Further settings");
    expect(await field(page, "Guidance").getAttribute("placeholder")).toBe("4");
    await field(page, "Preset").selectOption("drawn");
    await page.locator('#setting-guidance_scale[placeholder="6.5"]').waitFor();
    expect(await field(page, "Sampler").innerText()).toContain("heun (default)");
    expect(await page.locator("summary", { hasText: "Styles" }).innerText()).toContain("SAI Anime");
    expect(await sent(page)).toMatchObject({
      preset: "drawn",
      guidance_scale: 6.5,
      sampler_name: "heun",
      style_selections: ["SAI Anime"],
    });
    await field(page, "Hyper-SD").check();
    expect(await field(page, "Guidance").isDisabled()).toBe(true);
    expect(await field(page, "Sampler").innerText()).toContain("dpmpp_sde_gpu (Hyper-SD)");
    await close();
  });

  test("a field to choose from shows all of what is chosen, and the usual size is listed once", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await page.locator("#size option").nth(3).waitFor({ state: "attached" });
    const sizes = await page.locator("#size option").allInnerTexts();
    const bare = sizes.map((text) => text.replace(/ \(.*/, ""));
    expect(new Set(bare).size).toBe(bare.length);
    await field(page, "Lightning").check();
    await open(page, "Further settings");
    for (const title of ["Parts of the model", "The pictures and their files"]) await open(page, title);
    /** The fields that are narrower than one that holds nothing but the chosen text, whichever is chosen. */
    const cut = () =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLSelectElement>("form.compose select")]
          .filter((one) => one.offsetWidth > 0)
          .flatMap((one) =>
            [...one.options].flatMap((option) => {
              const alone = document.createElement("select");
              alone.append(new Option(option.text));
              alone.style.width = "auto";
              one.parentElement?.append(alone);
              const isCut = alone.getBoundingClientRect().width > one.getBoundingClientRect().width + 0.5;
              alone.remove();
              return isCut ? [`${one.id}: ${option.text}`] : [];
            }),
          ),
      );
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      expect([width, ...(await cut())]).toEqual([width]);
      await page.locator("#size").scrollIntoViewIfNeeded();
      await page.screenshot({ path: join(screenshots, `dashboard-selects-${width}.png`) });
      await field(page, "Sampler").scrollIntoViewIfNeeded();
      await page.screenshot({ path: join(screenshots, `dashboard-settings-${width}.png`) });
    }
    await close();
  });

  test("the sides of another size stand beside each other; an empty one is asked for at its field", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await field(page, "Size").selectOption("other");
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      const [left, right] = [
        await field(page, "Width").boundingBox(),
        await field(page, "Height").boundingBox(),
      ];
      expect(left?.y).toBe(right?.y ?? -1);
      expect((left?.x ?? 0) + (left?.width ?? 0)).toBeLessThanOrEqual(right?.x ?? 0);
      expect(left?.width).toBeGreaterThan(90);
    }
    await field(page, "Height").fill("12.5");
    await field(page, "Width").fill("");
    await page.getByRole("button", { name: "Generate" }).click();
    const said = (side: string) => page.locator(`#${side}-problem`).innerText();
    expect(await said("Width")).toBe("Say the width in pixels, for example 1024.");
    expect(await said("Height")).toBe("The height is a whole number of pixels, for example 1024.");
    expect(await page.getByText("is not a size").count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("Width");
    expect(await field(page, "Width").getAttribute("aria-describedby")).toBe("Width-problem");
    await page.screenshot({ path: join(screenshots, "dashboard-sides-1280.png") });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: join(screenshots, "dashboard-sides-390.png") });
    await field(page, "Width").fill("256");
    await field(page, "Height").fill("192");
    expect(await sent(page)).toMatchObject({ aspect_ratios_selection: "256×192" });
    expect(await page.locator("#Width-problem").count()).toBe(0);
    expect(errors).toEqual([]);
    await close();
  });

  test("a preset whose files are not there says so at its field", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await field(page, "Preset").selectOption("anime");
    const problem = page.locator("#setting-preset-problem");
    await problem.waitFor();
    expect(await problem.innerText()).toContain("animaPencilXL_v500.safetensors");
    await field(page, "Preset").selectOption("");
    await problem.waitFor({ state: "detached" });
    await close();
  });

  test("what the server refuses is said at the field, which is led to wherever it is folded away", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await field(page, "Speed").check();
    await open(page, "Further settings");
    await open(page, "Guidance in detail");
    await field(page, "ADM, positive").fill("9");
    await open(page, "Further settings");
    await page.getByRole("button", { name: "Generate" }).click();
    const problem = page.locator("#setting-adm_scaler_positive-problem");
    await problem.waitFor();
    expect(await problem.innerText()).toContain("3");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("setting-adm_scaler_positive");
    await field(page, "ADM, positive").fill("");
    await field(page, "Seed").fill("seven");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator("#seed-problem").waitFor();
    expect(await problem.count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("seed");
    await close();
  });

  test("long prompts, many styles and long names do not burst the form", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await field(page, "Prompt").fill(`${"unbroken".repeat(60)}\n`.repeat(40));
    await field(page, "Negative prompt").fill("word ".repeat(900));
    await open(page, "Styles");
    for (const box of (await page.locator(".choices input").all()).slice(0, 30)) await box.check();
    await open(page, "LoRAs");
    await field(page, "Add a LoRA").selectOption("fooocusd-demo-lightning-4step.safetensors");
    await open(page, "Further settings");
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      const tooWide = await page.evaluate(() => {
        const edge = document.querySelector("form.compose")?.getBoundingClientRect().right ?? 0;
        const seen = [...document.querySelectorAll<HTMLElement>("form.compose, form.compose *")];
        const root = document.documentElement;
        return [
          ...(root.scrollWidth > root.clientWidth ? ["the page"] : []),
          ...seen
            .filter((one) => one.closest(".hidden, summary") === null)
            .filter((one) => one.getBoundingClientRect().right > edge + 1)
            .map((one) => one.outerHTML.slice(0, 200)),
        ];
      });
      expect([width, ...tooWide]).toEqual([width]);
      const prompt = await field(page, "Prompt").boundingBox();
      expect(prompt?.height).toBeLessThan(400);
    }
    await page.getByRole("button", { name: "Generate" }).scrollIntoViewIfNeeded();
    await close();
  });
});
