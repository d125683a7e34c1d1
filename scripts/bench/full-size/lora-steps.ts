/**
 * What LoRAs add to a step at SDXL's full size: UNet runs at 512 x 512 with none, one and five rank-32 LoRAs on all of its 788
 * modules, in turns in one process, so that a slow minute of the machine hits all three. `bun
 * scripts/bench/full-size/lora-steps.ts [folder] [--rounds 6]`; needs 11 GB of disk in the folder, `--keep` keeps the files.
 */

import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { operators } from "#/graph/operators.ts";
import { createLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import { unetInputs } from "../../../test/support/unet-inputs.ts";
import { syntheticFiles } from "./checkpoint.ts";

const args = process.argv.slice(2);
const roundsAt = args.indexOf("--rounds");
const rounds = roundsAt < 0 ? 6 : Number(args[roundsAt + 1]);
const [folder = "."] = args.filter((arg, i) => !arg.startsWith("--") && (roundsAt < 0 || i !== roundsAt + 1));
const { checkpoint, loras } = syntheticFiles(resolve(folder));
const cache = join(resolve(folder), "derived");

const random = (dims: readonly number[]) => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => Math.random() * 2 - 1),
});

async function measure(): Promise<void> {
  const log = createLog("error");
  const options = { device: "cpu", weights: "in-place", threads: 0 } as const;
  const residency = new Residency(options, { bytes: 2 ** 40 }, log);
  const derived = new DerivedFiles({ folder: cache, budget: 2 ** 40 }, log);
  const sets = [0, 1, 5].map((count) => {
    const used = loras.slice(0, count).map((path) => ({ path, weight: 0.5 }));
    const parts = { operators: operators.cpu, residency, derived };
    return {
      count,
      unet: openNetworks({ base: checkpoint, loras: used }, { clipSkip: 2 }, parts).unet,
      seconds: [] as number[],
    };
  });
  for (let round = 0; round <= rounds; round += 1) {
    for (const { unet, seconds } of sets) {
      const start = performance.now();
      await unet(unetInputs(random([1, 4, 64, 64]), 500, random([1, 77, 2048]), random([1, 2816])));
      // The first round opens, and reads the weights.
      if (round > 0) seconds.push((performance.now() - start) / 1000);
    }
  }
  const none = sets[0]?.seconds ?? [];
  for (const { count, seconds } of sets) {
    const ratios = seconds.map((one, i) => one / (none[i] ?? Number.NaN)).toSorted((a, b) => a - b);
    const sorted = seconds.toSorted((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    const row = { loras: count, stepSeconds: sorted[middle], fastest: sorted[0], slowest: sorted.at(-1) };
    process.stdout.write(`${JSON.stringify({ ...row, ratio: ratios[middle], ratios })}\n`);
  }
  await residency.close();
}

try {
  await measure();
} finally {
  if (!args.includes("--keep"))
    for (const path of [checkpoint, ...loras, cache])
      rmSync(path, { recursive: true, force: existsSync(path) });
}
