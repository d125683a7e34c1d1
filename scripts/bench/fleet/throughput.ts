/**
 * Tasks a second of a fleet with 1, 2 and 4 workers, each a process, over one head and one Redis: with engines that take a time
 * for a step and do no arithmetic, where the workers are the limit and where all else is, and with the demo model at 64x64.
 * On a machine with fewer cores than workers the demo model shows the cores and not the fleet.
 *
 *   bun scripts/bench/fleet/throughput.ts [--rounds 1,2,4] [--demo 1,2] [--tasks 40]
 */
import { parseArgs } from "node:util";
import { openFleetBench } from "../../../test/support/fleet-processes.ts";
import { pauseQueue } from "../pause-queue.ts";
import { giveMany, hear } from "./clients.ts";
import { load, machine, measuredRedis } from "./measured.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1,2,4" },
    demo: { type: "string", default: "1,2" },
    tasks: { type: "string", default: "40" },
  },
});
const numbers = (list: string): readonly number[] => list.split(",").filter(Boolean).map(Number);

/** How a worker makes pictures: milliseconds for each of four steps, or the demo model. */
type Kind = Readonly<{ name: string; stepMs: number | "demo"; perWorker: number }>;

const redis = await measuredRedis();
console.log(machine());
const perWorker = Number(values.tasks);
const kinds: readonly Kind[] = [
  { name: "4 steps of 100 ms", stepMs: 100, perWorker },
  { name: "4 steps of 0 ms", stepMs: 0, perWorker: 5 * perWorker },
  { name: "demo model, 64x64, Lightning", stepMs: "demo", perWorker },
];
for (const kind of kinds) {
  let first: number | undefined;
  for (const workers of numbers(kind.stepMs === "demo" ? values.demo : values.rounds)) {
    const rate = await measure(kind, workers);
    first ??= rate;
    console.log(
      `${kind.name}, ${workers} workers: ${rate.toFixed(2)} tasks/s, ${(rate / first).toFixed(2)} times the first; ${load()}`,
    );
  }
}
await redis.close();
process.exit(0);

/** From the first end to the last, while tasks wait. */
async function measure({ stepMs, perWorker }: Kind, workers: number): Promise<number> {
  const bench = openFleetBench(redis.url);
  // Nothing of the rounds before is in it.
  const fleet = ["--fleet-name", crypto.randomUUID().slice(0, 8)];
  try {
    const head = await bench.head("head", "--queue-size", "100000", ...fleet);
    for (let i = 0; i < workers; i += 1) {
      if (stepMs === "demo") await bench.realWorker(`w${i}`, "--threads", "1", ...fleet);
      else await bench.worker(`w${i}`, stepMs, ...fleet);
    }
    let ends: number[] = [];
    const leave = await hear(head.url, ({ type, at, status }) => {
      if (type !== "settled") return;
      if (status !== "finished") throw new Error(`a task ended as ${status}`);
      ends.push(at);
    });
    // Each opens its model, and meets what is slow the first time only.
    for (const count of [4 * workers, perWorker * workers]) {
      ends = [];
      await pauseQueue(head.url);
      await giveMany(head.url, count);
      await pauseQueue(head.url, false);
      while (ends.length < count) await Bun.sleep(20);
    }
    leave();
    const sorted = ends.toSorted((a, b) => a - b);
    return ((sorted.length - 1) / ((sorted.at(-1) ?? 0) - (sorted[0] ?? 0))) * 1000;
  } finally {
    await bench.close();
  }
}
