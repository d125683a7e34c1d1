/**
 * SDXL's VAE at full size, whole or by strips: processor time, the most memory of its own (RssAnon, looked at between
 * strips and by a second thread every 20 ms), and how far the two answers differ.
 * `bun scripts/bench/full-size/vae.ts FOLDER [--side 512] [--half decoder|encoder] [--only strips|whole] [--plain] [--threads 0]`; both in one process
 * for the difference, one alone for its memory; `--plain` with the runtime's own convolutions instead of those in tiles.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { weightSource } from "#/graph/module.ts";
import { operatorsOf } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import { decoderSteps, encoderSteps } from "#/networks/vae-steps.ts";
import { trimMemory } from "#/runtime/memory.ts";
import { Session } from "#/runtime/session.ts";
import { walkStrips } from "#/runtime/strips/walk.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { writeVae } from "./checkpoint.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    side: { type: "string", default: "512" },
    half: { type: "string", default: "decoder" },
    only: { type: "string" },
    plain: { type: "boolean", default: false },
    threads: { type: "string", default: "0" },
  },
});
const path = join(positionals[0] ?? ".", "synthetic-vae.safetensors");
if (!existsSync(path)) writeVae(path);
const source = weightSource("vae", readSafetensors(path).tensors);
const options = { device: "cpu", weights: "in-place", threads: Number(values.threads) } as const;
const table = operatorsOf("cpu", values.plain ? "packed" : "in-place");
const decoding = values.half === "decoder";
const side = Number(values.side);
const dims = decoding ? [1, 4, side / 8, side / 8] : [1, 3, side, side];
const count = dims.reduce((product, n) => product * n, 1);
const input: Tensor = { dims, data: Float32Array.from({ length: count }, (_, i) => Math.sin(i * i)) };

/** Watches from a thread of its own: a run blocks this one. */
const watcher = new Worker(
  URL.createObjectURL(
    new Blob([
      `const { readFileSync } = require("node:fs"); let peak = 0;
       setInterval(() => { peak = Math.max(peak, Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1])); }, 20);
       onmessage = () => postMessage(peak / 2 ** 20);`,
    ]),
  ),
);

async function timed(name: string, work: () => Promise<Tensor>): Promise<Tensor> {
  const [before, start] = [process.cpuUsage(), performance.now()];
  const answer = await work();
  const { user, system } = process.cpuUsage(before);
  const row = { name, side, cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - start) / 1000 };
  process.stdout.write(`${JSON.stringify(row)}\n`);
  return answer;
}

async function whole(): Promise<Tensor> {
  const { draw } = networks[decoding ? "vae-decoder" : "vae-encoder"];
  const session = await Session.open(draw(source, table), options);
  const [answer] = Object.values(await session.run({ [decoding ? "latent" : "image"]: input }));
  await session.release();
  trimMemory();
  if (answer === undefined) throw new Error("nothing was answered");
  return answer;
}

async function strips(): Promise<Tensor> {
  const walk = walkStrips(input, {
    steps: (decoding ? decoderSteps : encoderSteps)(source),
    open: (draw) => {
      trimMemory();
      return Session.open(draw(source, table, { clipSkip: 1 }), options);
    },
    broken: async () => new Error("no numbers"),
  });
  for await (const event of walk) if (event.at === "end") return event.answer;
  throw new Error("nothing was answered");
}

const one = values.only === "strips" ? undefined : await timed("whole", whole);
const other = values.only === "whole" ? undefined : await timed("strips", strips);
if (one !== undefined && other !== undefined) {
  let difference = 0;
  let largest = 0;
  for (const [i, value] of one.data.entries()) {
    difference = Math.max(difference, Math.abs(value - (other.data[i] ?? Number.NaN)));
    largest = Math.max(largest, Math.abs(value));
  }
  process.stdout.write(`${JSON.stringify({ difference, largest })}\n`);
}
watcher.postMessage("end");
watcher.onmessage = ({ data }) => {
  const now = readFileSync("/proc/self/status", "utf8").match(/RssAnon:\s+\d+/)?.[0];
  process.stdout.write(`${JSON.stringify({ peakGiB: data, now })}\n`);
  process.exit(0);
};
