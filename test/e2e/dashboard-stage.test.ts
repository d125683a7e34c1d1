import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { chromiumPath, openDashboard, startChromium } from "../support/dashboard-page.ts";

setDefaultTimeout(300_000);
const patience = { timeout: 200_000 };
if (chromiumPath === undefined)
  process.stderr.write("dashboard-stage: skipped, no Chromium here (Debian package chromium)\n");

/** What the stage shows, each time that it is another: the picture's description, and the sentence. */
type Seen = Readonly<{ picture: string; finished: number; sentence: string }>;

/** Notes everything that the stage shows from now on. */
async function watch(page: Page): Promise<() => Promise<readonly Seen[]>> {
  await page.evaluate(() => {
    const seen: Seen[] = [];
    const look = () => {
      const stage = document.querySelector(".stage");
      const image = stage?.querySelector<HTMLImageElement>(".canvas img");
      seen.push({
        picture: image === null || image === undefined ? "nothing" : image.alt,
        finished: stage?.querySelectorAll(".finished img").length ?? 0,
        sentence: stage?.querySelector<HTMLElement>(".sentence")?.innerText ?? "",
      });
    };
    Object.assign(globalThis, { seen });
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
  });
  return () => page.evaluate(() => (globalThis as unknown as { seen: Seen[] }).seen);
}

