/**
 * SDXL's text encoders at full size: sections asked one by one, as they were, and all in one call, in turns in one process.
 * Processor seconds a section of both encoders. `bun scripts/bench/full-size/texts.ts [folder] [--rounds 3] [--threads 1]`; the
 * folder has or gets the synthetic checkpoint (6.9 GB).
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { operators } from "#/graph/operators.ts";
import { silentLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import type { TextTokens } from "#/runtime/text-encoders.ts";
import { writeCheckpoint } from "./checkpoint.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" }, threads: { type: "string", default: "1" } },
});
const base = join(positionals[0] ?? ".", "synthetic-sdxl-base.safetensors");
if (!existsSync(base)) writeCheckpoint(base);

const options = { device: "cpu", weights: "in-place", threads: Number(flags.threads) } as const;
const residency = new Residency(options, { bytes: 2 ** 40 }, silentLog);
const derived = new DerivedFiles({ folder: "derived", budget: 0 }, silentLog); // no LoRA, so nothing is written
const workshop = { operators: operators.cpu, residency, derived };
const { textL, textG } = openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop);

const section = (at: number): TextTokens => [
  49406,
  ...Array.from({ length: 30 }, (_, place) => 300 + 17 * place + 1000 * at),
  ...Array.from({ length: 46 }, () => 49407),
];
const sections = Array.from({ length: 6 }, (_, at) => section(at));

/** Processor seconds of all threads. */
async function spent(work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

const encode = async (...some: readonly TextTokens[]): Promise<void> => {
  await textL(...some);
  await textG(...some);
};
const middle = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;

await encode(...sections);
for (const count of [2, 6]) {
  const some = sections.slice(0, count);
  const [apart, together]: [number[], number[]] = [[], []];
  for (let round = 0; round < Number(flags.rounds); round += 1) {
    apart.push(
      await spent(async () => {
        for (const one of some) await encode(one);
      }),
    );
    together.push(await spent(() => encode(...some)));
  }
  const ratio = middle(together.map((seconds, at) => seconds / (apart[at] ?? Number.NaN)));
  process.stdout.write(
    `${JSON.stringify({ sections: count, apart: middle(apart), together: middle(together), ratio })}\n`,
  );
}
await residency.close();
