/**
 * What convolutions in tiles (`src/graph/winograd`) save a network of full size: the graph as it is drawn and the same with the runtime's
 * own convolutions, in turns in one process: processor seconds of one thread, the largest difference of the answers, and the most memory
 * of its own (RssAnon) of one of them with `--only`. A UNet's file is SDXL base's checkpoint, a VAE's is made in the folder.
 * `bun scripts/bench/full-size/tiles.ts FOLDER [--network unet|vae-decoder|vae-encoder|rrdb] [--side 512] [--rounds 3] [--only tiles|plain]`
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type WeightSource, weightSource } from "#/graph/module.ts";
import { operatorsOf } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import { Session } from "#/runtime/session.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { syntheticFiles, writeVae } from "./checkpoint.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    network: { type: "string", default: "unet" },
    side: { type: "string", default: "512" },
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
  },
});
const folder = resolve(positionals[0] ?? ".");
const side = Number(values.side);
const name = values.network;
if (name !== "unet" && name !== "vae-decoder" && name !== "vae-encoder")
  throw new Error(`no network ${name}`);

const random = (...dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(i * i)),
});

function source(): WeightSource {
  if (name === "unet") {
    const path = join(folder, "synthetic-sdxl-base.safetensors");
    const { unet } = sdxlCheckpoint(
      readSafetensors(existsSync(path) ? path : syntheticFiles(folder).checkpoint),
    );
    return weightSource("checkpoint", unet);
  }
  const path = join(folder, "synthetic-vae.safetensors");
  if (!existsSync(path)) writeVae(path);
  return weightSource("vae", readSafetensors(path).tensors);
}

const latent = side / 8;
const inputs: Readonly<Record<string, Tensor>> = {
  unet: {
    sample: random(1, 4, latent, latent),
    timestep: { dims: [1], data: Float32Array.of(500) },
    context: random(1, 77, 2048),
    y: random(1, 2816),
  },
  "vae-decoder": { latent: random(1, 4, latent, latent) },
  "vae-encoder": { image: random(1, 3, side, side) },
}[name];

/** Watches from a thread of its own: a run blocks this one. */
const watcher = new Worker(
  URL.createObjectURL(
    new Blob([
      `const { readFileSync } = require("node:fs"); let peak = 0;
       setInterval(() => { peak = Math.max(peak, Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1])); }, 10);
       onmessage = () => postMessage(peak / 2 ** 20);`,
    ]),
  ),
);

const cpuSeconds = (before?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

type Form = { form: string; session: Session; opening: number; seconds: number[]; answer: Float32Array };

const weights = source();
const network: Network = networks[name];
const forms: Form[] = [];
for (const [form, table] of [
  ["tiles", operatorsOf("cpu", "in-place")],
  ["plain", operatorsOf("cpu", "packed")],
] as const) {
  if (values.only !== undefined && values.only !== form) continue;
  const before = process.cpuUsage();
  const options = { device: "cpu", weights: "in-place", threads: 1 } as const;
  const session = await Session.open(network.draw(weights, table, { clipSkip: 2 }), options);
  forms.push({ form, session, opening: cpuSeconds(before), seconds: [], answer: new Float32Array(0) });
}
for (let round = 0; round <= Number(values.rounds); round += 1)
  for (const one of forms) {
    const before = process.cpuUsage();
    const [answer] = Object.values(await one.session.run(inputs));
    // The first round reads the weights.
    if (round > 0) one.seconds.push(cpuSeconds(before));
    one.answer = answer?.data ?? one.answer;
  }
for (const { form, opening, seconds } of forms) {
  const sorted = seconds.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  process.stdout.write(
    `${JSON.stringify({ name, side, form, opening, median, lowest: sorted[0], highest: sorted.at(-1) })}\n`,
  );
}
const [one, other] = forms;
if (one !== undefined && other !== undefined) {
  let [difference, largest] = [0, 0];
  for (const [i, value] of one.answer.entries()) {
    difference = Math.max(difference, Math.abs(value - (other.answer[i] ?? Number.NaN)));
    largest = Math.max(largest, Math.abs(value));
  }
  process.stdout.write(`${JSON.stringify({ difference, largest })}\n`);
}
watcher.postMessage("end");
watcher.onmessage = ({ data }) => {
  process.stdout.write(`${JSON.stringify({ peakGiB: data })}\n`);
  process.exit(0);
};
