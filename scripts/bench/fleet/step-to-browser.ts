/**
 * How long an event of a fleet is on its way: from where a worker tells of a step to a client of a head, over the live channel and as
 * server-sent events, at about 200 events a second from four workers. All clocks are one, so they must be on one machine.
 *
 *   bun scripts/bench/fleet/step-to-browser.ts [--seconds 20] [--step 20] [--workers 4]
 */
import { parseArgs } from "node:util";
import { openFleetBench } from "../../../test/support/fleet-processes.ts";
import { give, hear, hearTask } from "./clients.ts";
import { load, machine, measuredRedis, secondsOf, spread } from "./measured.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    step: { type: "string", default: "20" },
    workers: { type: "string", default: "4" },
  },
});
const workers = Number(values.workers);
const step = Number(values.step);
const seconds = Number(values.seconds);

const redis = await measuredRedis();
const bench = openFleetBench(redis.url);
console.log(machine());
const head = await bench.head("head");
for (let i = 0; i < workers; i += 1) await bench.worker(`w${i}`, step);
const live: number[] = [];
const sent: number[] = [];
let measuring = false;
await hear(head.url, ({ type, at, heardAt }) => {
  if (measuring && type === "progress") live.push(heardAt - at);
});
// One picture has at most 200 steps; every worker has a task until the end.
const images = Math.ceil(((seconds + 10) * 1000) / (200 * step));
const ids = await Promise.all(
  Array.from({ length: workers }, () =>
    give(head.url, { overwrite_step: 200, image_number: Math.min(32, images) }),
  ),
);
for (const id of ids)
  void hearTask(head.url, id, ({ type, at, heardAt }) => {
    if (measuring && type === "progress") sent.push(heardAt - at);
  }).catch(() => {
    if (measuring) throw new Error(`the events of ${id} ended early`);
  });
await Bun.sleep(4000);
const [headBefore, redisBefore] = [secondsOf(head.child.pid), await redis.info()];
measuring = true;
await Bun.sleep(seconds * 1000);
measuring = false;
const info = await redis.info();
console.log(`${(live.length / seconds).toFixed(0)} events a second from ${workers} workers; ${load()}`);
console.log(`live channel:       ${spread(live)}`);
console.log(`server-sent events: ${spread(sent)}`);
const percent = (used: number): string => `${((100 * used) / seconds).toFixed(1)}%`;
console.log(
  `of one core: head ${percent(secondsOf(head.child.pid) - headBefore)}, Redis ${percent(info.seconds - redisBefore.seconds)}`,
);
await bench.close();
await redis.close();
process.exit(0);
