import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { chromiumPath, openDashboard, startChromium } from "../support/dashboard-page.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

setDefaultTimeout(300_000);

describe.skipIf(chromiumPath === undefined)("the queue on the page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  test("is put in another order by keys and by dragging, paused and emptied; other pages see it", async () => {
    const held = gate();
    await using bench = await serveBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
    for (const prompt of ["running", "one", "two", "three", "four"])
      await bench.tasks.submit({ ...small, prompt });
    const [first, second] = [
      await openDashboard(browser, bench.url),
      await openDashboard(browser, bench.url),
    ];
    const { page } = first;
    const orderIs = async (...prompts: readonly string[]) => {
      for (const { page: seen } of [first, second])
        await seen.waitForFunction(
          (wanted) =>
            [...document.querySelectorAll("ol.queue .what")].map((one) => one.textContent).join() === wanted,
          prompts.join(),
        );
      expect(bench.tasks.pending().map(({ request }) => request["prompt"])).toEqual([...prompts]);
    };
    await orderIs("one", "two", "three", "four");
    await page.getByRole("button", { name: "Move three" }).focus();
    await page.keyboard.press("ArrowUp");
    await orderIs("one", "three", "two", "four");
    await page.keyboard.press("Home");
    await orderIs("three", "one", "two", "four");
    const at = async (name: string) => {
      const box = await page.getByRole("button", { name: `Move ${name}` }).boundingBox();
      return { x: (box?.x ?? 0) + 8, y: (box?.y ?? 0) + 10 };
    };
    const [from, to] = [await at("three"), await at("two")];
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x, (from.y + to.y) / 2, { steps: 4 });
    await page.mouse.move(to.x, to.y + 4, { steps: 4 });
    await page.mouse.up();
    await orderIs("one", "two", "three", "four");
    await page.getByRole("button", { name: "Pause" }).click();
    await second.page.getByRole("button", { name: "Resume" }).waitFor();
    expect(bench.tasks.queue.paused).toBe(true);
    await page.getByRole("button", { name: "Cancel one" }).click();
    await orderIs("two", "three", "four");
    await page.getByRole("button", { name: "Cancel all" }).click();
    expect(bench.tasks.queue.pending).toHaveLength(3);
    await page.getByRole("button", { name: "Really cancel all 3?" }).click();
    await second.page.getByText("Nothing waits.").waitFor();
    expect(bench.tasks.queue.pending).toEqual([]);
    expect([first.errors, second.errors]).toEqual([[], []]);
    held.open();
    await first.close();
    await second.close();
  });
});
