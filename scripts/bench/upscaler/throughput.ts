/**
 * An upscaler beside PyTorch on the same picture: processor seconds of the features and of the pixels, one thread each, in
 * turn, so that the machine cancels out. A ratio is the median of the rounds' own, ours through PyTorch's: below 1 is faster.
 *
 *   bun scripts/bench/upscaler/throughput.ts FILE.safetensors [--side 128] [--rounds 3] [--python python3]
 */
import { parseArgs } from "node:util";
import { networks } from "#/networks/index.ts";
import { openUpscaler } from "./open-upscaler.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    side: { type: "string", default: "128" },
    rounds: { type: "string", default: "3" },
    python: { type: "string", default: "python3" },
  },
});
const [path] = positionals;
if (path === undefined) throw new Error("an upscaler is wanted, FILE.safetensors");
const side = Number(values.side);
const image = {
  dims: [1, 3, side, side],
  data: Float32Array.from({ length: 3 * side * side }, (_, i) => ((i * 7919) % 1000) / 1000),
};

const python = Bun.spawn([values.python, `${import.meta.dir}/throughput.py`, path, values.side], {
  stdin: "pipe",
  stdout: "pipe",
  stderr: "ignore",
});
const answers = python.stdout.getReader();
let rest = "";

/** Seconds of PyTorch, by the order of its features in memory. */
async function torch(): Promise<Readonly<Record<string, Times>>> {
  await python.stdin.write("\n");
  await python.stdin.flush();
  while (!rest.includes("\n")) {
    const { done, value } = await answers.read();
    if (done) throw new Error("PyTorch's side ended; does --python have torch and safetensors?");
    rest += new TextDecoder().decode(value);
  }
  const [line = "", ...more] = rest.split("\n");
  rest = more.join("\n");
  return JSON.parse(line);
}

type Times = Readonly<{ features: number; pixels: number }>;

const { ask, close } = openUpscaler(path, 1);
async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const before = process.cpuUsage();
  const answer = await work();
  const { user, system } = process.cpuUsage(before);
  return [answer, (user + system) / 1e6];
}

async function ours(): Promise<Times> {
  const [{ features }, first] = await timed(() => ask(networks["rrdb-features"], { image }));
  const [, second] = await timed(() => ask(networks["rrdb-pixels"], { features }));
  return { features: first, pixels: second };
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
const rows: Readonly<{ own: Times; other: Readonly<Record<string, Times>> }>[] = [];
await ours(); // opens
for (let round = 0; round < Number(values.rounds); round += 1) {
  const row = { own: await ours(), other: await torch() };
  process.stdout.write(`${JSON.stringify(row)}\n`);
  rows.push(row);
}
const sum = ({ features, pixels }: Times): number => features + pixels;
for (const layout of Object.keys(rows[0]?.other ?? {})) {
  const ratio = (of: (times: Times) => number): string =>
    median(rows.map(({ own, other }) => of(own) / of(other[layout] ?? own))).toFixed(2);
  const said = {
    layout,
    features: ratio((t) => t.features),
    pixels: ratio((t) => t.pixels),
    all: ratio(sum),
  };
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
python.kill();
await close();
