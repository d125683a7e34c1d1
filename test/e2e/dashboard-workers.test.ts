import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { openFleet } from "#/fleet/open-fleet.ts";
import type { Member } from "#/fleet/roll.ts";
import { silentLog } from "#/lib/log.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import { axeFindings } from "../support/axe.ts";
import { chromiumPath, openDashboard, startChromium } from "../support/dashboard-page.ts";
import { until } from "../support/fleet-bench.ts";
import { noRedis } from "../support/own-redis.ts";
import { gate } from "../support/scripted-engine.ts";
import { type SteeredFleet, steeredFleet } from "../support/steered-fleet.ts";

setDefaultTimeout(300_000);
const skipped = chromiumPath === undefined ? "no Chromium here (Debian package chromium)" : noRedis;
if (skipped !== undefined) process.stderr.write(`dashboard-workers: skipped, ${skipped}\n`);

const screenshots = join(import.meta.dir, "../../dist/e2e");
const panel = (page: Page) => page.getByRole("region", { name: "Workers" });

describe.skipIf(skipped !== undefined)("the dashboard of a fleet", () => {
  let browser: Browser;
  let fleet: SteeredFleet;
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    browser = await startChromium();
    fleet = await steeredFleet();
  });
  afterAll(async () => {
    await browser?.close();
    await fleet?.[Symbol.asyncDispose]();
  });

  test("tells why a task waits, and of each worker; they are paused, resumed, drained and removed there", async () => {
    const { page, errors, close } = await openDashboard(browser, fleet.url);
    const workers = panel(page);
    await workers.getByText("No worker is there.").waitFor();
    await fleet.give({ prompt: "a blue square" });
    await workers.getByText("A task waits that nobody takes. No worker is there; start one.").waitFor();
    const held = gate();
    await fleet.worker("gpu-1", { beforeStep: () => held.passed });
    await workers.getByRole("link", { name: "a blue square" }).waitFor();
    expect(await workers.getByRole("status").innerText()).toBe("1 busy");
    expect(await workers.getByText("A task waits").count()).toBe(0);
    const address = await workers.getByRole("link").getAttribute("href");
    expect((await fetch(`${fleet.url}/${address}`)).status).toBe(200);

    await fleet.worker("gpu-2");
    await workers.getByRole("button", { name: "Pause gpu-2" }).click();
    await workers.getByRole("button", { name: "Resume gpu-2" }).waitFor();
    expect(await workers.getByRole("status").innerText()).toBe("1 busy, 1 paused");
    for (const width of [390, 1280])
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await workers.scrollIntoViewIfNeeded();
        await page.waitForTimeout(150);
        expect(await axeFindings(page)).toEqual([]);
        const sideways = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(sideways).toBe(0);
        await workers.screenshot({ path: join(screenshots, `workers-${width}-${colorScheme}.png`) });
      }
    await workers.getByRole("button", { name: "Resume gpu-2" }).click();
    await workers.getByRole("button", { name: "Pause gpu-2" }).waitFor();

    await workers.getByRole("button", { name: "Drain gpu-1" }).click();
    await workers.getByText("draining").first().waitFor();
    // Asks first, and does nothing until it is pressed again.
    await workers.getByRole("button", { name: "Remove gpu-2" }).click();
    const really = workers.getByRole("button", { name: "Really remove gpu-2?" });
    await really.waitFor();
    await really.click();
    await workers.getByRole("button", { name: "Pause gpu-2" }).waitFor({ state: "hidden" });
    held.open();
    expect(errors).toEqual([]);
    await close();
  });

  test("a thousand workers are a line, which opens and is searched", async () => {
    const crowd = await openFleet({
      url: fleet.redis.url,
      name: "fooocusd",
      id: "crowd",
      recipeVersion,
      log: silentLog,
    });
    const startedAt = Date.now();
    const one = (i: number): Member => ({
      id: `node-${String(i).padStart(4, "0")}`,
      role: "worker",
      host: "crowd",
      version: "0.1.0",
      recipeVersion,
      startedAt,
      state: i % 10 === 0 ? "paused" : "ready",
      engines: [
        { name: "cuda", device: "cuda", state: "ready", task: null, checkpoint: "juggernaut.safetensors" },
      ],
      models: "",
      facts: { pictures_per_hour: 400 + i },
    });
    const presences = Array.from({ length: 1000 }, (_, i) => crowd.roll.enter(() => one(i)));
    await until(async () => (await fleet.ask("/v1/fleet")).body.workers.paused >= 100, 60_000);
    const { page, errors, close } = await openDashboard(browser, fleet.url);
    const workers = panel(page);
    await workers.getByText(/^All 10\d\d workers$/).click();
    await workers.getByLabel("Name, device, state or checkpoint").fill("cuda node-0077");
    await workers.getByRole("button", { name: "Pause node-0077" }).waitFor();
    expect(await workers.getByRole("listitem").count()).toBe(1);
    expect(await axeFindings(page)).toEqual([]);
    await workers.getByLabel("Name, device, state or checkpoint").fill("paused");
    await until(async () => (await workers.getByRole("listitem").count()) === 100);
    await workers.screenshot({ path: join(screenshots, "workers-thousand.png") });
    await page.screenshot({ path: join(screenshots, "workers-thousand-page.png") });
    expect(errors).toEqual([]);
    await close();
    await Promise.all(presences.map((presence) => presence.leave()));
    await crowd.close();
  });
});
