/**
 * Ours beside others on one full-size SDXL checkpoint: UNet run, VAE decode, both text encoders, opening, memory of its own. Each
 * program runs in a process of its own, never two at once, in rounds that begin with another one each time; seconds are the
 * processor's, so that other work on the machine hardly counts, the clock's beside them.
 *
 *   bun scripts/bench/peers/peers.ts FOLDER [--python PYTHON] [--sd-cli PATH] [--against CHECKOUT] [--precisions full,packed]
 *     [--sd-types "f16,f16 --mmap,q8_0"] [--rounds 2] [--runs 2] [--side 512] [--threads 1] [--out FILE] [--only TEXT]
 *     [--only-avx2]
 *
 * With `--only-avx2` each program finds a processor that has AVX2 and nothing newer (`avx2/only-avx2.ts`; as root).
 *
 * FOLDER holds synthetic-sdxl-base.safetensors, which is written if it is not there (6.9 GB), and the cache of what is derived.
 * PYTHON has torch, diffusers and transformers; PATH is stable-diffusion.cpp's program, built by whoever has it. Whatever is not
 * named is left out. `--out` writes FILE.md and FILE.json. Needs 13 GiB of memory for diffusers' float32 and for packed weights.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeCheckpoint } from "../full-size/checkpoint.ts";
import { onlyAvx2, undisguised } from "./avx2/only-avx2.ts";
import { contestants, precisions } from "./contestants.ts";
import { machine } from "./machine.ts";
import type { Asked } from "./part.ts";
import { markdown, type Round, type Row } from "./table.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string" },
    "sd-cli": { type: "string" },
    "sd-types": { type: "string", default: "f16 --mmap" },
    against: { type: "string" },
    precisions: { type: "string", default: precisions.join(",") },
    rounds: { type: "string", default: "2" },
    runs: { type: "string", default: "2" },
    side: { type: "string", default: "512" },
    threads: { type: "string", default: "1" },
    cache: { type: "string" },
    only: { type: "string" },
    "only-avx2": { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const folder = resolve(positionals[0] ?? ".");
const asked: Asked = {
  checkpoint: join(folder, "synthetic-sdxl-base.safetensors"),
  side: Number(flags.side),
  threads: Number(flags.threads),
  runs: Number(flags.runs),
  cache: resolve(flags.cache ?? join(folder, "derived")),
};
if (!existsSync(asked.checkpoint)) writeCheckpoint(asked.checkpoint);
mkdirSync(asked.cache, { recursive: true });

const disguise = flags["only-avx2"] ? onlyAvx2() : undisguised;
const all = contestants({
  precisions: flags.precisions.split(","),
  against: flags.against === undefined ? undefined : resolve(flags.against),
  python: flags.python,
  sdCli: flags["sd-cli"],
  sdTypes: flags["sd-types"].split(","),
  disguise,
}).filter(({ name }) => name.includes(flags.only ?? ""));
const rounds = new Map(all.map(({ name }): [string, Round[]] => [name, []]));
const failures = new Map<string, string>();

const derived: string[] = [];
for (const { name, first } of all) {
  if (first === undefined) continue;
  const { opening } = await first(asked);
  const seconds = `${opening.processor.toFixed(0)} s (${opening.wall.toFixed(0)} s)`;
  derived.push(
    `${name}: the first opening, in which what is derived was written if it was not there: ${seconds}.`,
  );
}

for (let round = 0; round < Number(flags.rounds); round += 1) {
  const first = round % all.length;
  for (const { name, run } of [...all.slice(first), ...all.slice(0, first)]) {
    if (failures.has(name)) continue;
    try {
      const measured = await run(asked);
      rounds.get(name)?.push(measured);
      process.stderr.write(`${name}: ${JSON.stringify(measured)}\n`);
    } catch (error) {
      failures.set(name, error instanceof Error ? error.message : String(error));
      process.stderr.write(`${name}: ${failures.get(name)}\n`);
    }
  }
}

const rows = all.map(({ name }): Row => {
  const failed = failures.get(name);
  return { name, rounds: rounds.get(name) ?? [], ...(failed === undefined ? {} : { failed }) };
});
const here = machine(disguise);
const text = markdown(here, asked, rows, [
  "ours, the other checkout",
  "ours, full",
  "diffusers, float32",
  "diffusers, bfloat16, channels last",
]);
const told = [text, ...derived].join("\n");
process.stdout.write(told);
if (flags.out !== undefined) {
  writeFileSync(`${flags.out}.md`, `${told}\n`);
  writeFileSync(`${flags.out}.json`, `${JSON.stringify({ machine: here, asked, derived, rows }, null, 1)}\n`);
}
