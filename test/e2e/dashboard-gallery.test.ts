import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { unzipSync } from "fflate";
import type { Browser, Page } from "playwright-core";
import { fillHistory } from "../../scripts/bench/gallery/fill-history.ts";
import { chromiumPath, openDashboard, startChromium } from "../support/dashboard-page.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";
import { benchFolder, small } from "../support/task-bench.ts";

setDefaultTimeout(300_000);

const tasks = 1300;
/** More tiles than this are not in the page at once, on a screen of 1280 x 900. */
const mostTiles = 90;

describe.skipIf(chromiumPath === undefined)("the gallery", () => {
  let browser: Browser;
  let bench: ServedBench;
  beforeAll(async () => {
    browser = await startChromium();
    const folder = benchFolder();
    await fillHistory(join(folder, "outputs"), tasks, { motifs: 4, side: 64 });
    bench = await serveBench({ folder });
  });
  afterAll(async () => {
    await browser?.close();
    await bench?.close();
  });

  const tile = (page: Page, prompt: string | RegExp) =>
    page.locator(".thumb").and(page.getByRole("button", { name: prompt }));
  const open = async () => {
    const visit = await openDashboard(browser, bench.url);
    await visit.page.locator(".tile").first().waitFor();
    return visit;
  };

  test("goes through thousands of pictures with few of them in the page, and small ones", async () => {
    const { page, errors, close } = await open();
    const asked: string[] = [];
    // What the page before asked late is not this one's.
    await page.goto("about:blank");
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${bench.url}/dashboard`);
    await page.waitForFunction(() => {
      const images = [...document.querySelectorAll<HTMLImageElement>(".tile img")];
      const seen = images.filter((one) => one.getBoundingClientRect().top < innerHeight);
      return seen.length > 3 && seen.every((one) => one.complete && one.naturalWidth > 0);
    });
    const thumbnails = asked.filter((path) => path.startsWith("/thumbnails/"));
    expect(thumbnails.length).toBeGreaterThan(3);
    expect(thumbnails.length).toBeLessThan(mostTiles);
    // The one on the stage is shown whole.
    expect(asked.filter((path) => path.startsWith("/outputs/")).length).toBeLessThanOrEqual(1);
    let most = 0;
    const last = tile(page, / number 0$/);
    for (let round = 0; round < 200 && (await last.count()) === 0; round += 1) {
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
      await page.waitForTimeout(100);
      most = Math.max(most, await page.locator(".tile").count());
    }
    await last.waitFor();
    expect(most).toBeLessThan(mostTiles);
    expect(await page.locator(".gallery h2").innerText()).toBe(`Pictures (${tasks})`);
    expect(asked.filter((path) => path.startsWith("/outputs/")).length).toBeLessThanOrEqual(1);
    expect(errors).toEqual([]);
    await close();
  });

  test("lays the page out once for a row that is scrolled by, and makes no tile anew that stays", async () => {
    const { page, close } = await open();
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const layouts = async () =>
      (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "LayoutCount")
        ?.value ?? 0;
    const scrolled = (rows: number) =>
      page.evaluate(async (count) => {
        const frame = () => new Promise(requestAnimationFrame);
        const settled = async () => {
          for (let still = 0; still < 3; still += 1) {
            await frame();
            const images = [...document.querySelectorAll<HTMLImageElement>(".tile img")];
            if (images.some((one) => one.getBoundingClientRect().top < innerHeight && !one.complete))
              still = 0;
          }
        };
        const tiles = () => [...document.querySelectorAll<HTMLElement>(".tile")];
        // Preact keeps the handlers of an element at it.
        const handlersOf = (tile: HTMLElement): readonly unknown[] =>
          Object.values(tile.querySelector(".star") ?? {})
            .filter((one) => typeof one === "object" && one !== null)
            .flatMap((one) => Object.values(one))
            .filter((one) => typeof one === "function");
        const [first, , ...others] = tiles();
        const next = others.find(({ offsetTop }) => offsetTop > (first?.offsetTop ?? 0));
        const step = (next?.offsetTop ?? 0) - (first?.offsetTop ?? 0);
        let [stayed, anew, handlers, moments] = [0, 0, 0, 0];
        const observer = new MutationObserver(() => {
          moments += 1;
        });
        for (let row = 0; row < count; row += 1) {
          observer.observe(document.querySelector(".grid") ?? document.body, { childList: true });
          const before = new Map(tiles().map((one) => [one, handlersOf(one)]));
          // Where a row goes at the top is not where one comes at the bottom.
          for (const part of [0.3, 0.3, 0.4]) {
            window.scrollBy(0, part * step);
            await settled();
          }
          observer.disconnect();
          const still = tiles().filter((one) => before.has(one));
          const other = still.filter((one) =>
            handlersOf(one).some((handler, at) => handler !== before.get(one)?.[at]),
          );
          stayed += still.length;
          anew += other.length;
          handlers += still.reduce((sum, one) => sum + handlersOf(one).length, 0);
        }
        return { stayed, anew, handlers, moments };
      }, rows);
    await page.evaluate(() => document.querySelector(".grid")?.scrollIntoView());
    await scrolled(8);
    // A picture that comes later is a change of what is laid out as well.
    await page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLImageElement>(".grid img")].every(
        (picture) => picture.complete && picture.naturalWidth > 0,
      ),
    );
    const before = await layouts();
    const rows = 12;
    const { stayed, anew, handlers, moments } = await scrolled(rows);
    const laidOut = (await layouts()) - before;
    // One moment for what goes and what comes, and nothing for a picture that comes later.
    expect(moments).toBeLessThanOrEqual(rows);
    expect(laidOut).toBeLessThanOrEqual(rows * 1.5);
    // The one that the Tab key leads to is another after each row; a page of the list tells all how many there are.
    expect(stayed).toBeGreaterThan(rows * 20);
    expect(handlers).toBeGreaterThanOrEqual(stayed);
    expect(anew).toBeLessThan(stayed / 4);
    await close();
  });

  test("finds pictures by words, model, style, day and star", async () => {
    const { page, errors, close } = await open();
    const count = async (text: string) => {
      await page.locator(".gallery h2", { hasText: text }).waitFor();
    };
    await page.keyboard.press("/");
    await page.keyboard.type("LIGHT dusk 504");
    await count("Pictures (1)");
    await tile(page, "a lighthouse at dusk, number 504").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.locator("#filter").getByLabel("Model").selectOption("other.safetensors");
    await page.locator("#filter").getByLabel("Style").selectOption("SAI Anime");
    await page.getByLabel("Search pictures").fill("number 15");
    // 15, 150, 1500 and so on that other.safetensors made in this style.
    await tile(page, /number 150$/).waitFor();
    await count("Pictures (2)");
    await page.locator("#filter").getByLabel("From").fill("2026-11-02");
    await page.getByText("Nothing like that was made.").waitFor();
    await page.getByRole("button", { name: "Show all" }).click();
    await tile(page, /number 1299$/).waitFor();
    await page.getByRole("button", { name: "Only starred" }).click();
    await page.getByText("Nothing like that was made.").waitFor();
    // A star that is given elsewhere is seen at once.
    const starred = (7).toString(16).padStart(32, "0");
    await fetch(`${bench.url}/tasks/${starred}/star`, { method: "PUT" });
    await tile(page, /number 7$/).waitFor();
    await fetch(`${bench.url}/tasks/${starred}/star`, { method: "DELETE" });
    await tile(page, /number 7$/).waitFor({ state: "detached" });
    expect(errors).toEqual([]);
    await close();
  });

  test("is walked, starred, chosen and deleted by keys; a deletion can be undone, and else is done", async () => {
    const { page, errors, close } = await open();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    await page.locator(".thumb").first().focus();
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toEndWith("number 1298");
    await page.keyboard.press("s");
    await page.locator('.tile .star[aria-pressed="true"]').waitFor();
    await page.keyboard.press("s");
    await page.locator('.tile .star[aria-pressed="true"]').waitFor({ state: "detached" });
    await page.keyboard.press("x");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+X");
    await page.getByText("3 chosen").waitFor();
    await page.keyboard.press("Delete");
    await page.getByText("Deleted 3 tasks with 3 pictures.").waitFor();
    await tile(page, /number 1297$/).waitFor({ state: "detached" });
    expect(await focused()).toEndWith("number 1295");
    await page.getByRole("button", { name: "Undo" }).click();
    await tile(page, /number 1297$/).waitFor();
    await page.locator(".thumb").first().focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: /number 1299$/ });
    await dialog.getByText("fooocusd-demo.safetensors", { exact: true }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("dialog", { name: /number 1298$/ }).waitFor();
    await page.keyboard.press("Delete");
    await page.getByText("Deleted 1 task with 1 picture.").waitFor();
    const id = (1298).toString(16).padStart(32, "0");
    const isThere = async () =>
      (await (await fetch(`${bench.url}/v1/history?task_id=${id}`)).json()).tasks.length;
    expect(await isThere()).toBe(1);
    const other = await open();
    await tile(other.page, /number 1298$/).waitFor();
    // Who leaves the page has decided; others see it at once.
    await page.goto("about:blank");
    await tile(other.page, /number 1298$/).waitFor({ state: "detached" });
    expect(await isThere()).toBe(0);
    expect([errors, other.errors]).toEqual([[], []]);
    await other.close();
    await close();
  });

  test("that the server did not answer is said until it does", async () => {
    const { page, close } = await open();
    const breaks: (() => void)[] = [];
    await page.routeWebSocket("**/v1/live", (socket) => {
      socket.connectToServer();
      breaks.push(() => void socket.close());
    });
    await page.route("**/star", (route) => route.abort("connectionrefused"));
    await page.reload();
    await page.locator(".state.live").waitFor();
    await page.locator(".thumb").first().focus();
    await page.keyboard.press("s");
    const said = page.getByText("The server does not answer. Try again when it does.");
    await said.waitFor();
    for (const cut of breaks) cut();
    await said.waitFor({ state: "detached", timeout: 10_000 });
    await page.locator(".state.live").waitFor();
    await close();
  });

  test("a picture that is made elsewhere comes to its place", async () => {
    const { page, close } = await open();
    const { id } = await bench.tasks.submit({ ...small, prompt: "something new" });
    await tile(page, "Details: something new").waitFor();
    expect(await page.locator(".thumb").first().getAttribute("aria-label")).toBe("Details: something new");
    await bench.tasks.remove(id);
    await tile(page, "Details: something new").waitFor({ state: "detached" });
    await close();
  });

  test("downloads one picture as it is, and several in a ZIP", async () => {
    const { page, close } = await open();
    const file = async (number: number) =>
      await Bun.file(join(bench.folder, `outputs/2026-11-01/2026-11-01_00${number}.png`)).bytes();
    const downloaded = async (act: () => Promise<unknown>) => {
      const [download] = await Promise.all([page.waitForEvent("download"), act()]);
      return { name: download.suggestedFilename(), bytes: await Bun.file(await download.path()).bytes() };
    };
    await page.getByLabel("Search pictures").fill("number 129");
    await tile(page, /number 1290$/).waitFor();
    await tile(page, /number 1291$/).focus();
    const one = await downloaded(() => page.keyboard.press("d"));
    expect(one).toEqual({ name: "2026-11-01_001291.png", bytes: await file(1291) });
    for (const number of [1291, 1293]) {
      await tile(page, new RegExp(`number ${number}$`)).focus();
      await page.keyboard.press("x");
    }
    const several = await downloaded(() => page.getByRole("button", { name: "Download" }).click());
    expect(several.name).toMatch(/^pictures-\d{4}-\d\d-\d\d\.zip$/);
    expect(unzipSync(several.bytes)).toEqual({
      "2026-11-01/2026-11-01_001293.png": await file(1293),
      "2026-11-01/2026-11-01_001291.png": await file(1291),
    });
    await close();
  });

  test("compares chosen pictures side by side, and shows one as large as one likes", async () => {
    const { page, errors, close } = await open();
    await page.getByRole("button", { name: "Choose", exact: true }).click();
    for (const at of [0, 1, 2]) await page.locator(".thumb").nth(at).click();
    await page.getByRole("button", { name: "Compare" }).click();
    const compared = page.getByRole("dialog", { name: "Compared pictures" });
    await compared.locator("img").nth(2).waitFor();
    await compared.getByRole("row", { name: /^image_seed/ }).waitFor();
    expect(await compared.getByRole("row", { name: /^negative_prompt/ }).count()).toBe(0);
    const zoomed = async () => Number.parseInt(await page.locator("output[aria-label=Zoom]").innerText(), 10);
    const transforms = () =>
      compared
        .locator(".pane > div")
        .evaluateAll((all) => all.map((one) => (one as HTMLElement).style.transform));
    const before = await zoomed();
    await page.keyboard.press("+");
    expect(await zoomed()).toBeGreaterThan(before);
    expect(new Set(await transforms()).size).toBe(1);
    await page.keyboard.press("Escape");
    await compared.waitFor({ state: "detached" });
    await page.getByText("3 chosen").waitFor();
    // Keys go on from a chosen picture, wherever the focus was before.
    await page.waitForFunction(() => document.activeElement?.matches(".tile.chosen .thumb"), undefined, {
      timeout: 5000,
    });
    await page.keyboard.press("x");
    await page.getByText("2 chosen").waitFor();
    await page.keyboard.press("x");
    await page.getByText("3 chosen").waitFor();
    // While some are chosen their keys are heard from a button of the bar as well.
    await page.getByRole("button", { name: "Compare" }).focus();
    await page.keyboard.press("s");
    await page.locator('.tile.chosen .star[aria-pressed="true"]').nth(2).waitFor();
    expect(await page.locator('.tile .star[aria-pressed="true"]').count()).toBe(3);
    // On a tile too, and once.
    await page.locator(".tile.chosen .thumb").first().focus();
    await page.keyboard.press("s");
    await page.locator('.tile .star[aria-pressed="true"]').first().waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Compare" }).focus();
    const [zip] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("d")]);
    expect(zip.suggestedFilename()).toEndWith(".zip");
    await page.keyboard.press("Delete");
    await page.getByText("Deleted 3 tasks with 3 pictures.").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Choose", exact: true }).click();
    for (const at of [0, 1, 2]) await page.locator(".thumb").nth(at).click();
    await page.getByText("3 chosen").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("3 chosen").waitFor({ state: "detached" });
    await page.locator(".thumb").first().click();
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("z");
    const full = page.getByRole("dialog", { name: /^Full view/ });
    await full.locator("img").waitFor();
    await page.keyboard.press("1");
    expect(await zoomed()).toBe(100);
    await full.locator(".pane").dispatchEvent("wheel", { deltaY: -200 });
    expect(await zoomed()).toBeGreaterThan(100);
    await page.keyboard.press("Escape");
    await full.waitFor({ state: "detached" });
    expect(await page.getByRole("dialog").count()).toBe(1);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(errors).toEqual([]);
    await close();
  });
});