describe.skipIf(chromiumPath === undefined)("what is being made, on the dashboard", () => {
  let browser: Browser;
  let server: SourceServer;
  beforeAll(async () => {
    mkdirSync(join(import.meta.dir, "../../dist/e2e"), { recursive: true });
    browser = await startChromium();
    server = await startSourceServer();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test("an engine that waits for its first task is said to be ready", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    const head = page.locator("header .state");
    await page.waitForFunction(
      () => document.querySelector("header .state")?.textContent?.includes(",") === true,
    );
    expect(await head.innerText()).toMatch(/^Live, (\w+, )?ready$/);
    await close();
  });

  test("the last picture stays until the next one shows, and each of several is there when it is finished", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    const prompt = page.getByLabel("Prompt", { exact: true });
    await prompt.fill("a white square");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "The last picture: a white square" }).waitFor(patience);
    await prompt.fill("a green star");
    await page.getByLabel("Pictures", { exact: true }).fill("3");
    const seen = await watch(page);
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "Finished picture 2" }).waitFor(patience);
    // It can be looked at while the others are made.
    await page.getByRole("button", { name: "Finished picture 1" }).click();
    expect(await page.getByRole("dialog").innerText()).toContain("a green star");
    await page.screenshot({ path: join(import.meta.dir, "../../dist/e2e/dashboard-batch.png") });
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "The last picture: a green star" }).waitFor(patience);
    // All of them stay, and the one that is large is the last of them.
    const ended = page.getByRole("group", { name: "Finished" }).locator("img");
    expect(await ended.count()).toBe(3);
    expect(await page.locator(".stage > .canvas img").getAttribute("src")).toBe(
      await ended.last().getAttribute("src"),
    );
    const all = await seen();
    expect(all.map(({ picture }) => picture)).not.toContain("nothing");
    const pictures = all.map(({ picture }) => picture).filter((name, at, list) => name !== list[at - 1]);
    const first = pictures.indexOf("Preview");
    expect(pictures.slice(0, first)).toContain("The last picture");
    // Each finished one stays until there is something of the next.
    expect(pictures.slice(first).filter((name) => name === "Newest picture").length).toBeGreaterThanOrEqual(
      2,
    );
    expect(pictures.slice(first)).not.toContain("The last picture");
    expect(new Set(all.map(({ finished }) => finished))).toEqual(new Set([0, 1, 2, 3]));
    expect(await page.locator(".thumb").count()).toBe(4);
    expect(errors).toEqual([]);
    await close();
  });

  test("decoding is said, with the time that is left or has passed", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await page.getByLabel("Prompt", { exact: true }).fill("a blue circle");
    await page.getByLabel("Size", { exact: true }).selectOption("other");
    await page.getByLabel("Width", { exact: true }).fill("768");
    await page.getByLabel("Height", { exact: true }).fill("768");
    const seen = await watch(page);
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "The last picture: a blue circle" }).waitFor(patience);
    const decoding = (await seen())
      .map(({ sentence }) => sentence)
      .filter((text) => text.startsWith("Decoding"));
    for (const said of decoding) expect(said).toMatch(/^Decoding (strip \d+\/\d+, )?image 1\/1 \.\.\./);
    expect(decoding.some((said) => /About \d+ s left|For \d+ s now/.test(said))).toBe(true);
    await close();
  });

  test("details say what the mode decided, not what it put aside; and which LoRAs took part", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await page.getByLabel("Prompt", { exact: true }).fill("a green circle");
    await page.locator("summary", { hasText: "LoRAs:" }).click();
    await page.getByLabel("Add a LoRA").selectOption("fooocusd-demo-neon.safetensors");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("button", { name: "The last picture: a green circle" }).click(patience);
    const told = async (name: string) => await page.locator(`dt:text-is("${name}") + dd`).innerText(patience);
    expect(await told("Performance")).toBe("Lightning");
    expect(await told("Guidance")).toBe("1");
    expect(await told("Sampler")).toBe("euler");
    expect(await told("LoRAs")).toBe("fooocusd-demo-neon.safetensors 1");
    await close();
  });

  test("a prompt of three thousand characters leaves the picture in sight, on a phone too", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page
      .getByLabel("Prompt", { exact: true })
      .fill(`a red square ${"with a very fine frame ".repeat(140)}`.slice(0, 3000));
    await page.keyboard.press("Control+Enter");
    const last = page.getByRole("button", { name: "The last picture: a red square" });
    await last.waitFor(patience);
    const [stage, picture] = [await page.locator(".stage").boundingBox(), await last.boundingBox()];
    expect(stage?.height).toBeLessThan(500);
    expect((picture?.y ?? 0) + (picture?.height ?? 0)).toBeLessThan(900);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("button", { name: "To the last picture" }).click();
    const below = await page.locator(".stage").boundingBox();
    expect(below?.y).toBeGreaterThanOrEqual(-1);
    expect(below?.y).toBeLessThan(400);
    await last.click();
    const large = page.locator("dialog .canvas img");
    await large.waitFor(patience);
    expect((await large.boundingBox())?.y).toBeGreaterThanOrEqual(0);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("DIALOG");
    expect(errors).toEqual([]);
    await close();
  });

  test("a server that is gone is named, in words of ours", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await page.route("**/v1/queue", (route) => route.abort("connectionrefused"));
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    expect(await page.getByRole("alert").innerText(patience)).toBe(
      "The server does not answer. Try again when it does.",
    );
    await close();
  });

  test("that a server does not answer is said until it does", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    const prompt = page.getByLabel("Prompt", { exact: true });
    // The way to the server is cut, and mended later.
    let isCut = true;
    await page.routeWebSocket("**/v1/live", (socket) =>
      isCut ? void socket.close() : void socket.connectToServer(),
    );
    await page.route(/\/v1\/(events|engine\/)/, (route) =>
      isCut ? route.abort("connectionrefused") : route.continue(),
    );
    await page.reload();
    await page.locator(".state.offline").waitFor({ timeout: 20_000 });
    await prompt.fill("a white circle");
    await page.getByRole("button", { name: "Generate" }).click();
    const said = page.getByText("The server does not answer. Try again when it does.");
    await said.waitFor(patience);
    isCut = false;
    await page.locator(".state.live").waitFor(patience);
    await said.waitFor({ state: "detached", timeout: 5000 });
    expect(await prompt.inputValue()).toBe("a white circle");
    await close();
  });

  test("why a size is refused is seen, not only the field", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await page.getByLabel("Size", { exact: true }).selectOption("other");
    await page.getByLabel("Width", { exact: true }).fill("13");
    await page.getByRole("button", { name: "Generate" }).click();
    const reason = page.getByText("A side of 13 pixels cannot be drawn");
    await reason.waitFor(patience);
    await page.waitForFunction(() => document.activeElement?.id === "size", undefined, patience);
    const [text, bar] = [await reason.boundingBox(), await page.locator(".send").boundingBox()];
    expect((text?.y ?? 0) + (text?.height ?? 0)).toBeLessThanOrEqual(bar?.y ?? 0);
    await close();
  });
});
