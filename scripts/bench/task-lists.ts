/**
 * `bun scripts/bench/task-lists.ts [OTHER CHECKOUT | postgres]`: milliseconds of the processor that an answer with 50 tasks costs the
 * server, waiting ones and such as have ended with four pictures each; beside another checkout, asked in turns, with the ratio. With
 * `postgres` the other is this checkout with its history in a Postgres of its own; then also the milliseconds until the answer.
 */
import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { startOwnPostgres } from "../../test/support/own-postgres.ts";
import { pauseQueue } from "./pause-queue.ts";
import { type SourceServer, startSourceServer } from "./quality/source-server.ts";

const kept = 50;
const rounds = 9;
const each = 150;
const submission = JSON.stringify({
  prompt: "a lighthouse on a rock in the evening, watercolour",
  async_process: true,
});

type Served = SourceServer &
  Readonly<{
    ids: readonly string[];
    /** Writes into the rows of the tasks. */
    write: (rows: readonly Ended[]) => Promise<void>;
  }>;

/** What is written of a task that has ended, as the columns keep it. */
type Ended = Readonly<{ id: string; result: string; images: string }>;

async function served(root?: string): Promise<Served> {
  const server = await startSourceServer(["--also-port", "0"], root);
  return {
    ...server,
    ids: await submitted(server),
    write: async (rows) => writeSqlite(server.outputs, rows),
  };
}

async function servedByPostgres(address: string): Promise<Served> {
  const server = await startSourceServer(["--also-port", "0", "--history", address]);
  return { ...server, ids: await submitted(server), write: (rows) => writePostgres(address, rows) };
}

async function submitted(server: SourceServer): Promise<readonly string[]> {
  await pauseQueue(server.url);
  const ids: string[] = [];
  for (let i = 0; i < kept; i += 1) {
    const answer = await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body: submission });
    ids.push(((await answer.json()) as { task_id: string }).task_id);
  }
  return ids;
}

function writeSqlite(outputs: string, rows: readonly Ended[]): void {
  const database = new Database(join(outputs, "db.sqlite3"));
  database.run("PRAGMA busy_timeout = 5000");
  for (const { id, result, images } of rows) {
    database.run(
      "UPDATE generate_record SET task_status = 'finished', start_mills = 1, finish_mills = 2, progress = 100, result = ? WHERE task_id = ?",
      [result, id],
    );
    database.run("UPDATE fooocusd_task SET images = ? WHERE task_id = ?", [images, id]);
  }
  database.close();
}

async function writePostgres(address: string, rows: readonly Ended[]): Promise<void> {
  const client = new SQL(address, { max: 1 });
  for (const { id, result, images } of rows)
    await client`UPDATE fooocusd.task SET task_status = 'finished', start_mills = 1, finish_mills = 2, progress = 100,
      result = ${result}, images = ${images} WHERE task_id = ${id}`;
  await client.close();
}

/** Ends the tasks, and writes into their rows what four pictures would have left there. */
async function end({ url, ids, write }: Served): Promise<void> {
  for (const id of ids) await fetch(`${url}/tasks/${id}/cancel`, { method: "POST" });
  const rows = ids.map((id): Ended => {
    const images = [0, 1, 2, 3].map((index) => ({
      index,
      url: `${url}/outputs/2026-01-01/${id}-${index}.png`,
      width: 1152,
      height: 896,
      seed: "1234567890123456789",
      timings: { loading: 0, encoding: 0, denoising: 0, decoding: 0, saving: 0 },
    }));
    return { id, result: JSON.stringify(images.map((image) => image.url)), images: JSON.stringify(images) };
  });
  await write(rows);
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
  const waits = servers.map((): number[] => []);
  let bytes = 0;
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, { url, pid }] of servers.entries()) {
      const from = processorTime(pid);
      const begun = performance.now();
      for (let i = 0; i < each; i += 1) bytes = (await (await fetch(url + path)).arrayBuffer()).byteLength;
      // The first round warms up.
      if (round === 0) continue;
      costs[at]?.push((processorTime(pid) - from) / each);
      waits[at]?.push((performance.now() - begun) / each);
    }
  }
  const [ours = Number.NaN, theirs] = costs.map(median);
  const beside = theirs === undefined ? "" : ` | ${theirs.toFixed(2)} | ${(theirs / ours).toFixed(1)}`;
  const [wait = Number.NaN, otherWait] = waits.map(median);
  const waited = otherWait === undefined ? "" : ` ${wait.toFixed(2)} | ${otherWait.toFixed(2)} |`;
  console.log(`| ${what} | ${bytes} | ${ours.toFixed(2)}${beside} |${waited}`);
}

const [other] = process.argv.slice(2);
const postgres = other === "postgres" ? await startOwnPostgres() : undefined;
const second =
  postgres !== undefined
    ? await servedByPostgres(await postgres.database())
    : other === undefined
      ? undefined
      : await served(other);
const servers = [await served(), ...(second === undefined ? [] : [second])];
try {
  console.log(
    "| tasks in the answer | bytes | ms | the other's | ratio | until the answer | the other's |\n| --- | --- | --- | --- | --- | --- | --- |",
  );
  await turns(servers, `${kept} that wait`, `/tasks?page_size=${kept}`);
  for (const server of servers) await end(server);
  await turns(servers, `${kept} that have ended`, `/tasks?page_size=${kept}`);
  await turns(servers, "10 of them", "/tasks");
} finally {
  for (const server of servers) await server.close();
  await postgres?.close();
}
