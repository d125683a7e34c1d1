import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { fillHistory } from "../../scripts/bench/gallery/fill-history.ts";
import { axeFindings } from "../support/axe.ts";
import { chromiumPath, startChromium } from "../support/dashboard-page.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";
import { benchFolder, small } from "../support/task-bench.ts";

setDefaultTimeout(300_000);

/** What a page is led to, one after the other, and what is closed again. */
const states: readonly (readonly [string, (page: Page) => Promise<unknown>])[] = [
  ["as it opens", (page) => page.locator(".tile img").first().waitFor()],
  [
    "with filters and chosen pictures",
    async (page) => {
      await page.getByRole("button", { name: "Filter" }).click();
      await page.getByRole("button", { name: "Choose", exact: true }).click();
      for (const at of [0, 1]) await page.locator(".thumb").nth(at).click();
      await page.getByText("2 chosen").waitFor();
    },
  ],
  [
    "with compared pictures",
    async (page) => {
      await page.getByRole("button", { name: "Compare" }).click();
      await page.getByRole("row", { name: /^image_seed/ }).waitFor();
    },
  ],
  [
    "with the keys",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Choose none" }).click();
      await page.getByRole("button", { name: "Keys", exact: true }).click();
    },
  ],
  [
    "with a picture large, and all its values",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.locator(".thumb").nth(2).click();
      await page.getByRole("dialog").getByText("All values").click();
    },
  ],
  ["in full view", (page) => page.keyboard.press("z")],
  [
    "with a deletion that can be undone",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await page.locator(".thumb").nth(3).focus();
      await page.keyboard.press("Delete");
      await page.getByRole("button", { name: "Undo" }).waitFor();
    },
  ],
];

describe.skipIf(chromiumPath === undefined)("axe finds nothing at level AA", () => {
  let browser: Browser;
  let bench: ServedBench;
  const held = gate();
  beforeAll(async () => {
    browser = await startChromium();
    const folder = benchFolder();
    await fillHistory(join(folder, "outputs"), 60, { motifs: 4, side: 64 });
    bench = await serveBench({ folder, engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
    for (const prompt of ["running", "waits", "waits as well"])
      await bench.tasks.submit({ ...small, prompt });
  });
  afterAll(async () => {
    held.open();
    await browser?.close();
    await bench?.close();
  });

  for (const colorScheme of ["light", "dark"] as const)
    for (const width of [390, 1280])
      test(`${colorScheme}, ${width} pixels wide`, async () => {
        const viewport = { width, height: width === 390 ? 844 : 900 };
        const context = await browser.newContext({
          viewport,
          colorScheme,
          hasTouch: width === 390,
          reducedMotion: "reduce",
        });
        const page = await context.newPage();
        await page.goto(`${bench.url}/dashboard`);
        await page.locator(".state.live").waitFor();
        for (const [name, lead] of states) {
          await lead(page);
          expect([name, await axeFindings(page)]).toEqual([name, []]);
          const sideways = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect([name, sideways]).toEqual([name, 0]);
        }
        await context.close();
      });
});
