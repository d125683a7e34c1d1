/**
 * One 512 x 512 picture of two steps through the server, from a synthetic SDXL-base checkpoint of full size, and then a
 * second task that is stopped: seconds to open, seconds a step, seconds until a stop is heard, memory of the whole process.
 * `bun scripts/bench/full-size/server.ts [folder] [binary]`; needs 7 GB of disk in the folder. Starts the checkout's server
 * where no binary is named; `--keep` keeps the checkpoint.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { memory, writeCheckpoint } from "./checkpoint.ts";
import { follow, opened, seconds, start } from "./through-server.ts";

const base = "synthetic-sdxl-base.safetensors";
const [folder = ".", binary] = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const checkpoint = join(resolve(folder), "models/checkpoints", base);

async function measure(): Promise<void> {
  const launched = performance.now();
  const server = await start({ folder, binary });
  const answersAfter = (performance.now() - launched) / 1000;
  const most = { anonymous: 0, swapped: 0 };
  const watching = setInterval(() => {
    const now = memory(server.pid);
    for (const key of ["anonymous", "swapped"] as const) most[key] = Math.max(most[key], now[key]);
  }, 100);
  try {
    const first = await follow(server.url, { base_model_name: base, overwrite_step: 2 });
    const peak = memory(server.pid).peak;
    const { reached, data } = first;
    const step = seconds(reached.get("step 1"), reached.get("step 2"));
    let asked = 0;
    const stopped = await follow(server.url, { base_model_name: base, overwrite_step: 10 }, async (at) => {
      if (at !== 1) return;
      asked = Date.now();
      await fetch(`${server.url}/v1/engine/control?action=stop`, { method: "POST" });
    });
    const row = {
      status: data["status"],
      answersAfter,
      opened: opened(server.lines()),
      firstStepSeconds: seconds(reached.get("step 0"), reached.get("step 1")),
      stepSeconds: step,
      unetRunSeconds: step / 2,
      timings: data["timings"],
      peakResidentGB: peak,
      peakAnonymousGB: most.anonymous,
      swappedGB: most.swapped,
      stop: { status: stopped.data["status"], secondsUntilStopped: seconds(asked, stopped.at) },
    };
    process.stdout.write(`${JSON.stringify(row, undefined, 1)}\n`);
  } finally {
    clearInterval(watching);
    await server.end();
  }
}

mkdirSync(join(checkpoint, ".."), { recursive: true });
if (!existsSync(checkpoint)) writeCheckpoint(checkpoint);
try {
  await measure();
} finally {
  if (!process.argv.includes("--keep")) rmSync(checkpoint);
}
