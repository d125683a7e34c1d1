import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { allFiles } from "#/catalog/all-files.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import type { Member } from "#/fleet/roll.ts";
import { silentLog } from "#/lib/log.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import { ask, ended, give, hearEnds, isDrawing, soon } from "../support/fleet-client.ts";
import { type FleetBench, openFleetBench } from "../support/fleet-processes.ts";
import { ownNet } from "../support/own-net.ts";
import { noRedis, type OwnRedis, ownRedis } from "../support/own-redis.ts";

setDefaultTimeout(180_000);
if (noRedis !== undefined) process.stderr.write(`fleet: skipped, ${noRedis}\n`);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function fleet(...redisOptions: readonly string[]): Promise<{ redis: OwnRedis; bench: FleetBench }> {
  const redis = await ownRedis("maxmemory-policy", "noeviction", "appendonly", "yes", ...redisOptions);
  closing.push(redis.close);
  const bench = openFleetBench(redis.url);
  closing.push(bench.close);
  return { redis, bench };
}

describe.skipIf(noRedis !== undefined)("a fleet", () => {
  test("a worker makes what a head took: record, picture, progress and end are those of a single server", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    await bench.worker("west", 5);
    const id = await give(head, { image_number: 2 });
    const row = await ended(head, id);
    expect([row.task_status, row.result?.length, row.error]).toEqual(["finished", 2, undefined]);
    for (const url of row.result ?? []) {
      const picture = await fetch(url);
      expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/png"]);
    }
    const events = await (await fetch(`${head.url}/tasks/${id}/events`)).text();
    const kinds = [...events.matchAll(/^event: (.*)$/gm)].map(([, kind]) => kind);
    expect(kinds).toContain("started");
    expect(kinds.at(-1)).toBe("settled");
  });

  test("of a worker that is killed the task goes on elsewhere, with the pictures that it has, and ends once", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const west = await bench.worker("west", 300);
    const ends = await hearEnds(head);
    const id = await give(head, { image_number: 4 });
    const made = async (): Promise<number> => (await ask(head, `/tasks/${id}`)).body.result?.length ?? 0;
    expect(await soon(async () => (await made()) >= 1)).toBe(true);
    const before = (await ask(head, `/tasks/${id}`)).body.result;
    await west.kill();
    await bench.worker("east", 5);
    const row = await ended(head, id);
    expect([row.task_status, row.result?.length]).toEqual(["finished", 4]);
    expect(row.result?.slice(0, before.length)).toEqual(before);
    expect(ends.get(id)).toBe(1);
  });

  test("a worker that hangs loses its task, and tells nothing more when it wakes", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const west = await bench.worker("west", 200);
    const ends = await hearEnds(head);
    const id = await give(head);
    expect(await soon(() => isDrawing(head))).toBe(true);
    west.child.kill("SIGSTOP");
    await bench.worker("east", 5);
    expect((await ended(head, id)).task_status).toBe("finished");
    west.child.kill("SIGCONT");
    const next = await Promise.all([give(head), give(head), give(head)]);
    for (const one of next) expect((await ended(head, one)).task_status).toBe("finished");
    expect([id, ...next].map((one) => ends.get(one))).toEqual([1, 1, 1, 1]);
  });

  test("a worker that is stopped hands its task back, which is no attempt at it", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const id = await give(head, { image_number: 2 });
    for (const name of ["one", "two", "three"]) {
      const worker = await bench.worker(name, 2000, "--shutdown-seconds", "0");
      expect(await soon(() => isDrawing(head))).toBe(true);
      await worker.stop();
      expect(worker.child.exitCode).toBe(0);
    }
    await bench.worker("last", 5);
    expect((await ended(head, id)).task_status).toBe("finished");
  });

  test("a task that two workers died of fails, in a sentence", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const id = await give(head);
    for (const name of ["one", "two"]) {
      const worker = await bench.worker(name, 5000);
      expect(await soon(() => isDrawing(head))).toBe(true);
      await worker.kill();
      expect(await soon(async () => !(await isDrawing(head)))).toBe(true);
    }
    await bench.worker("last", 5);
    const row = await ended(head, id);
    expect([row.task_status, row.error?.code]).toEqual(["failed", "interrupted"]);
  });

  test("waiting tasks are cancelled, moved and paused; running ones stopped", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const [first, second, third] = [await give(head), await give(head), await give(head)];
    const post = (path: string, body: unknown = {}) =>
      ask(head, path, { method: "POST", body: JSON.stringify(body) });
    await post("/v1/queue", { action: "pause" });
    expect((await post(`/tasks/${second}/cancel`)).status).toBe(200);
    expect((await ended(head, second)).task_status).toBe("cancelled");
    const moved = await post("/v1/queue", { action: "move", task_id: third, before: first });
    expect(moved.body).toEqual({ pending: [third, first], paused: true });
    const west = await bench.worker("west", 400);
    await Bun.sleep(1500);
    expect(await isDrawing(head)).toBe(false);
    await post("/v1/queue", { action: "resume" });
    expect(await soon(async () => (await ask(head, `/tasks/${third}`)).body.start_mills !== null)).toBe(true);
    await post(`/tasks/${third}/cancel`);
    expect((await ended(head, third)).task_status).toBe("stop");
    expect((await ended(head, first)).task_status).toBe("finished");
    await west.stop();
  });

  test("Redis is gone for a while: requests are taken all the same, and every task ends once", async () => {
    const { redis, bench } = await fleet();
    const head = await bench.head("head");
    await bench.worker("west", 100);
    const ends = await hearEnds(head);
    const before = await Promise.all(Array.from({ length: 4 }, () => give(head)));
    expect(await soon(() => isDrawing(head))).toBe(true);
    await redis.kill();
    const during = await Promise.all(Array.from({ length: 4 }, () => give(head)));
    await Bun.sleep(8000);
    await redis.start();
    for (const id of [...before, ...during]) expect((await ended(head, id)).task_status).toBe("finished");
    expect([...before, ...during].map((id) => ends.get(id))).toEqual(Array(8).fill(1));
  });

  test("a Redis that comes back empty is given all unfinished tasks again", async () => {
    const redis = await ownRedis("maxmemory-policy", "noeviction");
    closing.push(redis.close);
    const bench = openFleetBench(redis.url);
    closing.push(bench.close);
    const head = await bench.head("head");
    await bench.worker("west", 300);
    const first = await give(head, { image_number: 3 });
    const before = await Promise.all(Array.from({ length: 3 }, () => give(head)));
    const made = async () => (await ask(head, `/tasks/${first}`)).body.result ?? [];
    expect(await soon(async () => (await made()).length >= 1)).toBe(true);
    const kept = await made();
    await redis.kill();
    await redis.start();
    expect((await ended(head, first)).result?.slice(0, kept.length)).toEqual(kept);
    for (const id of before) expect((await ended(head, id)).task_status).toBe("finished");
    const later = await give(head);
    expect((await ended(head, later)).task_status).toBe("finished");
  });

  test("a head that is killed finds its tasks again, also those that ended meanwhile", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    await bench.worker("west", 100);
    const ids = await Promise.all(Array.from({ length: 4 }, () => give(head)));
    expect(await soon(() => isDrawing(head))).toBe(true);
    await head.kill();
    await Bun.sleep(3000);
    const again = await bench.head("again");
    for (const id of ids) expect((await ended(again, id)).task_status).toBe("finished");
  });

  test("a worker whose network is cut loses its task, tells nothing of it afterwards, and works again", async () => {
    const net = ownNet();
    if (net === undefined)
      return process.stderr.write("fleet: a cut network is skipped, it takes root and iproute2\n");
    closing.push(async () => net.close());
    const { redis, bench } = await fleet("bind", "0.0.0.0", "protected-mode", "no");
    const head = await bench.head("head");
    const ends = await hearEnds(head);
    const address = `redis://${net.host}:${redis.port}`;
    const distant = await bench.distantWorker(net.enter, "distant", 300, "--fleet", address);
    const id = await give(head, { image_number: 2 });
    expect(await soon(() => isDrawing(head))).toBe(true);
    net.cut();
    await bench.worker("near", 5);
    expect((await ended(head, id)).task_status).toBe("finished");
    // It goes from the roll, too.
    expect(await soon(async () => (await ask(head, "/v1/engines")).body.length === 1)).toBe(true);
    net.mend();
    expect(await soon(async () => (await ask(head, "/v1/engines")).body.length === 2, 60_000)).toBe(true);
    const next = await Promise.all(Array.from({ length: 6 }, () => give(head)));
    for (const one of next) expect((await ended(head, one)).task_status).toBe("finished");
    expect([id, ...next].map((one) => ends.get(one))).toEqual(Array(7).fill(1));
    expect(distant.child.exitCode).toBeNull();
  });

  test("another version of the program takes no task that it would understand otherwise, and is no help", async () => {
    const { redis, bench } = await fleet();
    const head = await bench.head("head");
    const older = recipeVersion - 1;
    const joined = { url: redis.url, name: "fooocusd", recipeVersion: older, log: silentLog };
    const old = await openFleet({ ...joined, id: "old" });
    closing.push(() => old.close());
    const files = allFiles([join(import.meta.dir, "../../models")]);
    const presence = old.roll.enter(memberOf("old", older, await old.roll.keepModels(files)));
    closing.push(() => presence.leave());
    await Bun.sleep(3000);
    const id = await give(head);
    const { body } = await ask(head, `/tasks/${id}`);
    expect(body.warnings.join()).toContain("No worker of the fleet is there now");
    expect(await old.lines.firsts(() => true)).toEqual([]);
    await bench.worker("new", 5);
    expect((await ended(head, id)).task_status).toBe("finished");
  });
});

const memberOf = (id: string, version: number, models: string) => (): Member => ({
  ...{ id, role: "worker", host: "old", version: "0.0.1", recipeVersion: version, startedAt: 0 },
  ...{ state: "ready", engines: [], models, facts: {} },
});
