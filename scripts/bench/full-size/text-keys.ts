/**
 * A UNet run told the text beside one told the text's keys and values, in turns in one process, and what it takes to make these
 * (opening included): processor seconds. `bun scripts/bench/full-size/text-keys.ts [folder] [--side 64] [--rounds 5] [--sections 1]
 * [--threads 1] [--memory text|keys]`; the folder has or gets the synthetic checkpoint (6.9 GB). With `--memory` only one of the two
 * is run, with another text in each round, and what is told is its memory.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { operators } from "#/graph/operators.ts";
import { silentLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { unetInputs } from "../../../test/support/unet-inputs.ts";
import { memory, writeCheckpoint } from "./checkpoint.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    side: { type: "string", default: "64" },
    rounds: { type: "string", default: "5" },
    sections: { type: "string", default: "1" },
    threads: { type: "string", default: "1" },
    memory: { type: "string" },
  },
});
const base = join(positionals[0] ?? ".", "synthetic-sdxl-base.safetensors");
if (!existsSync(base)) writeCheckpoint(base);
const side = Number(flags.side);

const random = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => Math.random() * 2 - 1),
});

/** Processor seconds of all threads that the work takes. */
async function spent<T>(work: () => Promise<T>): Promise<Readonly<{ seconds: number; result: T }>> {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return { seconds: (user + system) / 1e6, result };
}

const residency = new Residency(
  { device: "cpu", weights: "in-place", threads: Number(flags.threads) },
  { bytes: 2 ** 40 },
  silentLog,
);
const derived = new DerivedFiles({ folder: "derived", budget: 0 }, silentLog); // no LoRA, so nothing is written
const { unet, tellTexts } = openNetworks(
  { base, loras: [] },
  { clipSkip: 2 },
  { operators: operators.cpu, residency, derived },
);

const context = (): Tensor => random([1, 77 * Number(flags.sections), 2048]);
const inputs = unetInputs(random([1, 4, side, side]), 500, context(), random([1, 2816]));
const { context: text, ...others } = inputs;

async function memoryOf(what: string): Promise<void> {
  for (let round = 0; round <= Number(flags.rounds); round += 1) {
    const [told] = what === "keys" ? await tellTexts([context(), context()]) : [{ context: context() }];
    if (told === undefined) throw new Error("nothing is told");
    const before = memory().anonymous;
    await unet({ ...told, ...others });
    process.stdout.write(`${JSON.stringify({ what, round, beforeGB: before, ownGB: memory().anonymous })}\n`);
  }
}

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;

async function times(): Promise<void> {
  const rows: Record<"text" | "keys" | "making", number[]> = { text: [], keys: [], making: [] };
  let largest = 0;
  for (let round = 0; round <= Number(flags.rounds); round += 1) {
    const withText = await spent(() => unet(inputs));
    const made = await spent(() => tellTexts([text, context()]));
    const [told] = made.result;
    if (told === undefined) throw new Error("nothing is told");
    const withKeys = await spent(() => unet({ ...told, ...others }));
    const { data } = withText.result;
    largest = Math.max(...data.map((value, i) => Math.abs(value - (withKeys.result.data[i] ?? 0))));
    // The first round opens, and reads the weights.
    if (round === 0) continue;
    rows.text.push(withText.seconds);
    rows.keys.push(withKeys.seconds);
    rows.making.push(made.seconds);
    // Others, so that they are made again.
    await tellTexts([context(), context()]);
  }
  const ratios = rows.keys.map((one, i) => one / (rows.text[i] ?? Number.NaN));
  const row = { text: median(rows.text), keys: median(rows.keys), makingBothSides: median(rows.making) };
  process.stdout.write(
    `${JSON.stringify({ ...row, ratio: median(ratios), ratios, largestDifference: largest })}\n`,
  );
}

await (flags.memory === undefined ? times() : memoryOf(flags.memory));
await residency.close();
