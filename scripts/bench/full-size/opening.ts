/** One opening of the UNet in a process of its own, for `loras.ts`: `opening.ts CHECKPOINT [LORA ...]`, JSON on its output. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { operators } from "#/graph/operators.ts";
import { createLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import { unetInputs } from "../../../test/support/unet-inputs.ts";

const [base = "", ...paths] = process.argv.slice(2);

const random = (dims: readonly number[]) => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => Math.random() * 2 - 1),
});

/** Seconds of all threads of this process. */
const processor = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

type Moment = Readonly<{ wall: number; processor: number }>;
const now = (): Moment => ({ wall: performance.now() / 1000, processor: processor() });

/** When the network was open: the runtime says so in the log, before it runs. */
let opened: Moment | undefined;
const log = createLog("info", {
  write: (line) => {
    if (line.includes("opened a network")) opened = now();
  },
  now: () => new Date(),
});

const loras = paths.map((path) => ({ path, weight: 0.5 }));
const residency = new Residency({ device: "cpu", weights: "in-place", threads: 0 }, { bytes: 2 ** 40 }, log);
const derived = new DerivedFiles({ folder: join(dirname(base), "derived"), budget: 2 ** 40 }, log);
const networks = openNetworks(
  { base, loras },
  { clipSkip: 2 },
  { operators: operators.cpu, residency, derived },
);

const began = now();
const inputs = unetInputs(random([1, 4, 8, 8]), 500, random([1, 77, 2048]), random([1, 2816]));
await networks.unet(inputs);
if (opened === undefined) throw new Error("the log does not tell when the network was open");
const anonymous =
  Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 2 ** 20;
const again = now();
await networks.unet(inputs);
const row = {
  processor: opened.processor - began.processor,
  wall: opened.wall - began.wall,
  anonymous,
  // On a latent as small as this nearly all of a run is what its weights take.
  run: now().processor - again.processor,
};
process.stdout.write(`${JSON.stringify(row)}\n`);
await residency.close();
