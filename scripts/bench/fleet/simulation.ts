/**
 * How many workers a head, or two, and a Redis bear: simulated workers, some hundred in a process, each with the connections of a
 * real one, do all that workers do in Redis (simulated-member.ts), while tasks always wait. Prints tasks and events a second, how
 * long an idle worker waits for its next task, how late events are at a client, and what each process takes of the machine. Whoever
 * simulates shares the machine: when its timers are late, the machine is the limit.
 *
 *   bun scripts/bench/fleet/simulation.ts [--workers 100,300,1000] [--seconds 20] [--task 5] [--events 2] [--postgres] [--heads 1]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type FleetBench, type FleetProcess, openFleetBench } from "../../../test/support/fleet-processes.ts";
import { startOwnPostgres } from "../../../test/support/own-postgres.ts";
import { give, giveMany, hear } from "./clients.ts";
import {
  bytesOf,
  load,
  type MeasuredRedis,
  machine,
  measuredRedis,
  quantile,
  type RedisInfo,
  secondsOf,
  spread,
} from "./measured.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "100,300,1000" },
    seconds: { type: "string", default: "20" },
    task: { type: "string", default: "5" },
    events: { type: "string", default: "2" },
    heads: { type: "string", default: "1" },
    postgres: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
/** A process with more simulated workers than this is late with its own timers. */
const perProcess = 500;
const models = join(import.meta.dir, "../../../models");

console.log(
  `${machine()}; tasks of ${values.task} s, ${values.events} events a second each, ${values.heads} heads`,
);
for (const count of values.workers.split(",").map(Number)) await simulate(count);
process.exit(0);

async function simulate(workers: number): Promise<void> {
  const redis = await measuredRedis();
  const postgres = values.postgres || values.heads !== "1" ? await startOwnPostgres() : undefined;
  const bench = openFleetBench(redis.url);
  const crowds: Crowd[] = [];
  try {
    const history = postgres === undefined ? [] : ["--history", await postgres.database()];
    const heads: FleetProcess[] = [];
    for (let i = 0; i < Number(values.heads); i += 1)
      heads.push(await bench.head(`head-${i}`, "--queue-size", "1000000", ...history, ...folderOf(bench, i)));
    for (let i = 0; i < workers; i += perProcess)
      crowds.push(await startCrowd(redis.url, Math.min(perProcess, workers - i), `w${i}`));
    await measure({ redis, heads, crowds, workers });
  } finally {
    for (const { child } of crowds) child.kill("SIGKILL");
    await bench.close();
    await postgres?.close();
    await redis.close();
  }
}

/** Two heads want a folder each where they share one machine; no picture is made here. */
function folderOf({ folder }: FleetBench, head: number): readonly string[] {
  if (head === 0) return [];
  return ["--outputs", join(folder, `outputs-${head}`), "--inputs", join(folder, `inputs-${head}`)];
}

type Crowd = Awaited<ReturnType<typeof startCrowd>>;
type Counts = Readonly<{ idle: readonly number[]; lost: number; late: readonly number[] }>;

