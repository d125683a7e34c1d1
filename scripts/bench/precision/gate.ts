/**
 * `bun scripts/bench/precision/gate.ts [--modes default,lightning] [--count 40] [--pairs 10] [--out dist/precision]`: draws the
 * fixed prompts of the demo model in full precision and with precision fast, reads both back, and says how often ground,
 * colour and shape are what was asked for in each, and how far the pictures are apart. Writes a sheet of pairs. Ends with 1
 * where a share is more than two points below that of full precision.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { draw, fixedPrompts, type Judged, modes, readPng, scoreOf, type Wanted } from "../quality/measure.ts";
import { contactSheet } from "../quality/sheet.ts";
import { startSourceServer } from "../quality/source-server.ts";

/** How far a share may be below that of full precision. */
const points = 0.02;

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    modes: { type: "string", default: "default,lightning" },
    count: { type: "string", default: "40" },
    pairs: { type: "string", default: "10" },
    out: { type: "string", default: join(import.meta.dir, "../../../dist/precision") },
  },
});
const parts = ["background", "foreground", "shape"] as const;

mkdirSync(values.out, { recursive: true });
const server =
  values.url === undefined ? await startSourceServer() : { url: values.url, close: async () => {} };
try {
  const good: boolean[] = [];
  for (const name of values.modes.split(",")) if (isMode(name)) good.push(await measured(name));
  process.exitCode = good.every(Boolean) ? 0 : 1;
} finally {
  await server.close();
}

function isMode(name: string): name is keyof typeof modes {
  return Object.hasOwn(modes, name);
}

async function measured(name: keyof typeof modes): Promise<boolean> {
  const { settings } = modes[name];
  const judged: Record<"full" | "fast", Judged[]> = { full: [], fast: [] };
  const apart: Apart[] = [];
  for (const wanted of fixedPrompts(Number(values.count))) {
    const pair = await both(wanted, settings);
    for (const precision of ["full", "fast"] as const)
      judged[precision].push({ wanted, png: pair[precision], read: await readPng(pair[precision]) });
    apart.push(await difference(pair.full, pair.fast));
  }
  const scores = { full: scoreOf(judged.full), fast: scoreOf(judged.fast) };
  for (const precision of ["full", "fast"] as const) {
    const shares = parts.map((part) => `${part} ${scores[precision][part]}`).join(", ");
    console.log(`${name} ${precision}: ${shares} of ${scores[precision].of}`);
  }
  const mean = apart.reduce((sum, one) => sum + one.mean, 0) / apart.length;
  const worst = apart.toSorted((a, b) => b.mean - a.mean)[0];
  const most = Math.max(...apart.map((one) => one.most));
  console.log(
    `${name}: levels of 255 apart: mean ${mean.toFixed(2)}, of the worst picture ${worst?.mean.toFixed(2)}, largest ${most}`,
  );
  const pairs = judged.full.slice(0, Number(values.pairs));
  const cells = pairs.flatMap(({ wanted, png }, at) => [
    { image: png, caption: `full: ${wanted.prompt}` },
    { image: judged.fast[at]?.png ?? png, caption: `fast: mean ${apart[at]?.mean.toFixed(1)} of 255` },
  ]);
  const sheet = await contactSheet(cells, { columns: 4, width: 160, height: 160 });
  await Bun.write(join(values.out, `${name}.webp`), sheet);
  return parts.every(
    (part) => scores.fast[part] / scores.fast.of >= scores.full[part] / scores.full.of - points,
  );
}

async function both(wanted: Wanted, settings: Readonly<Record<string, unknown>>) {
  const { prompt, seed } = wanted;
  return {
    full: await draw(server.url, prompt, seed, { ...settings, precision: "full" }),
    fast: await draw(server.url, prompt, seed, { ...settings, precision: "fast" }),
  };
}

/** Levels that two pictures are apart: on average, and at most. */
type Apart = Readonly<{ mean: number; most: number }>;

async function difference(one: Uint8Array, other: Uint8Array): Promise<Apart> {
  const [a, b] = await Promise.all([one, other].map((png) => sharp(png).removeAlpha().raw().toBuffer()));
  let [sum, most] = [0, 0];
  for (const [at, level] of (a ?? []).entries()) {
    const apart = Math.abs(level - (b?.[at] ?? 0));
    sum += apart;
    most = Math.max(most, apart);
  }
  return { mean: sum / (a?.length ?? 1), most };
}
