/**
 * One 512 x 512 picture of two steps through the server, from a synthetic SDXL-base checkpoint of full size, and then a
 * second task that is stopped: seconds to open, seconds a step, seconds until a stop is heard, memory of the whole process.
 * `bun scripts/bench/full-size/server.ts [folder] [binary]`; needs 7 GB of disk in the folder. Starts the checkout's server
 * where no binary is named; `--keep` keeps the checkpoint.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { readEvents } from "../../../test/support/read-events.ts";
import { memory, writeCheckpoint } from "./checkpoint.ts";

const base = "synthetic-sdxl-base.safetensors";
const [folder = ".", binary] = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const checkpoint = join(resolve(folder), "models/checkpoints", base);

type Server = Readonly<{
  url: string;
  pid: number;
  lines: () => readonly string[];
  end: () => Promise<void>;
}>;

/** Starts the server in an empty folder of its own. */
async function start(): Promise<Server> {
  const root = mkdtempSync(join(resolve(folder), "run-"));
  const port = 18_000 + (process.pid % 1000);
  const program =
    binary === undefined
      ? [process.execPath, join(import.meta.dir, "../../../src/main.ts")]
      : [resolve(binary)];
  const flags = ["--port", `${port}`, "--also-port", "0", "--models", join(resolve(folder), "models")];
  const child = Bun.spawn([...program, ...flags], { cwd: root, stdout: "ignore", stderr: "pipe" });
  let log = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of child.stderr) log += decoder.decode(bytes, { stream: true });
  })();
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/openapi.json`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error(log);
    await Bun.sleep(20);
  }
  const end = async () => {
    child.kill("SIGTERM");
    await child.exited;
    await reading;
    rmSync(root, { recursive: true });
  };
  return { url, pid: child.pid, lines: () => log.split("\n"), end };
}

/** Follows a task to its end; calls back at every step. */
async function follow(url: string, steps: number, onStep: (step: number) => Promise<void> | void) {
  const body = {
    prompt: "a lighthouse on a cliff",
    base_model_name: base,
    loras: [],
    overwrite_width: 512,
    overwrite_height: 512,
    overwrite_step: steps,
    image_seed: 1,
    async_process: true,
  };
  const answer = await fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) });
  const record: unknown = await answer.json();
  if (typeof record !== "object" || record === null || !("task_id" in record))
    throw new Error(JSON.stringify(record));
  const reached = new Map<string, number>();
  for await (const { event, data } of readEvents(
    await fetch(`${url}/tasks/${String(record.task_id)}/events`),
  )) {
    if (event === "progress") {
      const key = data["stage"] === "denoising" ? `step ${String(data["step"])}` : String(data["stage"]);
      if (!reached.has(key)) reached.set(key, Number(data["at"]));
      if (data["stage"] === "denoising") await onStep(Number(data["step"]));
    }
    if (event === "settled") return { reached, data, at: Number(data["at"]) };
  }
  throw new Error("the stream ended before the task did");
}

const seconds = (from: number | undefined, to: number | undefined): number =>
  ((to ?? Number.NaN) - (from ?? Number.NaN)) / 1000;

/** Seconds each network took to open, as the server's log says. */
const opened = (lines: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    lines.flatMap((line) => {
      const [, network, ms] = /opened a network network=(\S+).* ms=(\d+)/.exec(line) ?? [];
      return network === undefined ? [] : [[network, Number(ms) / 1000]];
    }),
  );

async function measure(): Promise<void> {
  const launched = performance.now();
  const server = await start();
  const answersAfter = (performance.now() - launched) / 1000;
  const most = { anonymous: 0, swapped: 0 };
  const watching = setInterval(() => {
    const now = memory(server.pid);
    for (const key of ["anonymous", "swapped"] as const) most[key] = Math.max(most[key], now[key]);
  }, 100);
  try {
    const first = await follow(server.url, 2, () => undefined);
    const peak = memory(server.pid).peak;
    const { reached, data } = first;
    const step = seconds(reached.get("step 1"), reached.get("step 2"));
    let asked = 0;
    const stopped = await follow(server.url, 10, async (at) => {
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
