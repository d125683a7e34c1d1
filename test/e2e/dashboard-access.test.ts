import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { axeFindings } from "../support/axe.ts";
import { chromiumPath, dropFile, openDashboard, startChromium } from "../support/dashboard-page.ts";

setDefaultTimeout(300_000);
if (chromiumPath === undefined)
  process.stderr.write("dashboard-access: skipped, no Chromium here (Debian package chromium)\n");

const screenshots = join(import.meta.dir, "../../dist/e2e");
const picture = await sharp({ create: { width: 128, height: 96, channels: 3, background: "#2040d0" } })
  .png()
  .toBuffer();

/** What the page may look like, from nothing to everything. */
const states: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  plain: async () => undefined,
  open: async (page) => {
    for (const title of [
      "Control images",
      "Styles",
      "LoRAs",
      "Further settings",
      "Parts of",
      "Guidance in",
      "The pictures and",
    ])
      await page.locator("form summary", { hasText: title }).first().click();
    await page.getByLabel("Add a LoRA").selectOption("fooocusd-demo-neon.safetensors");
    await page.getByRole("checkbox", { name: "Enhance", exact: true }).check();
    await page.getByRole("checkbox", { name: "Region 1" }).check();
    await page.getByLabel("Size", { exact: true }).selectOption("other");
  },
  refused: async (page) => {
    await page.getByLabel("Seed", { exact: true }).fill("seven");
    await page.getByRole("button", { name: "Generate" }).click();
    await page.locator("#seed-problem").waitFor();
  },
  "to vary": async (page) => {
    await dropFile(page, picture, { name: "scene.png", type: "image/png" });
    await page.getByLabel("Vary (Strong)").waitFor();
  },
  "to inpaint": async (page) => {
    await page.getByLabel("Inpaint or extend").check();
    await page.locator("summary", { hasText: "How it is made anew" }).click();
    await page.getByLabel("Left", { exact: true }).check();
  },
  detail: async (page) => {
    await page.locator(".stage button.canvas").click();
    await page.getByRole("dialog").waitFor();
  },
};

describe.skipIf(chromiumPath === undefined)("the dashboard for everybody", () => {
  let browser: Browser;
  let server: SourceServer;
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    browser = await startChromium();
    server = await startSourceServer();
    const body = JSON.stringify({
      prompt: "a red circle <lora:nowhere:1>",
      performance_selection: "Lightning",
    });
    await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body });
    // One that fails, for the gallery to tell.
    const unknown = JSON.stringify({ prompt: "a cat", base_model_name: "nowhere.safetensors" });
    await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body: unknown });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const width of [390, 1280])
    for (const colorScheme of ["light", "dark"] as const)
      test(`axe finds nothing at ${width} pixels, ${colorScheme}, and nothing is wider than the page`, async () => {
        const { page, errors, close } = await openDashboard(browser, server.url);
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        for (const [name, arrange] of Object.entries(states)) {
          await arrange(page);
          // On a phone the button that sends floats over the form until its end is there; axe does not know that one can scroll.
          await page.evaluate(() => document.querySelector("form.compose")?.scrollIntoView({ block: "end" }));
          await page.waitForTimeout(150);
          expect([name, ...(await axeFindings(page))]).toEqual([name]);
          const sideways = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect([name, sideways]).toEqual([name, 0]);
          const file = `dashboard-${name.replaceAll(" ", "-")}-${width}-${colorScheme}.png`;
          await page.screenshot({ path: join(screenshots, file), fullPage: width < 900 });
        }
        expect(errors).toEqual([]);
        await close();
      });

  test("fingers find what they touch: nothing is less than 24 pixels high, and what is done most is more", async () => {
    const { page, close } = await openDashboard(browser, server.url, true);
    await page.setViewportSize({ width: 390, height: 844 });
    await states["open"]?.(page);
    const small = await page.evaluate(() =>
      [
        ...document.querySelectorAll<HTMLElement>(
          "button, select, summary, a, input, textarea, label:has(input)",
        ),
      ]
        .filter((one) => one.closest(".hidden, label") === null || one.matches("label"))
        .filter((one) => !one.matches(".hidden"))
        .map((one) => ({ one: one.outerHTML.slice(0, 90), height: one.getBoundingClientRect().height }))
        .filter(({ height }) => height > 0 && height < 24),
    );
    expect(small).toEqual([]);
    const main = await page.getByRole("button", { name: "Generate" }).boundingBox();
    expect(main?.height).toBeGreaterThanOrEqual(44);
    await close();
  });

  test("the keyboard walks through the form in the order in which it is read", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    // What is not known yet is closed, and passed over.
    for (const id of ["setting-base_model_name", "setting-preset", "size"])
      await page.locator(`#${id}:enabled`).waitFor();
    await page.keyboard.press("p");
    const order: { id: string; top: number }[] = [];
    for (let at = 0; at < 16; at += 1) {
      order.push(
        await page.evaluate(() => {
          const one = document.activeElement;
          const form = document.querySelector(".fields");
          const top = (one?.getBoundingClientRect().top ?? 0) + (form?.scrollTop ?? 0) + window.scrollY;
          return { id: one?.id || one?.textContent?.trim().slice(0, 14) || "", top };
        }),
      );
      await page.keyboard.press("Tab");
    }
    const ids = order.map(({ id }) => id);
    expect(ids.slice(0, 2)).toEqual(["prompt", "negative"]);
    for (const id of ["setting-base_model_name", "setting-preset", "size", "count", "seed"])
      expect(ids).toContain(id);
    // What stands side by side may differ by a few pixels.
    expect(order.filter(({ top }, at) => top < (order[at - 1]?.top ?? 0) - 20)).toEqual([]);
    await close();
  });
});
