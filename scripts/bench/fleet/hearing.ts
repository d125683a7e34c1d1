/**
 * What a head pays for the tasks of all other heads: simulated workers tell of their steps, with previews, as real ones do, and
 * another head takes and records their tasks; the head that is measured only hears. Some clients follow one task after another at
 * it, as browsers do. Prints the head's and Redis' share of a core and how late a step is at a client.
 *
 * On a machine that has other things to do, `--fast` measures the processor alone: a task of each worker is told of, as fast as the head hears.
 *
 *   bun scripts/bench/fleet/hearing.ts [--fast] [--workers 1000] [--task 5] [--steps 10] [--watching 20] [--previews] [--kilobytes 20] [--seconds 20]
 */
import { parseArgs } from "node:util";
import sharp from "sharp";
import type { Fleet } from "#/fleet/fleet.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import { silentLog } from "#/lib/log.ts";
import { newTaskId, type TaskId } from "#/lib/task-id.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { openFleetBench } from "../../../test/support/fleet-processes.ts";
import { startOwnPostgres } from "../../../test/support/own-postgres.ts";
import { readEvents } from "../../../test/support/read-events.ts";
import { hearTask } from "./clients.ts";
import { load, machine, measuredRedis, quantile, secondsOf, spread } from "./measured.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "1000" },
    task: { type: "string", default: "5" },
    steps: { type: "string", default: "10" },
    watching: { type: "string", default: "20" },
    previews: { type: "boolean", default: false },
    kilobytes: { type: "string", default: "20" },
    seconds: { type: "string", default: "20" },
    fast: { type: "boolean", default: false },
  },
});
const numbers = { ...values, workers: Number(values.workers), steps: Number(values.steps) };
const seconds = Number(values.seconds);
/** So many workers share a connection here: their tellings still come one by one. */
const perConnection = 10;
/** So many tasks are told of together where it goes as fast as the head hears. */
const atOnce = 10;
const request = {
  prompt: "a red circle",
  overwrite_width: 64,
  overwrite_height: 64,
  unused: "x".repeat(3500),
};
const preview = values.previews ? await noise(Number(values.kilobytes) * 1000) : undefined;
const sides = { width: 64, height: 64 } as const;
const counts = { tasks: 0, events: 0, previews: 0, measuring: false, over: false };
const running = new Map<TaskId, number>();

const redis = await measuredRedis();
const postgres = await startOwnPostgres();
const address = await postgres.database();
const bench = openFleetBench(redis.url);
const head = await bench.head("head", "--queue-size", "1000000", "--history", address);
const stock: TaskId[] = [];
await insertTemplate();
void keepStock();
const connections = await Promise.all(
  Array.from({ length: Math.ceil(numbers.workers / perConnection) }, (_, i) => join(`c${i}`)),
);
const lags: number[] = [];
let pictures = 0;
if (values.fast) await measureFast();
else await measureLive();
counts.over = true;
await bench.close();
await postgres.close();
await redis.close();
process.exit(0);

/** Takes the time that the head has for hearing of one task of each worker, some at once, as fast as it does. */
async function measureFast(): Promise<void> {
  const { pid } = head.child;
  const log = connections[0]?.log;
  while (stock.length === 0) await Bun.sleep(20);
  const marker = stock.pop() ?? newTaskId();
  let hear = (): void => undefined;
  const untilHeard = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    hear = resolve;
    await log?.append({ taskId: marker, type: "started", attempt: 1 });
    await promise;
  };
  // Nobody looks at any task but one, of which nothing else is told.
  await log?.append({ taskId: marker, type: "queued", position: 1, ahead: 0, label: null });
  const following = hearTask(head.url, marker, ({ type }) => {
    if (type === "started") hear();
  });
  following.catch(() => undefined);
  const some = async (): Promise<void> => {
    while (stock.length < atOnce) await Bun.sleep(20);
    const made = connections
      .slice(0, atOnce)
      .map((fleet) => make(fleet, stock.pop() ?? newTaskId(), "w/cuda:0", 0));
    await Promise.all(made);
    await untilHeard();
  };
  for (let i = 0; i < 10; i += 1) await some();
  // What it does anyway, with nobody telling anything.
  const [idleFrom, idleAt] = [secondsOf(pid), performance.now()];
  await Bun.sleep(8000);
  const idle = (secondsOf(pid) - idleFrom) / (performance.now() - idleAt);
  const [before, began] = [secondsOf(pid), performance.now()];
  counts.measuring = true;
  while (counts.tasks < numbers.workers) await some();
  const took = performance.now() - began;
  const used = secondsOf(pid) - before - idle * took;
  console.log(
    `${machine()}; ${counts.tasks} tasks of ${values.steps} steps, ${counts.previews} previews of ${values.kilobytes} KB; ${load()}`,
  );
  console.log(
    `${counts.events} events: ${used.toFixed(2)} s of the head's processor, ${((1e6 * used) / counts.events).toFixed(0)} us for each; ${((1e3 * used) / counts.tasks).toFixed(2)} ms for each task (${(took / 1000).toFixed(0)} s, of which ${(100_000 * idle).toFixed(1)}% of a core are left out that it takes anyway)`,
  );
}

