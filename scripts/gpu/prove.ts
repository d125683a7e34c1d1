/**
 * Shows what fooocusd does on the card of this machine, in at most eight minutes and without a network; docs/gpu.md says how to read
 * what comes of it.
 *
 *   scripts/gpu/prove.sh [--providers cuda,webgpu] [--cuda FOLDER] [--python python3] [--out gpu-report] [--work FOLDER]
 *     [--budget 480] [--patience 1] [--only NAME,...] [--dry-run]
 *
 * Writes OUT.json and OUT.md anew after each step. FOLDER of `--cuda` has ONNX Runtime's provider and what it needs; what it lacks is
 * taken from the Python's own NVIDIA packages, as torch brings them. Pictures lie in OUT-pictures. Ends with 0 where every step was done
 * or left out, else with 1.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { devices } from "#/lib/devices.ts";
import { KeptReport } from "./kept-report.ts";
import { assembled, pythonLibraries } from "./libraries.ts";
import { drySizes, fullSizes, type Plan } from "./plan.ts";
import { endTree, treeOf } from "./processes.ts";
import { runAll } from "./run-all.ts";
import { stepsOf } from "./steps-table.ts";

const { values: flags } = parseArgs({
  options: {
    providers: { type: "string" },
    cuda: { type: "string", multiple: true, default: [] },
    python: { type: "string", default: "python3" },
    out: { type: "string", default: "gpu-report" },
    work: { type: "string" },
    budget: { type: "string", default: "480" },
    patience: { type: "string" },
    only: { type: "string" },
    "dry-run": { type: "boolean", default: false },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const dryRun = flags["dry-run"];
const named = (flags.providers ?? (dryRun ? "cpu" : "cuda,webgpu")).split(",");
const providers = named.map((name) => {
  const device = devices.find((one) => one === name);
  if (device === undefined)
    throw new Error(`--providers ${name} is none: ${devices.join(", ")} are, by commas`);
  return device;
});
const budget = Number(flags.budget);
if (!(budget > 0)) throw new Error(`--budget ${flags.budget} is no number of seconds`);
// A processor takes longer, small as everything is there.
const patience = Number(flags.patience ?? (dryRun ? 5 : 1));
if (!(patience > 0)) throw new Error(`--patience ${flags.patience} is no number of times as long`);
const work = flags.work === undefined ? mkdtempSync(join(tmpdir(), "fooocusd-gpu-")) : resolve(flags.work);
mkdirSync(work, { recursive: true });
const out = resolve(flags.out);
mkdirSync(dirname(out), { recursive: true });

const sources = providers.includes("cuda")
  ? [...flags.cuda.map((folder) => resolve(folder)), ...pythonLibraries(flags.python)]
  : [];
const { folder: cuda } =
  sources.length === 0 ? { folder: undefined } : assembled(join(work, "cuda"), sources);
const plan: Plan = {
  dryRun,
  providers,
  sizes: dryRun ? drySizes : fullSizes,
  work,
  pictures: `${out}-pictures`,
  cuda,
  python: flags.python,
  budget,
  patience,
  workers: Math.max(1, Math.min(8, Math.floor(availableParallelism() / 2))),
};
// For all that is started from here: the linker looks there for what libraries name.
if (cuda !== undefined)
  process.env["LD_LIBRARY_PATH"] = [cuda, process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
process.env["GPU_KIT_CUDA"] = cuda ?? "";

const only = flags.only?.split(",");
const all = stepsOf(plan);
const unknown = only?.find((part) => all.every(({ name }) => !name.startsWith(part)));
if (unknown !== undefined)
  throw new Error(`--only ${unknown} is none of the steps: ${all.map(({ name }) => name).join(", ")}`);
const steps = all.filter(
  ({ name }) => only === undefined || name === "machine" || only.some((part) => name.startsWith(part)),
);
const clear = (): void => {
  if (flags.work === undefined) rmSync(work, { recursive: true, force: true });
};
const report = new KeptReport(out, plan, steps);
const ended = (signal: NodeJS.Signals): void => {
  for (const child of treeOf(process.pid)) if (child !== process.pid) endTree(child);
  report.close("cut off");
  clear();
  say(`ended by ${signal}; what was found by then is in ${out}.md and ${out}.json`);
  process.exit(1);
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => ended(signal));

await runAll(plan, steps, report, say);
const whole = report.close("whole");
clear();
say(`${out}.md and ${out}.json, after ${whole.seconds.toFixed(0)} s`);
process.exit(whole.steps.every(({ state }) => state === "done" || state === "left out") ? 0 : 1);
