/**
 * Two builds beside each other: peak memory, the time of a step, and `GET /tasks` with fifty rows. Both servers run, and are
 * asked in turn, so that the machine cancels out; times are processor time of the server and its engine. A ratio is the
 * median, with its quartiles, of the rounds' (or starts') own: the second build against the first.
 *
 *   bun scripts/bench/beside.ts BEFORE AFTER [--starts 3] [--rounds 6] [--size 256] [--models DIR --base NAME]
 *
 * Without `--base` the demo model is drawn, thirty steps a picture; with it, two.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../../test/support/free-port.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "6" },
    starts: { type: "string", default: "3" },
    size: { type: "string", default: "256" },
    models: { type: "string" },
    base: { type: "string" },
  },
});
const [before, after] = positionals;
if (before === undefined || after === undefined) throw new Error("two binaries are wanted, BEFORE and AFTER");
const rounds = Number(flags.rounds);
const steps = flags.base === undefined ? 30 : 2;
const rows = 50;
const lists = 300;

type Server = Readonly<{ url: string; pid: number; close: () => Promise<void> }>;

async function start(binary: string): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-beside-"));
  const port = freePort();
  const models = flags.models === undefined ? [] : ["--models", resolve(flags.models)];
  const own = ["--port", `${port}`, "--also-port", "0", ...models];
  const child = Bun.spawn([resolve(binary), ...own], { cwd: folder, stdout: "ignore", stderr: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  while ((await fetch(`${url}/openapi.json`).catch(() => undefined))?.ok !== true) {
    if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}`);
    await Bun.sleep(50);
  }
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, pid: child.pid, close };
}

/** The server and its engine. */
function family(pid: number): readonly number[] {
  const others = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = others.filter((name) => {
    try {
      return new RegExp(`^PPid:\\s+${pid}$`, "m").test(readFileSync(`/proc/${name}/status`, "utf8"));
    } catch {
      return false;
    }
  });
  return [pid, ...children.map(Number)];
}

/** Processor seconds that they have spent. */
function spent(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, n) => sum + n, 0) / 100;
}

/** The most they ever held, in MB; pages of mapped files included. */
function peak(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) =>
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0),
  );
  return kilobytes.reduce((sum, n) => sum + n, 0) / 1024;
}

async function draw({ url }: Server, seed: number, asked = steps): Promise<void> {
  const side = Number(flags.size);
  const body = {
    prompt: "a red circle on a blue background",
    image_seed: seed,
    overwrite_width: side,
    overwrite_height: side,
    overwrite_step: asked,
    ...(flags.base === undefined ? {} : { base_model_name: flags.base, loras: [] }),
  };
  const answer = await fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok || !text.includes("/outputs/")) throw new Error(text.slice(0, 500));
}

/** Processor seconds of a step, and of a list of tasks. */
async function round(server: Server, seed: number): Promise<Readonly<{ step: number; list: number }>> {
  const pids = family(server.pid);
  const start = spent(pids);
  await draw(server, seed);
  const drawn = spent(pids);
  for (let i = 0; i < lists; i += 1) await (await fetch(`${server.url}/tasks`)).text();
  return { step: (drawn - start) / steps, list: (spent(pids) - drawn) / lists };
}

const quartiles = (numbers: readonly number[]): readonly number[] => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return [0.5, 0.25, 0.75].map((part) => sorted[Math.round(part * (sorted.length - 1))] ?? Number.NaN);
};

type Round = Awaited<ReturnType<typeof round>>;
type Pair<T> = Readonly<{ old: T; young: T }>;

const measured: Pair<Round>[] = [];
const peaks: Pair<number>[] = [];
for (let once = 0; once < Number(flags.starts); once += 1) {
  const servers = [await start(before), await start(after)] as const;
  try {
    const filling = flags.base === undefined ? rows : 1;
    for (const server of servers) for (let i = 0; i < filling; i += 1) await draw(server, i, 2);
    for (let i = 0; i < rounds; i += 1) {
      // Whoever is second finds a warmer machine: they take turns at that too.
      const [first, second] = i % 2 === 0 ? servers : [servers[1], servers[0]];
      const one = await round(first, 1000 + i);
      const two = await round(second, 1000 + i);
      measured.push(i % 2 === 0 ? { old: one, young: two } : { old: two, young: one });
    }
    const [old, young] = [peak(family(servers[0].pid)), peak(family(servers[1].pid))];
    peaks.push({ old, young });
  } finally {
    for (const server of servers) await server.close();
  }
}

function tell(name: string, unit: string, pairs: readonly Pair<number>[]): void {
  const [was] = quartiles(pairs.map(({ old }) => old));
  const [is] = quartiles(pairs.map(({ young }) => young));
  const [ratio = 0, low = 0, high = 0] = quartiles(pairs.map(({ old, young }) => young / old));
  const span = `${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  console.log(`${name}: ${was?.toFixed(2)} ${unit} before, ${is?.toFixed(2)} after, ratio ${span}`);
}

const milliseconds = (key: keyof Round): readonly Pair<number>[] =>
  measured.map(({ old, young }) => ({ old: old[key] * 1000, young: young[key] * 1000 }));
tell("a step", "ms of processor", milliseconds("step"));
tell("GET /tasks", "ms of processor", milliseconds("list"));
tell("peak memory", "MB", peaks);
