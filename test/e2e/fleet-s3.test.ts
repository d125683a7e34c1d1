import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { faultyLine } from "../support/faulty-line.ts";
import { ended, give, isDrawing, soon } from "../support/fleet-client.ts";
import { type FleetBench, openFleetBench } from "../support/fleet-processes.ts";
import { noRedis, ownRedis } from "../support/own-redis.ts";
import { type S3Server, s3Keys, startS3 } from "../support/s3-server.ts";

setDefaultTimeout(120_000);
const started = noRedis === undefined ? await startS3() : { missing: noRedis };
const server = "missing" in started ? undefined : started;
if ("missing" in started) console.log(`skipped: a fleet whose pictures lie in S3: ${started.missing}`);
afterAll(() => server?.stop());

const keys = {
  AWS_ACCESS_KEY_ID: s3Keys.all.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Keys.all.secretAccessKey,
};

if (server === undefined) test.skip("a fleet whose pictures lie in S3", () => undefined);
else describe("a fleet whose pictures lie in S3", () => tests(server));

function tests(of: S3Server): void {
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
  });

  /** Machines that share nothing but a Redis and the bucket. */
  function machine(url: string, env: Readonly<Record<string, string>>): FleetBench {
    const bench = openFleetBench(url, env);
    closing.push(bench.close);
    return bench;
  }

  test("workers take the bucket from the heads; one with another, or without keys, says so", async () => {
    await of.makeBucket("fleet");
    const redis = await ownRedis("maxmemory-policy", "noeviction");
    closing.push(redis.close);
    const [here, there] = [machine(redis.url, keys), machine(redis.url, keys)];
    const head = await here.head("head", "--pictures", "s3://fleet/here", "--s3-endpoint", of.endpoint);
    const other = await there.realWorker("other", "--pictures", "s3://another");
    expect([other.child.exitCode, other.output.text]).toEqual([
      1,
      expect.stringContaining(
        `The heads of this fleet keep pictures in s3://fleet/here at ${of.endpoint}, and this worker in s3://another; leave out its settings`,
      ),
    ]);
    const keyless = await machine(redis.url, {}).realWorker("keyless");
    expect([keyless.child.exitCode, keyless.output.text]).toEqual([
      1,
      expect.stringContaining("There are no keys for the bucket fleet"),
    ]);
    expect(keyless.output.text).toContain("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    const west = await there.worker("west", 5);
    const request = { prompt: "a circle", style_selections: [], performance_selection: "Lightning" };
    const size = { overwrite_width: 64, overwrite_height: 64, async_process: true };
    const body = JSON.stringify({ ...request, ...size });
    const given = await fetch(`${head.url}/v1/engine/generate/`, { method: "POST", body });
    const { task_id } = await given.json();
    const row = await (await fetch(`${head.url}/tasks/${task_id}?wait=60`)).json();
    expect(row.task_status, west.output.text).toBe("finished");
    const picture = await fetch(row.result[0]);
    expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/png"]);
    const days = readdirSync(join(there.folder, "outputs")).filter((name) => !name.startsWith("."));
    expect(days.filter((name) => /^\d{4}/.test(name))).toEqual([]);
    const twin = await there.worker("twin", 5);
    expect(twin.output.text).toContain(
      `Another fooocusd works in the folder ${join(there.folder, "outputs")}`,
    );
    // What heads say of the bucket is no secret: no key is in Redis.
    const client = new Bun.RedisClient(redis.url);
    const member = String(await client.get("{fooocusd}:member:head"));
    client.close();
    expect(member).toContain("s3://fleet/here");
    expect(member).not.toContain(s3Keys.all.secretAccessKey);
  });

  test("a bucket that takes nothing for a while: the task ends, and its picture is there when the bucket takes it", async () => {
    const redis = await ownRedis("maxmemory-policy", "noeviction");
    closing.push(redis.close);
    const line = await faultyLine(Number(new URL(of.endpoint).port));
    closing.push(async () => line.close());
    const [here, there] = [machine(redis.url, keys), machine(redis.url, keys)];
    const head = await here.head("head", "--pictures", "s3://fleet/slow", "--s3-endpoint", line.endpoint);
    expect(head.url, head.output.text).not.toBe("");
    await there.worker("west", 200);
    const id = await give(head);
    expect(await soon(() => isDrawing(head))).toBe(true);
    line.set("busy");
    const row = await ended(head, id);
    expect(row.task_status).toBe("finished");
    line.set("none");
    const [url = ""] = row.result ?? [];
    expect(await soon(async () => (await fetch(url)).status === 200, 60_000)).toBe(true);
  });
}
