/**
 * What 1,000 pixels of scrolling through a long history cost the page's thread, beside another checkout of this project;
 * in turns, so that both see the same machine.
 *
 *     npm run bun -- scripts/bench/gallery/beside.ts OTHER [TASKS] [ROUNDS]
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openDashboard, startChromium } from "../../../test/support/dashboard-page.ts";
import { startSourceServer } from "../quality/source-server.ts";
import { fillHistory } from "./fill-history.ts";
import { scrolling, workOf } from "./scroll-work.ts";

const [, , other, tasks = "5000", rounds = "7"] = Bun.argv;
if (other === undefined) throw new Error("say which other checkout");
const folder = mkdtempSync(join(tmpdir(), "fooocusd-gallery-"));
const places = ["before", "after"].map((name) => join(folder, name));
const [first = "", second = ""] = places;
await fillHistory(first, Number(tasks), { motifs: 12, side: 256 });
cpSync(first, second, { recursive: true });
const servers = [
  await startSourceServer(["--outputs", first], resolve(other)),
  await startSourceServer(["--outputs", second]),
];
const browser = await startChromium();

/** Milliseconds for 1,000 pixels at 2,000 a second, the times it laid out for them, and the share of frames above 25 ms. */
async function costOf(url: string) {
  const { page, close } = await openDashboard(browser, url);
  // Nothing between page and server, whose time would be the browser's.
  await page.unrouteAll();
  await page.locator(".tile img").first().waitFor();
  await page.waitForLoadState("networkidle");
  const work = await workOf(page);
  const before = await work();
  const { gone, frames, late } = await scrolling(page, 6000);
  const after = await work();
  await close();
  const each = 1000 / gone;
  return {
    made: (after.made - before.made) * 1000 * each,
    all: (after.all - before.all) * 1000 * each,
    layouts: (after.layouts - before.layouts) * each,
    late: (100 * late) / frames,
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
try {
  const costs: Awaited<ReturnType<typeof costOf>>[][] = servers.map(() => []);
  // The first round makes the small versions and does not count.
  for (let round = 0; round <= Number(rounds); round += 1)
    for (const [at, { url }] of servers.entries()) {
      const cost = await costOf(url);
      if (round > 0) costs[at]?.push(cost);
    }
  for (const what of ["made", "all", "layouts", "late"] as const) {
    const [before = 0, after = 0] = costs.map((list) => median(list.map((one) => one[what])));
    console.log(
      `${what}: ${before.toFixed(1)} there, ${after.toFixed(1)} here, ${(after / before).toFixed(2)}`,
    );
  }
} finally {
  await browser.close();
  for (const server of servers) await server.close();
  rmSync(folder, { recursive: true, force: true });
}
