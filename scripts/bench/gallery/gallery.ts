/**
 * How the page does with a long history: the time until the first small pictures are there, frames that come late while
 * one scrolls, and what a search takes.
 *
 *     npm run bun -- scripts/bench/gallery/gallery.ts [TASKS]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openDashboard, startChromium } from "../../../test/support/dashboard-page.ts";
import { startSourceServer } from "../quality/source-server.ts";
import { fillHistory } from "./fill-history.ts";
import { scrolling, workOf } from "./scroll-work.ts";

const tasks = Number(Bun.argv[2] ?? 5000);

/** Milliseconds from the start of loading until something is painted, and until the tiles in sight have their pictures. */
async function opening(page: Page): Promise<Readonly<{ painted: number; shown: number }>> {
  await page.reload();
  await page.waitForFunction(() => {
    const images = [...document.querySelectorAll<HTMLImageElement>(".tile img")].filter(
      (one) => one.getBoundingClientRect().top < window.innerHeight,
    );
    return images.length > 0 && images.every((one) => one.complete && one.naturalWidth > 0);
  });
  return await page.evaluate(() => ({
    painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    shown: performance.now(),
  }));
}

const folder = mkdtempSync(join(tmpdir(), "fooocusd-gallery-"));
const outputs = join(folder, "outputs");
const filled = performance.now();
await fillHistory(outputs, tasks, { motifs: 12, side: 1024 });
console.log(
  `${tasks} tasks in ${((performance.now() - filled) / 1000).toFixed(1)} s; ${cpus().length} x ${cpus()[0]?.model}`,
);
const server = await startSourceServer(["--outputs", outputs]);
const browser = await startChromium();
try {
  for (const word of ["station", "winter 4", "nothing"]) {
    const from = performance.now();
    const found = await (
      await fetch(`${server.url}/v1/history?prompt=${encodeURIComponent(word)}&limit=100`)
    ).json();
    console.log(
      `search for ${word}: ${found.tasks.length} tasks in ${(performance.now() - from).toFixed(0)} ms`,
    );
  }
  const { page } = await openDashboard(browser, server.url);
  await page.locator(".tile img").first().waitFor();
  for (const name of ["small pictures made", "small pictures kept"]) {
    const { painted, shown } = await opening(page);
    console.log(`${name}: first paint ${painted.toFixed(0)} ms, all tiles in sight ${shown.toFixed(0)} ms`);
  }
  // The same way twice: small versions are made at the first time, while the page and the server share the processor.
  const work = await workOf(page);
  // Standing still says what the machine leaves of the frames.
  for (const [pixels, pass] of [
    [0, "only"],
    [6000, "first"],
    [6000, "second"],
    [30_000, "first"],
    [30_000, "second"],
  ] as const) {
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.waitForLoadState("networkidle");
    const { made } = await work();
    const { frames, late, median, longest, tiles } = await scrolling(page, pixels);
    const share = ((await work()).made - made) / 3;
    console.log(
      `${pixels / 3} pixels a second, ${pass} time: ${frames} frames, ${late} above 25 ms, median ${median?.toFixed(1)}, longest ${longest?.toFixed(0)} ms; ${tiles} tiles in the page; script and layout ${(100 * share).toFixed(0)} % of the time`,
    );
  }
} finally {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
