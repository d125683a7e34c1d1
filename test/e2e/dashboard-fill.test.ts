import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { pngWithTexts } from "#/image/png-text.ts";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { chromiumPath, dropFile, openDashboard, startChromium } from "../support/dashboard-page.ts";

setDefaultTimeout(300_000);
if (chromiumPath === undefined)
  process.stderr.write("dashboard-fill: skipped, no Chromium here (Debian package chromium)\n");

const png = { name: "made.png", type: "image/png" };
const square = async (side = 64, background = "#2040d0") =>
  await sharp({ create: { width: side, height: side, channels: 3, background } })
    .png()
    .toBuffer();

/** A picture as the A1111 web UI writes it, with a model and a LoRA that are not here. */
const foreign = async () =>
  pngWithTexts(await square(), {
    parameters:
      "a lighthouse at night\nNegative prompt: fog\nSteps: 24, Sampler: DPM++ 2M SDE, Schedule type: Karras, CFG scale: 6.5, " +
      "Seed: 9007199254740993, Size: 320x192, Model: elsewhereXL, Version: v1.9.0",
  });

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const value = (page: Page, label: string) => field(page, label).inputValue();
const prompt = (page: Page) => value(page, "Prompt");

describe.skipIf(chromiumPath === undefined)("a form that is filled by itself", () => {
  let browser: Browser;
  let server: SourceServer;
  let made: Uint8Array;
  beforeAll(async () => {
    browser = await startChromium();
    server = await startSourceServer();
    const body = JSON.stringify({
      prompt: "a red circle",
      negative_prompt: "text",
      performance_selection: "Speed",
      overwrite_step: 3,
      guidance_scale: 5.5,
      sampler_name: "euler",
      loras: [{ enabled: true, model_name: "fooocusd-demo-neon.safetensors", weight: 0.35 }],
      image_seed: 77,
    });
    const answer = await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body });
    const { result } = (await answer.json()) as { result: string[] };
    made = await (await fetch(result[0] ?? "")).bytes();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test("a picture that says how it was made fills the form when it is dropped; it can be taken back", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await field(page, "Prompt").fill("what was typed before");
    await dropFile(page, made, png);
    await page.getByText("settings that made.png tells").waitFor();
    await page.waitForFunction(
      () => document.querySelector<HTMLTextAreaElement>("#prompt")?.value === "a red circle",
    );
    expect(await value(page, "Negative prompt")).toBe("text");
    expect(await field(page, "Speed").isChecked()).toBe(true);
    expect(await value(page, "Seed")).toBe("77");
    expect(await page.locator("summary", { hasText: "LoRAs" }).innerText()).toContain(
      "fooocusd-demo-neon 0.35",
    );
    expect(await value(page, "Guidance")).toBe("5.5");
    expect(await value(page, "Sampler")).toBe("euler");
    expect(await value(page, "Steps")).toBe("3");
    // It is made again, not started from.
    expect(await page.locator(".drop").count()).toBe(1);
    await page.getByRole("button", { name: "Take it back" }).click();
    expect(await prompt(page)).toBe("what was typed before");
    expect(await value(page, "Guidance")).toBe("");
    expect(errors).toEqual([]);
    await close();
  });

  test("pictures of A1111 are understood, and what of them is not, or is not here, is told", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await dropFile(page, await foreign(), { ...png, name: "foreign.png" });
    await page.getByText("settings that foreign.png tells in A1111's scheme").waitFor();
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>("#prompt")?.value !== "");
    expect(await prompt(page)).toBe("a lighthouse at night");
    expect(await value(page, "Negative prompt")).toBe("fog");
    expect(await value(page, "Seed")).toBe("9007199254740993");
    expect([await value(page, "Width"), await value(page, "Height")]).toEqual(["320", "192"]);
    expect(await value(page, "Guidance")).toBe("6.5");
    expect(await value(page, "Steps")).toBe("24");
    expect(await field(page, "Model").locator("option:checked").innerText()).toBe(
      "elsewhereXL.safetensors (not there)",
    );
    expect(await page.locator(".filled .warnings").innerText()).toContain("elsewhereXL.safetensors");
    await page.getByRole("button", { name: "Start from the picture instead" }).click();
    await page.locator(".source img").waitFor();
    expect(await prompt(page)).toBe("");
    await close();
  });

  test("a picture that says nothing is what is started from, as is any that is dropped there or pasted without a word", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await dropFile(page, await square(), png);
    await page.locator(".source").getByText("made.png, 64 × 64").waitFor();
    expect(await page.locator(".filled").count()).toBe(0);
    await page.getByRole("button", { name: "Remove the picture" }).click();
    await page.evaluate(async (base64) => {
      const answer = await fetch(`data:image/png;base64,${base64}`);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([await answer.blob()], "there.png", { type: "image/png" }));
      document
        .querySelector("#source .drop")
        ?.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }, Buffer.from(made).toString("base64"));
    await page.locator(".source").getByText("there.png, 256 × 256").waitFor();
    expect(await prompt(page)).toBe("");
    await close();
  });

  test("what was said of a picture's settings goes when another one is brought", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    const notice = page.getByText("settings that made.png tells");
    await dropFile(page, made, png);
    await notice.waitFor();
    await dropFile(page, Buffer.from("no picture"), { name: "notes.txt", type: "text/plain" });
    await page.getByRole("alert").waitFor();
    expect(await notice.count()).toBe(1);
    await dropFile(page, await square(), { ...png, name: "other.png" });
    await page.locator(".source").getByText("other.png, 64 × 64").waitFor();
    await notice.waitFor({ state: "detached", timeout: 5000 });
    expect(await prompt(page)).toBe("a red circle");
    expect(errors).toEqual([]);
    await close();
  });

  test("a picture is pasted with its settings, where the clipboard has its file", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await page.evaluate(async (base64) => {
      const answer = await fetch(`data:image/png;base64,${base64}`);
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([await answer.blob()], "copied.png", { type: "image/png" }));
      document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, Buffer.from(made).toString("base64"));
    await page.getByText("settings that copied.png tells").waitFor();
    await page.waitForFunction(
      () => document.querySelector<HTMLTextAreaElement>("#prompt")?.value === "a red circle",
    );
    await close();
  });

  test("what was typed survives a reload, pictures of sensible sizes too; it can be cleared, and that taken back", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await field(page, "Prompt").fill("a lighthouse\nsecond line");
    await field(page, "Quality").check();
    await page.locator("summary", { hasText: "Further settings" }).click();
    await field(page, "Guidance").fill("7.25");
    await page.locator("summary", { hasText: "LoRAs" }).click();
    await field(page, "Add a LoRA").selectOption("fooocusd-demo-neon.safetensors");
    await page.getByRole("checkbox", { name: "Enhance" }).check();
    await field(page, "Region 2").check();
    await field(page, "What should be there").fill("a hat");
    await dropFile(page, await square(), png);
    await field(page, "Inpaint or extend").check();
    await page.getByRole("button", { name: "Fill", exact: true }).click();
    await page.locator("summary", { hasText: "Control images" }).click();
    await page.getByLabel("Choose picture 2: file").setInputFiles({
      name: "guide.png",
      mimeType: "image/png",
      buffer: await square(),
    });
    await page.waitForFunction(() => localStorage.getItem("fooocusd-form-pictures")?.includes("guide.png"));
    await page.waitForFunction(() => localStorage.getItem("fooocusd-form-pictures")?.includes("mask.png"));
    await page.reload();
    await page.locator(".state.live").waitFor();
    await page.getByText("2: guide.png").waitFor({ state: "attached" });
    await page.locator(".paper img").waitFor();
    expect(await prompt(page)).toBe("a lighthouse\nsecond line");
    expect(await field(page, "Quality").isChecked()).toBe(true);
    expect(await value(page, "Guidance")).toBe("7.25");
    expect(await page.locator("summary", { hasText: "LoRAs" }).innerText()).toContain("fooocusd-demo-neon 1");
    expect(await page.locator("#region-prompt-1").inputValue()).toBe("a hat");
    expect(await page.getByRole("button", { name: "Undo", exact: true }).isEnabled()).toBe(true);
    await page.getByRole("button", { name: "Clear form" }).click();
    expect(await prompt(page)).toBe("");
    await page.locator(".drop").waitFor();
    await page.getByRole("button", { name: "Take it back" }).click();
    await page.locator(".paper img").waitFor();
    expect(await prompt(page)).toBe("a lighthouse\nsecond line");
    expect(errors).toEqual([]);
    await close();
  });

  test("a picture that is too large is not kept, and what somebody else left there breaks nothing", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    const noise = await sharp(crypto.getRandomValues(new Uint8Array(60_000)), {
      raw: { width: 200, height: 100, channels: 3 },
    })
      .resize(900, 450)
      .png()
      .toBuffer();
    expect(noise.length).toBeGreaterThan(512 * 1024);
    await dropFile(page, noise, { ...png, name: "large.png" });
    await page.locator(".source").getByText("large.png").waitFor();
    await page.waitForFunction(() => localStorage.getItem("fooocusd-form-pictures") !== null);
    await page.waitForTimeout(1000);
    expect(await page.evaluate(() => localStorage.getItem("fooocusd-form-pictures")?.length)).toBeLessThan(
      5000,
    );
    for (const left of [
      "not JSON",
      '{"version":0,"draft":{"prompt":"old"}}',
      '{"version":1,"draft":{"prompt":7,"styles":{},"loras":[1],"enhance":{"fields":{"enhance_ctrls":[null]}},"settings":[]}}',
    ]) {
      await page.evaluate((text) => {
        localStorage.setItem("fooocusd-form", text);
        localStorage.setItem("fooocusd-form-pictures", text.replace('"draft"', '"source"'));
      }, left);
      await page.reload();
      await page.locator(".state.live").waitFor();
      expect(await prompt(page)).toBe("");
    }
    expect(errors).toEqual([]);
    await close();
  });

  test("without a place to keep anything the page works all the same", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(globalThis, name, {
          get: () => {
            throw new DOMException("forbidden", "SecurityError");
          },
        });
    });
    await page.goto(`${server.url}/dashboard`);
    await page.locator(".state.live").waitFor();
    await field(page, "Prompt").fill("a white square");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "Details: a white square" }).waitFor({ timeout: 200_000 });
    expect(errors).toEqual([]);
    await context.close();
  });
});