/** Takes the share of a core that each has while all go on. */
async function measureLive(): Promise<void> {
  for (let i = 0; i < numbers.workers; i += 1) {
    const fleet = connections[Math.floor(i / perConnection)];
    if (fleet !== undefined) void work(fleet, `w${i}`);
  }
  for (let i = 0; i < Number(values.watching); i += 1)
    void watch().catch((thrown: unknown) => {
      if (!counts.over) throw thrown;
    });
  await Bun.sleep(1000 * (Number(values.task) + 3));
  const late: number[] = [];
  let due = performance.now() + 100;
  setInterval(() => {
    late.push(Math.max(0, performance.now() - due));
    due = performance.now() + 100;
  }, 100);
  const before = { head: secondsOf(head.child.pid), own: secondsOf(process.pid), redis: await redis.info() };
  counts.measuring = true;
  const began = performance.now();
  await Bun.sleep(1000 * seconds);
  counts.measuring = false;
  const took = (performance.now() - began) / 1000;
  const used = { head: secondsOf(head.child.pid) - before.head, own: secondsOf(process.pid) - before.own };
  const info = await redis.info();
  const percent = (share: number): string => `${((100 * share) / took).toFixed(1)}%`;
  console.log(
    `${machine()}; ${numbers.workers} workers, tasks of ${values.task} s with ${values.steps} steps, previews of ${values.previews ? values.kilobytes : 0} KB, ${values.watching} clients; ${load()}`,
  );
  console.log(
    `${(counts.tasks / took).toFixed(0)} tasks, ${(counts.events / took).toFixed(0)} events, ${(counts.previews / took).toFixed(0)} previews a second`,
  );
  console.log(`step to the client: ${spread(lags)}; ${(pictures / took).toFixed(0)} previews a second`);
  console.log(
    `of one core: head ${percent(used.head)}, Redis ${percent(info.seconds - before.redis.seconds)}, simulation ${percent(used.own)} (its timers late: p99 ${quantile(late, 0.99).toFixed(0)} ms)`,
  );
  console.log(
    `the head: ${((1e6 * used.head) / counts.events).toFixed(0)} us for each event; Redis has ${(info.bytes / 1e6).toFixed(0)} MB`,
  );
}

async function join(id: string): Promise<Fleet> {
  return await openFleet({ url: redis.url, name: "fooocusd", id, recipeVersion, log: silentLog });
}

/** A row that all others are copies of. House-keeping gives rows to the fleet that are not there, but no new ones. */
async function insertTemplate(): Promise<void> {
  const history = await openPostgresHistory(address);
  const queuedAt = Date.now() + 3_600_000;
  const door = { name: "fooocus-api", word: "" } as const;
  const [id, more] = [newTaskId(), { webhookUrl: "", label: null, door, warnings: [], queuedAt }];
  await history.insert({ id, request, ...more });
  await history.settle(id, {
    ...{ outcome: "finished", startedAt: null, finishedAt: 1, percent: 100, images: [], error: null },
  });
  await history.close();
}

/** Rows of tasks that were accepted a moment ago, by another head: many in one go, since the machine has other things to do. */
async function keepStock(): Promise<void> {
  const columns =
    "in_queue_mills, req_params, webhook_url, attempt, images, door, door_word, warnings, stopping";
  const each = Math.ceil(numbers.workers / Number(values.task));
  while (!counts.over) {
    if (stock.length < 2 * each) {
      const ids = Array.from({ length: each }, newTaskId);
      const list = ids.map((id) => `'${id}'`).join(",");
      await postgres.ask(
        address,
        `INSERT INTO fooocusd.task (task_id, ${columns}) SELECT ids.id, ${columns} FROM (SELECT * FROM fooocusd.task ORDER BY id LIMIT 1) AS one, unnest(ARRAY[${list}]) AS ids(id)`,
      );
      stock.push(...ids);
    }
    await Bun.sleep(values.fast ? 20 : 200);
  }
}

