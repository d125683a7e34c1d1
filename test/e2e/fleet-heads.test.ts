import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openFleetBench } from "../support/fleet-processes.ts";
import { freePort } from "../support/free-port.ts";
import { noPostgres, startOwnPostgres } from "../support/own-postgres.ts";
import { noRedis, ownRedis } from "../support/own-redis.ts";

setDefaultTimeout(180_000);
const isMissing = noRedis !== undefined || noPostgres !== "";
if (isMissing) process.stderr.write(`several heads of a fleet: skipped, ${noRedis ?? noPostgres}\n`);

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

test.skipIf(isMissing)(
  "a picture that was made through one head is another head's as well, under its name",
  async () => {
    const redis = await ownRedis("maxmemory-policy", "noeviction");
    closing.push(redis.close);
    const postgres = await startOwnPostgres();
    closing.push(postgres.close);
    const bench = openFleetBench(redis.url);
    closing.push(bench.close);
    const history = ["--history", await postgres.database()];
    const port = String(freePort());
    const named = ["--port", port, "--base-url", `http://localhost:${port}`];
    const one = await bench.head("one", ...history, ...named);
    const two = await bench.head("two", ...history);
    expect(one.url).toStartWith("http://localhost:");
    expect(two.url, two.output.text).not.toBe("");
    await bench.worker("west", 5);
    const request = { prompt: "a circle", style_selections: [], performance_selection: "Lightning" };
    const size = { overwrite_width: 64, overwrite_height: 64, async_process: true };
    const give = async ({ url }: Readonly<{ url: string }>): Promise<string> => {
      const body = JSON.stringify({ ...request, ...size });
      return (await (await fetch(`${url}/v1/engine/generate/`, { method: "POST", body })).json()).task_id;
    };
    for (const from of [one, two]) {
      const id = await give(from);
      await fetch(`${from.url}/tasks/${id}?wait=60`);
      const rows = [];
      for (const head of [one, two]) rows.push(await (await fetch(`${head.url}/tasks/${id}?wait=60`)).json());
      expect(rows.map((row) => row.task_status)).toEqual(["finished", "finished"]);
      const [atOne, atTwo]: string[] = rows.map((row) => row.result[0]);
      expect(atOne).toStartWith(`${one.url}/`);
      expect(atTwo).toStartWith(`${two.url}/`);
      const path = atOne?.slice(one.url.length);
      expect(atTwo).toBe(`${two.url}${path}`);
      for (const head of [one, two]) {
        const picture = await fetch(head.url + path);
        expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/png"]);
      }
      const events = await (await fetch(`${two.url}/tasks/${id}/events`)).text();
      expect(events).toContain(`${two.url}${path}`);
      expect(events).not.toContain(one.url);
    }
    // Nothing of theirs but pictures lies in the folder that they share.
    expect(existsSync(join(bench.folder, "outputs/server.lock"))).toBe(false);
    expect(existsSync(join(bench.folder, "outputs/db.sqlite3"))).toBe(false);
  },
);

test.skipIf(isMissing)("heads of one fleet keep one history, whatever they call it", async () => {
  const redis = await ownRedis("maxmemory-policy", "noeviction");
  closing.push(redis.close);
  const postgres = await startOwnPostgres();
  closing.push(postgres.close);
  const bench = openFleetBench(redis.url);
  closing.push(bench.close);
  const address = await postgres.database();
  await bench.head("one", "--history", address);
  const file = await bench.head("two");
  const other = await bench.head("three", "--history", await postgres.database());
  for (const { child, output } of [file, other]) {
    expect(child.exitCode, output.text).toBe(1);
    expect(output.text).toContain("The head one of this fleet keeps another history than this one");
  }
  const same = await bench.head(
    "four",
    "--history",
    `${address}${address.includes("?") ? "&" : "?"}sslmode=disable`,
  );
  expect(same.url, same.output.text).not.toBe("");
});

test.skipIf(isMissing)("a name is one member's, and free again when that was killed", async () => {
  const redis = await ownRedis("maxmemory-policy", "noeviction");
  closing.push(redis.close);
  const bench = openFleetBench(redis.url);
  closing.push(bench.close);
  const head = await bench.head("head");
  const taken = await bench.worker("head", 5);
  expect(taken.child.exitCode, taken.output.text).toBe(1);
  expect(taken.output.text).toContain("The name head is taken by a head of this fleet on ");
  await head.kill();
  const again = await bench.head("head");
  expect(again.url, again.output.text).not.toBe("");
});
