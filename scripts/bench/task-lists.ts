/**
 * `bun scripts/bench/task-lists.ts [OTHER CHECKOUT]`: milliseconds of the processor that an answer with 50 tasks costs the
 * server, waiting ones and such as have ended with four pictures each; beside another checkout, asked in turns, with the ratio.
 */
import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pauseQueue } from "./pause-queue.ts";
import { type SourceServer, startSourceServer } from "./quality/source-server.ts";

const kept = 50;
const rounds = 9;
const each = 150;
const submission = JSON.stringify({
  prompt: "a lighthouse on a rock in the evening, watercolour",
  async_process: true,
});

type Served = SourceServer & Readonly<{ ids: readonly string[] }>;

async function served(root?: string): Promise<Served> {
  const server = await startSourceServer(["--also-port", "0"], root);
  await pauseQueue(server.url);
  const ids: string[] = [];
  for (let i = 0; i < kept; i += 1) {
    const answer = await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body: submission });
    ids.push(((await answer.json()) as { task_id: string }).task_id);
  }
  return { ...server, ids };
}

/** Ends the tasks, and writes into their rows what four pictures would have left there. */
async function end({ url, outputs, ids }: Served): Promise<void> {
  for (const id of ids) await fetch(`${url}/tasks/${id}/cancel`, { method: "POST" });
  const database = new Database(join(outputs, "db.sqlite3"));
  database.run("PRAGMA busy_timeout = 5000");
  for (const id of ids) {
    const images = [0, 1, 2, 3].map((index) => ({
      index,
      url: `${url}/outputs/2026-01-01/${id}-${index}.png`,
      width: 1152,
      height: 896,
      seed: "1234567890123456789",
      timings: { loading: 0, encoding: 0, denoising: 0, decoding: 0, saving: 0 },
    }));
    database.run(
      "UPDATE generate_record SET task_status = 'finished', start_mills = 1, finish_mills = 2, progress = 100, result = ? WHERE task_id = ?",
      [JSON.stringify(images.map((image) => image.url)), id],
    );
    database.run("UPDATE fooocusd_task SET images = ? WHERE task_id = ?", [JSON.stringify(images), id]);
  }
  database.close();
}

/** Of a process, user and system, in milliseconds. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function turns(servers: readonly Served[], what: string, path: string): Promise<void> {
  const costs = servers.map((): number[] => []);
  let bytes = 0;
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, { url, pid }] of servers.entries()) {
      const from = processorTime(pid);
      for (let i = 0; i < each; i += 1) bytes = (await (await fetch(url + path)).arrayBuffer()).byteLength;
      // The first round warms up.
      if (round > 0) costs[at]?.push((processorTime(pid) - from) / each);
    }
  }
  const [ours = Number.NaN, theirs] = costs.map(median);
  const beside = theirs === undefined ? "" : ` | ${theirs.toFixed(2)} | ${(theirs / ours).toFixed(1)}`;
  console.log(`| ${what} | ${bytes} | ${ours.toFixed(2)}${beside} |`);
}

const [other] = process.argv.slice(2);
const servers = [await served(), ...(other === undefined ? [] : [await served(other)])];
try {
  console.log("| tasks in the answer | bytes | ms | the other's | ratio |\n| --- | --- | --- | --- | --- |");
  await turns(servers, `${kept} that wait`, `/tasks?page_size=${kept}`);
  for (const server of servers) await end(server);
  await turns(servers, `${kept} that have ended`, `/tasks?page_size=${kept}`);
  await turns(servers, "10 of them", "/tasks");
} finally {
  for (const server of servers) await server.close();
}
