import type { Page } from "playwright-core";

/** How the frames were while it was scrolled: their number, those above 25 ms, and the pixels that were gone. */
export const scrolling = (page: Page, pixels: number) =>
  page.evaluate(async (distance) => {
    const times: number[] = [];
    const from = window.scrollY;
    let last = await new Promise<number>(requestAnimationFrame);
    const start = last;
    while (last - start < 3000) {
      const now = await new Promise<number>(requestAnimationFrame);
      times.push(now - last);
      last = now;
      window.scrollTo(0, from + (distance * (now - start)) / 3000);
    }
    times.sort((a, b) => a - b);
    const late = times.filter((time) => time > 25).length;
    return {
      gone: window.scrollY - from,
      frames: times.length,
      late,
      median: times[Math.floor(times.length / 2)],
      longest: times.at(-1),
      tiles: document.querySelectorAll(".tile").length,
    };
  }, pixels);

/** What the page's own thread has done: seconds of script, style and layout, seconds of everything, and how often it laid out. */
export async function workOf(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const sum = (...names: readonly string[]) =>
      metrics.reduce((total, { name, value }) => (names.includes(name) ? total + value : total), 0);
    return {
      made: sum("ScriptDuration", "LayoutDuration", "RecalcStyleDuration"),
      all: sum("TaskDuration"),
      layouts: sum("LayoutCount"),
    };
  };
}
