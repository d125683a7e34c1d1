/**
 * One section of 77 tokens through both of SDXL's text encoders at full size, here and in another checkout, each in a process of its own
 * that stays, asked in turns: `bun scripts/bench/full-size/one-text.ts FOLDER --against CHECKOUT [--rounds 15]`. Processor seconds of
 * one thread, and the ratios of neighbours in time. FOLDER has the synthetic checkpoint (`runtime.ts` writes it).
 */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { operators } from "#/graph/operators.ts";
import { createLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "15" },
    against: { type: "string" },
    child: { type: "boolean" },
  },
});
const base = resolve(positionals[0] ?? ".", "synthetic-sdxl-base.safetensors");

/** Encodes once for each byte that it is sent, and answers with the seconds. */
async function encodeWhenAsked(): Promise<void> {
  const log = createLog("info", { write: () => {}, now: () => new Date() });
  const residency = new Residency(
    { device: "cpu", weights: "in-place", threads: 1 },
    { bytes: 2 ** 40 },
    log,
  );
  const derived = new DerivedFiles({ folder: "derived", budget: 0 }, log); // no LoRA, so nothing is written
  const workshop = { operators: operators.cpu, residency, derived };
  const { textL, textG } = openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop);
  const words = [49406, ...Array.from({ length: 20 }, (_, i) => 320 + 17 * i)];
  const tokens = [...words, ...Array.from({ length: 77 - words.length }, () => 49407)];
  for await (const _ of Bun.stdin.stream()) {
    const start = process.cpuUsage();
    await textL(tokens);
    await textG(tokens);
    const { user, system } = process.cpuUsage(start);
    console.log((user + system) / 1e6);
  }
  await residency.close();
}

type Encoder = Readonly<{ seconds: () => Promise<number>; end: () => void }>;

/** A child in a checkout; one that has no such bench is lent ours. */
function encoderOf(checkout: string): Encoder {
  const program = join(checkout, "scripts/bench/full-size/one-text.ts");
  const lent = !existsSync(program);
  if (lent) copyFileSync(import.meta.path, program);
  const child = Bun.spawn([process.execPath, program, resolve(positionals[0] ?? "."), "--child"], {
    cwd: checkout,
    stdin: "pipe",
    stdout: "pipe",
  });
  const reader = child.stdout.getReader();
  return {
    seconds: async () => {
      await child.stdin.write("\n");
      await child.stdin.flush();
      const { value } = await reader.read();
      return Number(new TextDecoder().decode(value));
    },
    end: () => {
      child.kill();
      if (lent) rmSync(program);
    },
  };
}

const middle = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;

async function compare(against: string): Promise<void> {
  const [ours, theirs] = [encoderOf(join(import.meta.dir, "../../..")), encoderOf(resolve(against))];
  try {
    // The first call opens the networks.
    for (const encoder of [ours, theirs]) console.log("first", (await encoder.seconds()).toFixed(2));
    const [now, before]: [number[], number[]] = [[], []];
    for (let round = 0; round < Number(flags.rounds); round += 1) {
      now.push(await ours.seconds());
      before.push(await theirs.seconds());
      console.log(now.at(-1)?.toFixed(3), before.at(-1)?.toFixed(3));
    }
    const ratios = now.map((seconds, at) => seconds / (before[at] ?? Number.NaN)).toSorted((a, b) => a - b);
    const quarter = ratios.length >> 2;
    const told = {
      now: middle(now),
      before: middle(before),
      ratio: middle(ratios),
      half: [ratios[quarter], ratios.at(-1 - quarter)],
      least: Math.min(...now) / Math.min(...before),
    };
    console.log(JSON.stringify(told));
  } finally {
    for (const encoder of [ours, theirs]) encoder.end();
  }
}

if (flags.child === true) await encodeWhenAsked();
else await compare(flags.against ?? ".");
