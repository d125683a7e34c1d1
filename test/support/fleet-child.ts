/**
 * A program for a binary of a test's own: a member of a fleet that adds a job, makes it, and reads of it. Its argument is the address
 * of the Redis; it prints what it saw as JSON.
 */
import { readFileSync } from "node:fs";
import { someJob, someResult } from "./fleet-bench.ts";

const [, , url = ""] = process.argv;
const { openFleet } = await import("#/fleet/open-fleet.ts");
const { silentLog } = await import("#/lib/log.ts");
const fleet = await openFleet({ url, name: "test", id: "w", recipeVersion: 3, log: silentLog });
const job = someJob();
await fleet.lines.add(job);
const [first] = await fleet.lines.firsts(() => true);
const lease = first === undefined ? undefined : await fleet.lines.take(first.line);
const kept = await lease?.keep({ attempts: 1 });
const done = await lease?.done(someResult());
const recovered = await fleet.lines.recover();
await fleet.log.append(
  { taskId: job.id, type: "started", attempt: 1 },
  { width: 8, height: 4, png: new Uint8Array(20_000) },
);
const previews: number[] = [];
for await (const item of fleet.log.read(0, AbortSignal.timeout(20_000))) {
  if (!("gap" in item)) previews.push((await item.preview?.png())?.byteLength ?? 0);
  break;
}
const result = await fleet.lines.result(job.id);
await fleet.close();
const addons = readFileSync("/proc/self/maps", "utf8").match(/\S+\.node$/gm) ?? [];
console.log(JSON.stringify({ addons, kept, done, recovered, previews, seed: result?.end.images[0]?.seed }));
process.exit(0);
