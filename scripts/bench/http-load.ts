/**
 * How many requests a second the server answers: the lists of tasks, and submitting tasks that are kept on disk before
 * they are acknowledged. Beside each, in the same run and in turn, a bare `Bun.serve` that answers a constant of the same
 * size, so that the machine cancels out; for submitting it also writes one row of a record's size, as durably as we do.
 *
 *   bun scripts/bench/http-load.ts [SECONDS of each measurement, default 5] [OTHER CHECKOUT, which is asked in the same turns]
 */
import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pauseQueue } from "./pause-queue.ts";
import { type SourceServer, startSourceServer } from "./quality/source-server.ts";

const rounds = 3;
const connections = 8;
const kept = 50;
/** What the request of a record takes in the history. */
const rowBytes = 4000;
const autocannon = join(import.meta.dir, "../../node_modules/autocannon/autocannon.js");
const submission = JSON.stringify({
  prompt: "a red circle",
  performance_selection: "Lightning",
  async_process: true,
});

type Load = Readonly<{ name: string; path: string; method: "GET" | "POST" }>;
const loads: readonly Load[] = [
  { name: "GET /tasks?query=current", path: "/tasks?query=current", method: "GET" },
  { name: `GET /tasks, ${kept} rows, 10 shown`, path: "/tasks", method: "GET" },
  { name: `GET /tasks, ${kept} rows, all shown`, path: `/tasks?page_size=${kept}`, method: "GET" },
  { name: "GET /v1/engines/styles", path: "/v1/engines/styles", method: "GET" },
  { name: "POST generate, asynchronous", path: "/v1/engine/generate/", method: "POST" },
];

type Report = Readonly<{ persecond: number; p99: number }>;

/** The part of autocannon's report that is read here. */
type Measured = Readonly<{
  non2xx: number;
  errors: number;
  duration: number;
  "2xx": number;
  latency: Readonly<{ p99: number }>;
}>;

async function fire(url: string, method: Load["method"], seconds: number): Promise<Report> {
  const body = method === "POST" ? ["-b", submission] : [];
  const args = ["--json", "-c", `${connections}`, "-d", `${seconds}`, "-m", method, ...body, url];
  const child = Bun.spawn([process.execPath, autocannon, ...args], { stdout: "pipe", stderr: "ignore" });
  const report: Measured = JSON.parse(await new Response(child.stdout).text());
  if (report.non2xx > 0 || report.errors > 0)
    throw new Error(`${method} ${url}: ${report.non2xx} refusals, ${report.errors} errors`);
  return { persecond: report["2xx"] / report.duration, p99: report.latency.p99 };
}

/** The peer: as little work as can be. */
function servePeer(bytes: number): void {
  const text = "x".repeat(bytes);
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-peer-"));
  const database = new Database(join(folder, "rows.sqlite3"), { create: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("CREATE TABLE record (id INTEGER PRIMARY KEY, params TEXT)");
  const insert = database.query("INSERT INTO record (params) VALUES (?)");
  const row = "x".repeat(rowBytes);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      if (request.method === "POST") {
        await request.bytes();
        insert.run(row);
      }
      return new Response(text, { headers: { "content-type": "application/json" } });
    },
  });
  process.on("SIGTERM", () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  });
  console.log(server.port);
}

async function startPeer(bytes: number): Promise<Readonly<{ url: string; stop: () => void }>> {
  const child = Bun.spawn([process.execPath, import.meta.path, "--peer", `${bytes}`], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  return { url: `http://127.0.0.1:${new TextDecoder().decode(value).trim()}/`, stop: () => child.kill() };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** One load on all servers in turns: ours, a bare one that answers as many bytes, and the other checkout's if there is one. */
async function measure(
  server: string,
  other: string | undefined,
  { name, path, method }: Load,
  seconds: number,
): Promise<string> {
  const once = await fetch(server + path, method === "POST" ? { method, body: submission } : {});
  const bytes = (await once.bytes()).length;
  const peer = await startPeer(bytes);
  const [ours, theirs, before]: [Report[], Report[], Report[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await fire(server + path, method, seconds));
    theirs.push(await fire(peer.url, method, seconds));
    if (other !== undefined) before.push(await fire(other + path, method, seconds));
  }
  peer.stop();
  const at = (reports: readonly Report[]): string =>
    median(reports.map((report) => report.persecond)).toFixed(0);
  const p99 = median(ours.map((report) => report.p99));
  const cells = [name, `${bytes}`, at(ours), at(theirs), ratio(ours, theirs), `${p99} ms`];
  return `| ${[...cells, ...(other === undefined ? [] : [at(before), ratio(ours, before)])].join(" | ")} |`;
}

/** How many times as many a second, of neighbours in time: the median, the lowest and the highest. */
function ratio(some: readonly Report[], others: readonly Report[]): string {
  const ratios = some.map(({ persecond }, i) => persecond / (others[i]?.persecond ?? Number.NaN));
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}, ${Math.max(...ratios).toFixed(2)})`;
}

/** A server whose queue is paused and holds some tasks. */
async function filled(root?: string): Promise<SourceServer> {
  const server = await startSourceServer(["--also-port", "0", "--queue-limit", "10000000"], root);
  await pauseQueue(server.url);
  for (let i = 0; i < kept; i += 1)
    await (await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body: submission })).bytes();
  return server;
}

async function main(seconds: number, checkout: string | undefined): Promise<void> {
  const server = await filled();
  const other = checkout === undefined ? undefined : await filled(resolve(checkout));
  try {
    console.log(`${connections} connections, ${rounds} rounds of ${seconds} s each, medians\n`);
    const more = other === undefined ? [] : ["the other checkout", "ours by it"];
    const heads = [
      "request",
      "bytes of the answer",
      "a second",
      "bare Bun.serve",
      "ratio (lowest, highest)",
      "99th percentile",
      ...more,
    ];
    console.log(`| ${heads.join(" | ")} |\n|${" --- |".repeat(heads.length)}`);
    for (const load of loads) console.log(await measure(server.url, other?.url, load, seconds));
  } finally {
    await server.close();
    await other?.close();
  }
}

if (process.argv[2] === "--peer") servePeer(Number(process.argv[3]));
else await main(Number(process.argv[2] ?? 5), process.argv[3]);