/** One task after another, the first from its middle: not all begin together. */
async function work(fleet: Fleet, id: string): Promise<void> {
  let task: TaskId | null = null;
  const startedAt = Date.now();
  fleet.roll.enter(() => ({
    ...{
      id,
      role: "worker",
      host: "simulated",
      version: "simulated",
      recipeVersion,
      startedAt,
      state: "ready",
    },
    engines: [
      { name: "cuda:0", device: "cuda", state: task === null ? "ready" : "busy", task, checkpoint: "demo" },
    ],
    ...{ models: "", facts: { tasks: 0, busy_seconds: 0 } },
  }));
  await Bun.sleep(Math.random() * 1000 * Number(values.task));
  for (;;) {
    task = stock.pop() ?? null;
    if (task === null) await Bun.sleep(50);
    else await make(fleet, task, `${id}/cuda:0`);
  }
}

async function make(
  { log }: Fleet,
  taskId: TaskId,
  on: string,
  seconds = Number(values.task),
): Promise<void> {
  const tell = (entry: Parameters<typeof log.append>[0], picture?: Uint8Array): void => {
    if (counts.measuring) counts.events += 1;
    if (counts.measuring && picture !== undefined) counts.previews += 1;
    void log.append(entry, picture && { ...sides, png: picture });
  };
  tell({ taskId, type: "queued", position: 1, ahead: 0, label: null });
  tell({ taskId, type: "started", attempt: 1, on });
  running.set(taskId, Date.now());
  const pause = ((1000 * seconds) / numbers.steps) * (0.9 + 0.2 * Math.random());
  let shownAt = 0;
  for (let step = 1; step <= numbers.steps; step += 1) {
    if (pause > 0) await Bun.sleep(pause);
    const at = { stage: "denoising", image: 0, images: 1, step, steps: numbers.steps } as const;
    const percent = Math.floor((100 * step) / numbers.steps);
    const moment = { now: "step", of: numbers.steps } as const;
    const isShown = values.fast || performance.now() - shownAt >= 400;
    if (isShown) shownAt = performance.now();
    const entry = { taskId, type: "progress", etaMs: 1234.5, percent, moment, preview: null, ...at } as const;
    tell(entry, isShown ? preview : undefined);
  }
  running.delete(taskId);
  const url = `http://head/outputs/${taskId}.png`;
  const image = { index: 0, url, width: 64, height: 64, seed: "1", timings: null };
  tell({ taskId, type: "image", index: 0, image });
  tell({ taskId, type: "ended", line: "simulated" });
  if (counts.measuring) counts.tasks += 1;
  const ms = { queued_ms: 1, loading_ms: 1, encoding_ms: 1, denoising_ms: 1, decoding_ms: 1, saving_ms: 1 };
  const end = { status: "finished", result: [url], error: null, warnings: [], timings: ms } as const;
  tell({ taskId, type: "settled", ...end, door: "fooocus-api", ranMs: 1000 });
}

/** A client that follows a task that began a moment ago to its end, and then another. */
async function watch(): Promise<void> {
  for (;;) {
    const now = Date.now();
    const fresh = [...running].filter(([, at]) => now - at > 300 && now - at < 1500);
    const [id] = fresh[Math.floor(Math.random() * fresh.length)] ?? [];
    if (id === undefined) {
      await Bun.sleep(100);
      continue;
    }
    const since = Date.now();
    const answer = await fetch(`${head.url}/tasks/${id}/events?previews=${values.previews}`);
    if (!answer.ok) throw new Error(`the events of ${id} were refused: ${answer.status}`);
    for await (const { event, data } of readEvents(answer)) {
      if (!counts.measuring) continue;
      if (event === "preview") pictures += 1;
      const at = Number(data["at"]);
      if (event === "progress" && at >= since) lags.push(Date.now() - at);
    }
  }
}

/** A PNG of about so many bytes. */
async function noise(bytes: number): Promise<Uint8Array> {
  const side = Math.round(Math.sqrt(bytes / 3));
  const sigma = { type: "gaussian", mean: 128, sigma: 60 } as const;
  const create = { width: side, height: side, channels: 3, noise: sigma, background: "grey" } as const;
  return await sharp({ create }).png().toBuffer();
}
