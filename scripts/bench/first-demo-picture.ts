/**
 * What the first picture of the demo model takes beside later ones, after a cold start of the server: seconds by the clock, from request to
 * answer, prompts new each time.
 *
 *   bun scripts/bench/first-demo-picture.ts [--starts 3] [--later 3] [--settings '{"performance_selection": "Lightning"}']
 */
import { parseArgs } from "node:util";
import { draw, fixedPrompts, type Settings } from "./quality/measure.ts";
import { startSourceServer } from "./quality/source-server.ts";

const { values } = parseArgs({
  options: {
    starts: { type: "string", default: "3" },
    later: { type: "string", default: "3" },
    settings: { type: "string", default: "{}" },
  },
});
const settings = JSON.parse(values.settings) as Settings;
const prompts = fixedPrompts(1 + Number(values.later));

const ratios: number[] = [];
for (let start = 0; start < Number(values.starts); start += 1) {
  const server = await startSourceServer();
  const seconds: number[] = [];
  try {
    for (const { prompt, seed } of prompts) {
      const began = performance.now();
      await draw(server.url, prompt, seed, settings);
      seconds.push((performance.now() - began) / 1000);
    }
  } finally {
    await server.close();
  }
  const [first = Number.NaN, ...later] = seconds;
  const usual = later.toSorted((a, b) => a - b)[Math.floor(later.length / 2)] ?? Number.NaN;
  ratios.push(first / usual);
  console.log(`first ${first.toFixed(2)} s, later ${usual.toFixed(2)} s: ${(first / usual).toFixed(2)}`);
}
console.log(
  `median: ${(ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN).toFixed(2)}`,
);
