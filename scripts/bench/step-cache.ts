/**
 * `bun scripts/bench/step-cache.ts [--url http://127.0.0.1:7866] [--count 100] [--settings '{"sampler_name": "euler"}']
 * [--variants '[{"cache": 0.5}, {"cfg_until": 0.7}]'] [--out dist/step-cache]`: draws the fixed prompts with and without savings,
 * in turns, and says what each kind of saving costs and gives: right grounds, colours and shapes, how far its pictures are from
 * those without it, network runs, and processor seconds (of its own server's thread; none where another one is named).
 *
 * Each picture is kept in the folder with what is known of it, and is not drawn again: who stops it goes on where it was. Another
 * build, or other settings, want another folder.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import {
  faultsOf,
  fixedPrompts,
  type Judged,
  modes,
  readPng,
  type Settings,
  scoreOf,
} from "./quality/measure.ts";
import { contactSheet } from "./quality/sheet.ts";
import { startSourceServer } from "./quality/source-server.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    count: { type: "string", default: "100" },
    settings: { type: "string", default: "{}" },
    variants: {
      type: "string",
      default: '[{"cache": 0.25}, {"cache": 0.5}, {"cache": 0.75}, {"cache": 1}, {"cfg_until": 0.7}]',
    },
    out: { type: "string", default: join(import.meta.dir, "../../dist/step-cache") },
  },
});
mkdirSync(values.out, { recursive: true });
const common: Settings = { ...modes.default.settings, ...(JSON.parse(values.settings) as Settings) };
const variants = [{}, ...(JSON.parse(values.variants) as readonly Settings[])];
const own = values.url === undefined ? await startSourceServer(["--isolation", "thread"]) : undefined;
const url = values.url ?? own?.url ?? "";

/** What was drawn with one kind of saving. */
type Tally = Readonly<{
  judged: Judged[];
  distances: number[];
  worst: number[];
  made: number[];
  saved: number[];
  seconds: number[];
}>;
const tallies = variants.map(
  (): Tally => ({
    judged: [],
    distances: [],
    worst: [],
    made: [],
    saved: [],
    seconds: [],
  }),
);

try {
  // What is opened and encoded first is nobody's.
  await picture({ prompt: "warm" });
  for (const [index, wanted] of fixedPrompts(Number(values.count)).entries()) {
    let without: Uint8Array | undefined;
    for (const [at, variant] of variants.entries()) {
      const tally = tallies[at];
      if (tally === undefined) continue;
      const request = { ...common, ...variant, prompt: wanted.prompt, image_seed: wanted.seed };
      const { png, runs, seconds } = await kept(`${index}-${at}`, request);
      tally.seconds.push(seconds);
      tally.judged.push({ wanted, png, read: await readPng(png) });
      tally.made.push(runs.made);
      tally.saved.push(runs.saved);
      const pixels = await sharp(png).removeAlpha().raw().toBuffer();
      without ??= pixels;
      const { mean, most } = distanceOf(pixels, without);
      tally.distances.push(mean);
      tally.worst.push(most);
    }
    const faults = tallies.map(({ judged }) => judged.slice(-1).flatMap(faultsOf).join(" ") || "right");
    const apart = tallies.map(({ distances }) => (distances.at(-1) ?? 0).toFixed(2));
    console.log(`${index} ${wanted.prompt}: ${faults.join(", ")}; ${apart.join(", ")} apart`);
  }
  console.log("ground  colour  shape  of | runs  saved | mean  largest of 255 | processor seconds | faster");
  const base = mean(tallies[0]?.seconds ?? []);
  for (const [at, tally] of tallies.entries()) {
    const score = scoreOf(tally.judged);
    const seconds = mean(tally.seconds);
    const figures = [
      `${score.background}  ${score.foreground}  ${score.shape}  ${score.of}`,
      `${mean(tally.made).toFixed(1)}  ${mean(tally.saved).toFixed(1)}`,
      `${mean(tally.distances).toFixed(2)}  ${Math.max(...tally.worst)}`,
      seconds.toFixed(2),
      `x ${(base / seconds).toFixed(2)}`,
    ];
    console.log(`${JSON.stringify(variants[at]).padEnd(22)} ${figures.join(" | ")}`);
  }
  const cells = (tallies[0]?.judged ?? []).slice(0, 10).flatMap((_, prompt) =>
    tallies.flatMap(({ judged }, at) => {
      const one = judged[prompt];
      const caption = at === 0 ? (one?.wanted.prompt ?? "") : JSON.stringify(variants[at]);
      return one === undefined ? [] : [{ image: one.png, caption, marked: false }];
    }),
  );
  const sheet = await contactSheet(cells, { columns: variants.length, width: 192, height: 192 });
  await Bun.write(join(values.out, "pairs.webp"), sheet);
} finally {
  await own?.close();
}

/** A picture that was drawn before under that name, or else a new one, which is kept. */
async function kept(name: string, request: Settings) {
  const [png, facts] = [join(values.out, `${name}.png`), join(values.out, `${name}.json`)];
  type Facts = Readonly<{ runs: Awaited<ReturnType<typeof picture>>["runs"]; seconds: number }>;
  // The facts are written last, so that where they are the picture is whole.
  if (existsSync(facts))
    return { png: await Bun.file(png).bytes(), ...((await Bun.file(facts).json()) as Facts) };
  const before = processorSeconds();
  const drawn = await picture(request);
  const known: Facts = { runs: drawn.runs, seconds: processorSeconds() - before };
  await Bun.write(png, drawn.png);
  await Bun.write(facts, JSON.stringify(known));
  return { png: drawn.png, ...known };
}

async function picture(request: Settings) {
  const answer = await fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(request) });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  const { result, pictures } = (await answer.json()) as {
    result: readonly string[];
    pictures: readonly { network_runs?: number; network_runs_saved?: number; steps: number }[];
  };
  const png = new Uint8Array(await (await fetch(result[0] ?? "")).arrayBuffer());
  const { network_runs: made, network_runs_saved: saved = 0, steps = 0 } = pictures[0] ?? {};
  return { png, runs: { made: made ?? 2 * steps, saved } };
}

/** Of the server's process, user and system. */
function processorSeconds(): number {
  if (own === undefined) return 0;
  const fields = readFileSync(`/proc/${own.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function distanceOf(one: Uint8Array, other: Uint8Array) {
  let [sum, most] = [0, 0];
  for (const [i, value] of one.entries()) {
    const distance = Math.abs(value - (other[i] ?? 0));
    sum += distance;
    most = Math.max(most, distance);
  }
  return { mean: sum / one.length, most };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / Math.max(1, numbers.length);
}
