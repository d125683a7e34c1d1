import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { chromiumPath, startChromium } from "../support/dashboard-page.ts";

setDefaultTimeout(300_000);

if (chromiumPath === undefined)
  process.stderr.write("dashboard: skipped, no Chromium here (Debian package chromium)\n");
const screenshots = join(import.meta.dir, "../../dist/e2e");
const prompt = "a red circle on a blue background";

/** Opens the dashboard; nothing but our server may be reached. */
async function open(browser: Browser, url: string) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  // Thirty steps take longer than half a minute where others are at work.
  page.setDefaultTimeout(120_000);
  const strangers: string[] = [];
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.route("**/*", (route) => {
    const target = route.request().url();
    if (target.startsWith(url) || /^(data|blob):/.test(target)) return route.continue();
    strangers.push(target);
    return route.abort();
  });
  await page.goto(`${url}/dashboard`);
  const save = (name: string) => page.screenshot({ path: join(screenshots, `dashboard-${name}.png`) });
  return { page, strangers, errors, save };
}

/** Types a prompt, sends it with the keyboard alone, and waits for the picture to be in the gallery. */
async function generate({ page }: Awaited<ReturnType<typeof open>>) {
  await page.getByLabel("Prompt", { exact: true }).fill(prompt);
  await page.getByLabel("Seed", { exact: true }).fill("9007199254740993");
  await page.keyboard.press("Control+Enter");
  const tile = page.getByRole("button", { name: `Details: ${prompt}` }).first();
  await tile.waitFor();
  const picture = tile.locator("img");
  await picture.scrollIntoViewIfNeeded();
  await page.waitForFunction(() => {
    const image = document.querySelector<HTMLImageElement>(".thumb img");
    return image !== null && image.complete && image.naturalWidth > 0;
  });
  return tile;
}

describe.skipIf(chromiumPath === undefined)("the dashboard in a browser", () => {
  let browser: Browser;
  let server: SourceServer;
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    browser = await startChromium();
    server = await startSourceServer();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test("makes a picture from the keyboard and shows how it was made", async () => {
    const visit = await open(browser, server.url);
    const { page, strangers, errors, save } = visit;
    const tile = await generate(visit);
    await save("light");
    await tile.click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.innerText()).toContain(prompt);
    // Every digit of a seed that a JavaScript number does not hold.
    await dialog.getByText("9007199254740993", { exact: true }).waitFor();
    await page.emulateMedia({ colorScheme: "dark" });
    await save("detail-dark");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(errors).toEqual([]);
    expect(strangers).toEqual([]);
  });

  test("a dialog stays on its picture when another one is made; the last one stays on the stage", async () => {
    const { page } = await open(browser, server.url);
    await page.getByLabel("Prompt", { exact: true }).fill("a white square");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "Details: a white square" }).click();
    const shown = () => page.locator("dialog .canvas img").getAttribute("src");
    const before = await shown();
    const body = JSON.stringify({ prompt: "a green star", performance_selection: "Lightning" });
    await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body });
    await page.locator('.thumb[aria-label="Details: a green star"]').first().waitFor({ state: "attached" });
    expect(await shown()).toBe(before);
    await page.keyboard.press("ArrowLeft");
    expect(await page.getByRole("dialog").innerText()).toContain("a green star");
    await page.keyboard.press("Escape");
    // The gallery hears of a task by its event, the stage by a list that is asked for because of it.
    await page.locator(".stage", { hasText: "a green star" }).waitFor();
  });

  test("a refusal is shown in the server's words", async () => {
    const { page } = await open(browser, server.url);
    await page.getByLabel("Prompt", { exact: true }).fill(prompt);
    await page.getByLabel("Pictures", { exact: true }).fill("33");
    await page.getByRole("button", { name: "Generate" }).click();
    const said = page.getByRole("alert");
    expect(await said.innerText()).toContain("32");
    expect(await page.getByLabel("Pictures", { exact: true }).getAttribute("aria-describedby")).toBe(
      await said.getAttribute("id"),
    );
  });

  test("fits a phone without scrolling sideways", async () => {
    const { page, save } = await open(browser, server.url);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("button", { name: "Generate" }).waitFor();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
    await save("phone");
  });

  test("every field and button has a name for a screen reader", async () => {
    const { page } = await open(browser, server.url);
    await page.getByRole("button", { name: "Generate" }).waitFor();
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("input, select, textarea, button")]
        .filter((one) => {
          const labels =
            one instanceof HTMLInputElement ||
            one instanceof HTMLSelectElement ||
            one instanceof HTMLTextAreaElement
              ? one.labels
              : null;
          return (labels?.length ?? 0) === 0 && !one.ariaLabel && (one.textContent ?? "").trim() === "";
        })
        .map((one) => one.outerHTML),
    );
    expect(nameless).toEqual([]);
  });

  test("works on where the live channel is refused", async () => {
    const context = await browser.newContext();
    await context.addInitScript(() => {
      Object.assign(globalThis, {
        WebSocket: class extends EventTarget {
          static readonly OPEN = 1;
          readonly readyState = 3;
          constructor() {
            super();
            setTimeout(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })), 10);
          }
          close(): void {}
        },
      });
    });
    const page = await context.newPage();
    await page.goto(`${server.url}/dashboard`);
    await page.locator(".state.events").waitFor();
    await page.getByLabel("Prompt", { exact: true }).fill("a green star on a white background <lora:nope:1>");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "Details: a green star on a white background" }).click();
    await page.getByRole("dialog").getByText("There is no LoRA called nope").first().waitFor();
    await context.close();
  });

  test("the picture comes step by step, and the waiting line is steered, over the live channel", async () => {
    const { page, errors, save } = await open(browser, server.url);
    await page.locator(".state.live").waitFor();
    // Slow enough to be looked at.
    await page.getByRole("radio", { name: "Speed", exact: true }).check();
    const seen = new Set<string>();
    await page.exposeFunction("seen", (source: string) => seen.add(source));
    await page.evaluate(() => {
      const look = () => {
        const source = document.querySelector<HTMLImageElement>(".canvas img[alt=Preview]")?.src;
        if (source !== undefined) (globalThis as unknown as { seen: (s: string) => void }).seen(source);
      };
      new MutationObserver(look).observe(document.body, { subtree: true, attributes: true, childList: true });
    });
    await page.getByLabel("Prompt", { exact: true }).fill("a yellow star on a purple background");
    await page.keyboard.press("Control+Enter");
    await page.locator(".canvas img[alt=Preview]").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await page.getByLabel("Prompt", { exact: true }).fill("a second one that waits");
    await page.keyboard.press("Control+Enter");
    const cancel = page.getByRole("button", { name: "Cancel a second one that waits" });
    await cancel.waitFor();
    await save("live");
    await cancel.click();
    await cancel.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Details: a yellow star on a purple background" }).waitFor();
    // Those that came as binary frames; the lists bring one of their own.
    expect([...seen].filter((source) => source.startsWith("blob:")).length).toBeGreaterThan(3);
    expect(errors).toEqual([]);
  });

  test("asks for the key of a server that has one", async () => {
    const locked = await startSourceServer(["--api-keys", "secret"]);
    try {
      const visit = await open(browser, locked.url);
      await visit.page.getByLabel("API key").fill("guess");
      await visit.page.keyboard.press("Enter");
      await visit.page.getByText("That is not the server's key.").waitFor();
      await visit.page.getByLabel("API key").fill("secret");
      await visit.save("locked");
      await visit.page.keyboard.press("Enter");
      await generate(visit);
      expect(visit.errors).toEqual([]);
    } finally {
      await locked.close();
    }
  });
});
