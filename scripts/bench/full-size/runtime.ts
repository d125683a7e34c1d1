/**
 * Opens a synthetic SDXL-base checkpoint of full size and runs it, once with the weights in place and once packed:
 * seconds to open, seconds a UNet step, memory. `bun scripts/bench/full-size/runtime.ts [folder]`; needs 7 GB of disk there,
 * and 14 GB of memory for the packed half (`--in-place-only` leaves it out).
 */

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { operatorsOf } from "#/graph/operators.ts";
import { createLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import { unetInputs } from "../../../test/support/unet-inputs.ts";
import { memory, writeCheckpoint } from "./checkpoint.ts";

const side = 64;
const steps = 5;

const random = (dims: readonly number[]) => ({
  dims,
  data: Float32Array.from(
    { length: dims.reduce((product, n) => product * n, 1) },
    () => Math.random() * 2 - 1,
  ),
});

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
}

async function measure(path: string, weights: "in-place" | "packed"): Promise<void> {
  const opened: Record<string, number> = {};
  const line = createLog("info", {
    write: (text) => {
      const [, network, ms] = /network=(\S+).* ms=(\d+)/.exec(text) ?? [];
      if (network !== undefined) opened[network] = Number(ms) / 1000;
    },
    now: () => new Date(),
  });
  const residency = new Residency({ device: "cpu", weights, threads: 0 }, { bytes: 2 ** 40 }, line);
  const derived = new DerivedFiles({ folder: "derived", budget: 0 }, line); // no LoRA, so nothing is written
  const networks = openNetworks(
    { base: path, loras: [] },
    { clipSkip: 2 },
    {
      operators: operatorsOf("cpu", weights),
      residency,
      derived,
    },
  );
  const call = () =>
    networks.unet(unetInputs(random([1, 4, side, side]), 500, random([1, 77, 2048]), random([1, 2816])));
  const first = await timed(call);
  const times: number[] = [];
  for (let i = 0; i < steps; i += 1) times.push((await timed(call)).seconds);
  const afterUnet = memory();
  const decode = await timed(() => networks.decode(random([1, 4, side, side])));
  const all = memory();
  await residency.close();
  times.sort((a, b) => a - b);
  const row = {
    weights,
    openUnetSeconds: opened.unet,
    firstStepSeconds: first.seconds - (opened.unet ?? 0),
    stepSeconds: times[Math.floor(times.length / 2)],
    fastestStepSeconds: times[0],
    slowestStepSeconds: times.at(-1),
    anonymousGB: afterUnet.anonymous,
    residentGB: afterUnet.resident,
    vaeSeconds: decode.seconds,
    peakGB: all.peak,
    finite: first.result.data.every(Number.isFinite),
  };
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

const [folder = "."] = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const path = join(folder, "synthetic-sdxl-base.safetensors");
if (!existsSync(path)) writeCheckpoint(path);
try {
  await measure(path, "in-place");
  if (!process.argv.includes("--in-place-only")) await measure(path, "packed");
} finally {
  if (!process.argv.includes("--keep")) rmSync(path);
}
