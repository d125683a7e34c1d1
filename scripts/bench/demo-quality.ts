/**
 * `bun scripts/bench/demo-quality.ts [--url http://127.0.0.1:7866] [--modes default,wide,lightning,hyper,extreme] [--count 100]
 * [--out dist/quality]`: asks a server (its own, if none is named) for the fixed prompts, reads the pictures back, and
 * says how often ground, colour and shape are what was asked for. Ends with 1 when a target is missed.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { draw, faultsOf, fixedPrompts, type Judged, judge, modes, scoreOf } from "./quality/measure.ts";
import { contactSheet } from "./quality/sheet.ts";
import { startSourceServer } from "./quality/source-server.ts";

const parts = ["background", "foreground", "shape"] as const;

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    modes: { type: "string", default: Object.keys(modes).join() },
    count: { type: "string", default: "100" },
    out: { type: "string", default: join(import.meta.dir, "../../dist/quality") },
  },
});
mkdirSync(values.out, { recursive: true });
const server =
  values.url === undefined ? await startSourceServer() : { url: values.url, close: async () => {} };
try {
  const asked = values.modes.split(",");
  const results = [];
  for (const [name, mode] of Object.entries(modes)) {
    if (asked.includes(name)) results.push(await measureMode(name, mode));
  }
  const steady = await isSteady(server.url);
  console.log("\nmode       background  foreground  shape   of   seconds a picture");
  for (const { line } of results) console.log(line);
  console.log(`same seed, same bytes: ${steady.same}; another seed, another picture: ${steady.different}`);
  process.exitCode = results.every(({ good }) => good) && steady.same && steady.different ? 0 : 1;
} finally {
  await server.close();
}

async function measureMode(name: string, { settings, least }: (typeof modes)[keyof typeof modes]) {
  const started = performance.now();
  const judged: Judged[] = [];
  for await (const one of judge(server.url, fixedPrompts(Number(values.count)), settings)) {
    judged.push(one);
    const { wanted, read } = one;
    if (faultsOf(one).length === 0) continue;
    const seen = `${read.foreground} ${read.shape} on ${read.background} (overlap ${read.overlap.toFixed(2)})`;
    console.log(
      `${name}: "${wanted.prompt}" (seed ${wanted.seed}) shows ${seen}: ${faultsOf(one).join(", ")}`,
    );
  }
  const seconds = (performance.now() - started) / 1000 / judged.length;
  const score = scoreOf(judged);
  const cells = judged.map((one) => ({
    image: one.png,
    caption: one.wanted.prompt,
    marked: faultsOf(one).length > 0,
  }));
  const sheet = await contactSheet(cells, { columns: 10, width: 128, height: name === "wide" ? 77 : 128 });
  await Bun.write(join(values.out, `${name}.webp`), sheet);
  const figures = parts.map((part) => `${score[part]}`.padStart(10)).join("  ");
  return {
    line: `${name.padEnd(9)} ${figures}  ${`${score.of}`.padStart(5)}   ${seconds.toFixed(2)}`,
    good: parts.every((part) => score[part] / score.of >= least[part]),
  };
}

/** Whether a request alone decides the picture, to the byte. */
async function isSteady(url: string) {
  const ask = (seed: number) =>
    draw(url, "a red circle on a blue background", seed, modes.lightning.settings);
  const [first, again, other] = [await ask(7), await ask(7), await ask(8)];
  return { same: Bun.deepEquals(first, again), different: !Bun.deepEquals(first, other) };
}
