/**
 * Whether memory grows with the pictures drawn: asks one server for many small ones of the demo model, with Lightning, another
 * prompt and seed each time, and reads what the server and its engine hold after every fiftieth.
 *
 *   bun scripts/bench/memory-growth.ts [--count 1000] [--settings '{"aspect_ratios_selection": "128*128"}']
 *
 * What counts are anonymous pages: those of mapped model files come and go as the system likes. Growth is the last fifth of
 * the readings against the second one, medians both; the first fifth fills caches that are bounded.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { childrenOf } from "../../test/support/process-tree.ts";
import { draw, fixedPrompts, modes, type Settings } from "./quality/measure.ts";
import { startSourceServer } from "./quality/source-server.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    settings: { type: "string", default: '{"aspect_ratios_selection": "128*128"}' },
  },
});
const count = Number(values.count);
const every = Math.max(1, Math.floor(count / 20));
const settings: Settings = { ...modes.lightning.settings, ...(JSON.parse(values.settings) as Settings) };
const prompts = fixedPrompts(100);
const readings: number[] = [];

const server = await startSourceServer();
try {
  for (let drawn = 1; drawn <= count; drawn += 1) {
    const wanted = prompts[drawn % prompts.length];
    if (wanted === undefined) throw new Error("there are no fixed prompts");
    await draw(server.url, wanted.prompt, wanted.seed + drawn, settings);
    if (drawn % every !== 0) continue;
    const held = [server.pid, ...childrenOf(server.pid)].map(ownPages);
    readings.push(held.reduce((sum, bytes) => sum + bytes, 0));
    console.log(`${drawn} pictures: ${held.map((bytes) => (bytes / 1e6).toFixed(1)).join(" + ")} MB`);
  }
} finally {
  await server.close();
}
const fifth = Math.max(1, Math.floor(readings.length / 5));
const [early, late] = [readings.slice(fifth, 2 * fifth), readings.slice(-fifth)].map(median);
console.log(
  `growth: ${((100 * (late ?? 0)) / (early ?? 1) - 100).toFixed(1)} % of ${((early ?? 0) / 1e6).toFixed(1)} MB`,
);

/** Bytes of anonymous pages that a process holds. */
function ownPages(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
