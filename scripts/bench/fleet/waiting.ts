/**
 * What waiting tasks cost: a head without workers is given thousands. Prints for each thousand how many a second it accepted, and at
 * the end bytes for each in Redis and in the head, and how long a head takes to start with all of them.
 *
 *   bun scripts/bench/fleet/waiting.ts [--tasks 5000] [--postgres]
 */
import { parseArgs } from "node:util";
import { openFleetBench } from "../../../test/support/fleet-processes.ts";
import { startOwnPostgres } from "../../../test/support/own-postgres.ts";
import { giveMany } from "./clients.ts";
import { bytesOf, load, machine, measuredRedis, secondsOf } from "./measured.ts";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "5000" },
    postgres: { type: "boolean", default: false },
  },
});
const redis = await measuredRedis();
const postgres = values.postgres ? await startOwnPostgres() : undefined;
const bench = openFleetBench(redis.url);
const history = postgres === undefined ? [] : ["--history", await postgres.database()];
const flags = ["--queue-size", "1000000", ...history];
console.log(`${machine()}, history in ${postgres === undefined ? "SQLite" : "Postgres"}`);
const head = await bench.head("head", ...flags);
const { pid } = head.child;
await giveMany(head.url, 100);
const [before, memory, given] = [await redis.info(), bytesOf(pid), Number(values.tasks)];
for (let i = 0; i < given; i += 1000) {
  const [began, cpu] = [performance.now(), secondsOf(pid)];
  await giveMany(head.url, 1000);
  const took = (performance.now() - began) / 1000;
  console.log(
    `${i + 1000} wait: ${(1000 / took).toFixed(0)} accepted a second, ${(secondsOf(pid) - cpu).toFixed(2)} ms of the head's processor each`,
  );
}
await Bun.sleep(2000);
const after = await redis.info();
console.log(`for each waiting task: ${((after.bytes - before.bytes) / given).toFixed(0)} bytes in Redis,`);
console.log(`${((bytesOf(pid) - memory) / given).toFixed(0)} bytes in the head,`);
console.log(`${((after.commands - before.commands) / given).toFixed(1)} commands of Redis; ${load()}`);
const [idle, idleCpu] = [performance.now(), secondsOf(pid)];
await Bun.sleep(10_000);
const share = (100_000 * (secondsOf(pid) - idleCpu)) / (performance.now() - idle);
console.log(`with all of them waiting and nothing else: ${share.toFixed(1)}% of one core in the head`);
await head.stop();
const began = performance.now();
await bench.head("again", ...flags);
console.log(`a head starts with all of them in ${((performance.now() - began) / 1000).toFixed(1)} s`);
await bench.close();
await postgres?.close();
await redis.close();
process.exit(0);
