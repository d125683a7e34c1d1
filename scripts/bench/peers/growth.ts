/**
 * How the cost of our networks grows with the picture's side, the batch and the number of LoRAs: a run of the UNet each, and a VAE
 * decode for each side, in processor seconds and in parts of a run at 512 x 512, of which one is made before and one after all.
 *
 *   bun scripts/bench/peers/growth.ts FOLDER [--sides 512,768,1024,1536] [--batches 1,2,4] [--loras 1,3,5] [--vae 512,1024]
 *     [--threads 1] [--precision full]
 *
 * FOLDER holds the synthetic checkpoint, which is written if it is not there (6.9 GB), and five LoRAs of rank 32 on all 788 modules
 * (1 GB); what the LoRAs need that is derived goes to FOLDER/derived.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { operators } from "#/graph/operators.ts";
import { silentLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { type Networks, openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { unetInputs } from "../../../test/support/unet-inputs.ts";
import { memory, syntheticFiles, writeCheckpoint } from "../full-size/checkpoint.ts";
import { machine, machineLine } from "./machine.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sides: { type: "string", default: "768,1024,1536" },
    batches: { type: "string", default: "2,4" },
    loras: { type: "string", default: "1,3,5" },
    vae: { type: "string", default: "512,1024" },
    threads: { type: "string", default: "1" },
    precision: { type: "string", default: "full" },
  },
});
const folder = resolve(positionals[0] ?? ".");
const numbers = (text: string): readonly number[] => text.split(",").filter(Boolean).map(Number);
const counts = numbers(flags.loras);
const alone = join(folder, "synthetic-sdxl-base.safetensors");
if (!existsSync(alone)) writeCheckpoint(alone);
const { checkpoint, loras } = counts.length === 0 ? { checkpoint: alone, loras: [] } : syntheticFiles(folder);

const random = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => Math.random() * 2 - 1),
});
const inputs = (side: number, batch: number) => ({
  ...unetInputs(
    random([batch, 4, side / 8, side / 8]),
    500,
    random([batch, 77, 2048]),
    random([batch, 2816]),
  ),
  timestep: { dims: [batch], data: new Float32Array(batch).fill(500) },
});

const residency = new Residency(
  { device: "cpu", weights: "in-place", threads: Number(flags.threads) },
  { bytes: 2 ** 40 },
  silentLog,
);
const derived = new DerivedFiles({ folder: join(folder, "derived"), budget: 2 ** 40 }, silentLog);
const withLoras = (count: number): Networks =>
  openNetworks(
    { base: checkpoint, loras: loras.slice(0, count).map((path) => ({ path, weight: 0.5 })) },
    { clipSkip: 2, fast: flags.precision === "fast" },
    { operators: operators.cpu, residency, derived },
  );

async function spent(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

process.stdout.write(`${machineLine(machine())}; ${flags.threads} thread(s)\n`);
const say = (what: string, seconds: number, yardstick: number): void => {
  const own = memory().anonymous.toFixed(2);
  process.stdout.write(
    `| ${what} | ${seconds.toFixed(1)} | ${(seconds / yardstick).toFixed(2)} | ${own} |\n`,
  );
};

const plain = withLoras(0);
/** Told the text's keys and values, as the pipeline has it of one picture at a time; a batch is told the text. */
async function run(side: number, batch = 1, networks = plain): Promise<number> {
  const { context, ...others } = inputs(side, batch);
  if (batch > 1) return spent(() => networks.unet({ context, ...others }));
  const [told = { context }] = await networks.tellTexts([context]);
  return spent(() => networks.unet({ ...told, ...others }));
}
await run(512);
const step = await run(512);
say("a UNet run at 512 x 512", step, step);
for (const side of numbers(flags.sides)) say(`${side} x ${side}`, await run(side), step);
for (const batch of numbers(flags.batches)) {
  await run(64, batch);
  say(`512 x 512, batch ${batch}`, await run(512, batch), step);
}
for (const count of counts) {
  const networks = withLoras(count);
  await run(64, 1, networks);
  say(`512 x 512, ${count} LoRA(s)`, await run(512, 1, networks), step);
}
say("512 x 512 again", await run(512), step);

let first: number | undefined;
for (const side of numbers(flags.vae)) {
  const latent = random([1, 4, side / 8, side / 8]);
  const seconds = await spent(async () => {
    if (side <= 640) return plain.decode(latent);
    for await (const event of plain.decodeByStrips(latent)) if (event.at === "end") return event.answer;
    throw new Error("nothing was answered");
  });
  first ??= seconds;
  say(`VAE decode ${side} x ${side}, opening included`, seconds, first);
}
await residency.close();