async function startCrowd(url: string, count: number, name: string) {
  const script = join(import.meta.dir, "simulated-workers.ts");
  const words = [url, models, String(count), name, values.task, values.events];
  const child = Bun.spawn([process.execPath, script, ...words], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = linesOf(child.stdout);
  await lines.next();
  const counts = async (): Promise<Counts> => {
    void child.stdin.write("\n");
    void child.stdin.flush();
    return JSON.parse((await lines.next()).value ?? "{}");
  };
  return { child, counts };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let text = "";
  for await (const bytes of stream) {
    text += new TextDecoder().decode(bytes);
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

type Parts = Readonly<{
  redis: MeasuredRedis;
  heads: readonly FleetProcess[];
  crowds: readonly Crowd[];
  workers: number;
}>;

/** What a client of the first head heard, and whether it counts and asks for a new task at every end. */
type Seen = { ended: number; events: number; lags: number[]; measuring: boolean; filling: boolean };

/** Hears all, and keeps as many tasks with the fleet as there are. */
async function feed(urls: readonly string[], seen: Seen): Promise<() => void> {
  const first = urls[0] ?? "";
  let given = 0;
  const refill = (): void => {
    given += 1;
    give(urls[given % urls.length] ?? first).catch((thrown: unknown) => {
      if (seen.filling) throw thrown;
    });
  };
  return await hear(first, ({ type, at, heardAt }) => {
    if (type === "settled" && seen.filling) refill();
    if (!seen.measuring) return;
    if (type === "settled") seen.ended += 1;
    if (type === "settled" || type === "progress" || type === "started") seen.events += 1;
    if (type === "progress") seen.lags.push(heardAt - at);
  });
}

async function measure({ redis, heads, crowds, workers }: Parts): Promise<void> {
  const urls = heads.map(({ url }) => url);
  const seen: Seen = { ended: 0, events: 0, lags: [], measuring: false, filling: true };
  const leave = await feed(urls, seen);
  // The roll has to have the workers on it; a tenth more tasks than engines wait or run from then on.
  await Bun.sleep(4000);
  await giveMany(urls[0] ?? "", 1);
  const [empty, began] = [await redis.info(), performance.now()];
  await giveMany(urls[0] ?? "", Math.ceil(workers * 1.1));
  const accepted = (workers * 1100) / (performance.now() - began);
  await Bun.sleep(1000 * (Number(values.task) + 3));
  const own = [...heads.map(({ child }) => child.pid), ...crowds.map(({ child }) => child.pid)];
  for (const { counts } of crowds) await counts();
  const before = { redis: await redis.info(), cpu: own.map(secondsOf), at: performance.now() };
  seen.measuring = true;
  await Bun.sleep(seconds * 1000);
  seen.measuring = false;
  const took = (performance.now() - before.at) / 1000;
  const cpu = own.map((pid, i) => secondsOf(pid) - (before.cpu[i] ?? 0));
  const after = await redis.info();
  const counts = await Promise.all(crowds.map((crowd) => crowd.counts()));
  seen.filling = false;
  leave();
  const memory = heads.map(({ child }) => bytesOf(child.pid));
  const facts = { workers, accepted, seen, took, cpu, counts, memory };
  report({ ...facts, empty: empty.bytes, before: before.redis, after });
}

type Measured = Readonly<{
  workers: number;
  /** Tasks a second while all were idle. */
  accepted: number;
  seen: Seen;
  /** Seconds. */
  took: number;
  /** Seconds of processor time: of the heads, then of the simulation. */
  cpu: readonly number[];
  counts: readonly Counts[];
  /** Bytes of each head. */
  memory: readonly number[];
  /** Bytes in Redis before any task. */
  empty: number;
  before: RedisInfo;
  after: RedisInfo;
}>;

function report(measured: Measured): void {
  const { workers, accepted, seen, took, cpu, counts, memory, empty, before, after } = measured;
  const percent = (used: number): string => `${((100 * used) / took).toFixed(0)}%`;
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const late = quantile(
    counts.flatMap((one) => one.late),
    0.99,
  );
  const lost = counts.reduce((sum, one) => sum + one.lost, 0);
  const heads = cpu.slice(0, memory.length).map(percent).join(" ");
  const simulation = cpu.slice(memory.length).map(percent).join(" ");
  const commands = (after.commands - before.commands) / took;
  const perTask = commands / (seen.ended / took);
  const lines = [
    `\n${workers} workers, ${after.clients} connections; ${load()}`,
    `accepted ${accepted.toFixed(0)} tasks/s while all were idle`,
    `${(seen.ended / took).toFixed(1)} tasks/s of ${(workers / Number(values.task)).toFixed(1)} possible, ${(seen.events / took).toFixed(0)} events/s`,
    `idle worker to its next task: ${spread(counts.flatMap(({ idle }) => idle))}`,
    `event to the client:          ${spread(seen.lags)}`,
    `timers of the simulation late: p99 ${late.toFixed(0)} ms; leases lost: ${lost}`,
    `of one core: heads ${heads}, Redis ${percent(after.seconds - before.seconds)}, simulation ${simulation}`,
    `memory: heads ${memory.map(megabytes).join(" ")}, Redis ${megabytes(after.bytes)} (${megabytes(empty)} before any task)`,
    `Redis: ${commands.toFixed(0)} commands/s (those in scripts included), ${perTask.toFixed(0)} for each task, ${(commands / workers).toFixed(1)} for each worker and second`,
    `a second: ${kindsOf(before, after, took)}`,
  ];
  console.log(lines.join("\n  "));
}

/** The most frequent commands, each with how many of it there were a second. */
function kindsOf(before: RedisInfo, after: RedisInfo, took: number): string {
  return [...after.kinds]
    .map(([kind, calls]): [string, number] => [kind, (calls - (before.kinds.get(kind) ?? 0)) / took])
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 12)
    .map(([kind, calls]) => `${kind} ${calls.toFixed(0)}`)
    .join(", ");
}
