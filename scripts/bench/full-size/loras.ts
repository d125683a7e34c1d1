/**
 * What opening costs at SDXL's full size: processor seconds to open the UNet with none, one and five rank-32 LoRAs on all of
 * its 788 modules. `bun scripts/bench/full-size/loras.ts [folder] [--against CHECKOUT]`
 * measures another checkout's opening without LoRAs beside it, in turns, so that a build before serves as the yardstick.
 * Needs 11 GB of disk in the folder; `--keep` keeps the files. What LoRAs add to a step is measured by `lora-steps.ts`.
 */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { syntheticFiles } from "./checkpoint.ts";

/** What `opening.ts` prints. */
type Opening = Readonly<{ processor: number; wall: number; anonymous: number }>;

const child = "scripts/bench/full-size/opening.ts";
const here = join(import.meta.dir, "../../..");
const args = process.argv.slice(2);
const againstAt = args.indexOf("--against");
const against = againstAt < 0 ? undefined : resolve(args[againstAt + 1] ?? ".");
const [folder = "."] = args.filter(
  (arg, i) => !arg.startsWith("--") && (againstAt < 0 || i !== againstAt + 1),
);
const rounds = 3;

const { checkpoint, loras } = syntheticFiles(resolve(folder));

/** Opens the UNet in a process of its own, from the sources of a checkout. */
async function open(checkout: string, count: number): Promise<Opening> {
  const program = [process.execPath, join(checkout, child), checkpoint, ...loras.slice(0, count)];
  const process_ = Bun.spawn(program, { cwd: checkout, stdout: "pipe", stderr: "inherit" });
  const text = await new Response(process_.stdout).text();
  if ((await process_.exited) !== 0) throw new Error(`${program.join(" ")} failed`);
  return JSON.parse(text) as Opening;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function say(what: string, openings: readonly Opening[]): void {
  const processor = openings.map((one) => one.processor);
  const row = {
    what,
    openProcessorSeconds: median(processor),
    openRange: [Math.min(...processor), Math.max(...processor)],
    openWallSeconds: median(openings.map(({ wall }) => wall)),
    anonymousGB: Math.max(...openings.map(({ anonymous }) => anonymous)),
  };
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

async function measure(): Promise<void> {
  rmSync(join(resolve(folder), "derived"), { recursive: true, force: true });
  const before: Opening[] = [];
  const now = new Map([0, 1, 5].map((count): [number, Opening[]] => [count, []]));
  for (const count of [1, 5])
    say(`${count} LoRAs, the first time (derived file written)`, [await open(here, count)]);
  for (let round = 0; round < rounds; round += 1) {
    if (against !== undefined) before.push(await open(against, 0));
    for (const [count, list] of now) list.push(await open(here, count));
  }
  if (against !== undefined) say("the other checkout, no LoRA", before);
  for (const [count, list] of now) say(`${count} LoRAs`, list);
}

/** A checkout without this bench gets its child for the time being; one that has it may have other sources to open. */
const place = against === undefined ? undefined : join(against, child);
const copied = place === undefined || existsSync(place) ? undefined : place;
if (copied !== undefined) copyFileSync(join(here, child), copied);
try {
  await measure();
} finally {
  if (copied !== undefined) rmSync(copied);
  if (!args.includes("--keep"))
    for (const path of [checkpoint, ...loras, join(resolve(folder), "derived")])
      rmSync(path, { recursive: true, force: true });
}
