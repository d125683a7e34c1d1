import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import type { Fleet, FleetOptions } from "#/fleet/fleet.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { idOf, join, someJob, someResult, until } from "../../support/fleet-bench.ts";
import { noRedis, type OwnRedis, ownRedis } from "../../support/own-redis.ts";

if (noRedis !== undefined) console.warn(`Lines of a fleet are not tested: ${noRedis}.`);

describe.skipIf(noRedis !== undefined)("lines", () => {
  let redis: OwnRedis;
  const open: Fleet[] = [];

  beforeAll(async () => {
    redis = await ownRedis();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((fleet) => fleet.close()));
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
  });
  afterAll(() => redis.close());

  async function member(id: string, options?: Partial<FleetOptions>): Promise<Fleet> {
    const fleet = await join(redis.url, id, options);
    open.push(fleet);
    return fleet;
  }

  const all = (): boolean => true;

  async function taken(fleet: Fleet): Promise<TaskId[]> {
    const ids: TaskId[] = [];
    for (;;) {
      const [first] = await fleet.lines.firsts(all);
      const lease = first === undefined ? undefined : await fleet.lines.take(first.line);
      if (lease === undefined) return ids;
      ids.push(lease.job.id);
    }
  }

  test("a job comes out as it went in, once, and its result with all digits", async () => {
    const head = await member("h1");
    const worker = await member("w1");
    const job = someJob({ requestId: "r", label: "mine" });
    await head.lines.add(job);
    await head.lines.add({ ...job, label: "another" });
    const [first, ...others] = await worker.lines.firsts(all);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ id: job.id, since: job.queuedAt, waiting: 1, info: { needs: job.needs } });
    const lease = await worker.lines.take(first?.line ?? "");
    expect(lease?.job).toEqual(job);
    expect(lease?.state).toEqual({ attempts: 0, images: [], warnings: ["one"], stopping: false });
    expect(await worker.lines.take(first?.line ?? "")).toBeUndefined();
    expect(await head.lines.active()).toMatchObject([{ id: job.id, worker: "w1" }]);
    expect(await head.lines.where(job.id)).toBe("active");
    expect(await head.lines.ended(0)).toEqual([]);
    const result = someResult();
    expect(await lease?.done(result)).toBe(true);
    expect(await head.lines.where(job.id)).toBe("ended");
    expect(await head.lines.result(job.id)).toEqual(result);
    expect(await head.lines.ended(60_000)).toEqual([]);
    expect(await head.lines.ended(0)).toEqual([{ id: job.id, line: first?.line ?? "", result }]);
    // What ended is not begun again, whoever adds it.
    await head.lines.add(job);
    expect(await head.lines.firsts(all)).toEqual([]);
    await head.lines.forget(job.id);
    expect(await head.lines.where(job.id)).toBe("unknown");
    expect(await head.lines.ended(0)).toEqual([]);
  });

  test("those who take at once never get the same", async () => {
    const [a, b] = [await member("w1"), await member("w2")];
    const jobs = Array.from({ length: 60 }, () => someJob());
    await Promise.all(jobs.map((job) => a.lines.add(job)));
    const lines = new Set((await a.lines.firsts(all)).map(({ line }) => line));
    expect(lines.size).toBe(1);
    const [line = ""] = lines;
    const leases = await Promise.all(
      Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? a : b).lines.take(line)),
    );
    const ids = leases.flatMap((lease) => lease?.job.id ?? []);
    expect(ids.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
  });

  test("jobs of all lines come in the order in which they came, or as they were ordered", async () => {
    const head = await member("h1");
    const ids = Array.from({ length: 12 }, (_, i) => idOf(i));
    for (const [i, id] of ids.entries()) {
      await head.lines.add(someJob({ id, checkpoint: `${i % 3}.safetensors`, queuedAt: 1_000 + i }));
    }
    const waiting = async () => (await head.lines.waiting()).map(({ id }) => id);
    expect(await waiting()).toEqual(ids);
    const at = (...places: readonly number[]) => places.map(idOf);
    await head.lines.order(at(7, 2));
    expect(await waiting()).toEqual(at(7, 2, 0, 1, 3, 4, 5, 6, 8, 9, 10, 11));
    await head.lines.order(at(9, 2));
    expect(await waiting()).toEqual(at(9, 2, 7, 0, 1, 3, 4, 5, 6, 8, 10, 11));
    // Ids that do not wait are passed over.
    await head.lines.order([...at(99, 7), ...at(9)]);
    expect(await waiting()).toEqual(at(7, 9, 2, 0, 1, 3, 4, 5, 6, 8, 10, 11));
    expect(await taken(head)).toEqual(at(7, 9, 2, 0, 1, 3, 4, 5, 6, 8, 10, 11));
  });

  test("what is handed back comes first, or where it was; with its state", async () => {
    const worker = await member("w1");
    for (const i of [1, 2, 3, 4]) await worker.lines.add(someJob({ id: idOf(i), queuedAt: i }));
    const [{ line } = { line: "" }] = await worker.lines.firsts(all);
    await worker.lines.order([idOf(4)]);
    const fourth = await worker.lines.take(line);
    const one = await worker.lines.take(line);
    expect([fourth?.job.id, one?.job.id]).toEqual([idOf(4), idOf(1)]);
    const image = someResult().end.images;
    expect(await one?.keep({ attempts: 1, images: image })).toBe(true);
    expect(await one?.handBack({ attempts: 0 }, false)).toBe(true);
    const [first] = await worker.lines.firsts(all);
    expect(first?.id).toBe(idOf(1));
    expect(await fourth?.handBack({ attempts: 1 }, true)).toBe(true);
    const order = async () => (await worker.lines.waiting()).map(({ id }) => id);
    expect(await order()).toEqual([4, 1, 2, 3].map(idOf));
    // Also what was put back can be moved behind another.
    await worker.lines.order([idOf(2), idOf(4)]);
    expect(await order()).toEqual([2, 4, 1, 3].map(idOf));
    await worker.lines.take(line);
    const again = await worker.lines.take(line);
    expect(again?.state).toEqual({ attempts: 1, images: [], warnings: ["one"], stopping: false });
    const third = await worker.lines.take(line);
    expect(third?.state).toEqual({ attempts: 0, images: image, warnings: ["one"], stopping: false });
    expect(await one?.done(someResult())).toBe(false);
    expect(one?.lost.aborted).toBe(true);
  });

  test("a worker that died or hangs loses its job to another, with the pictures it had", async () => {
    const [dead, alive] = [await member("w1"), await member("w2", { leaseMs: 600 })];
    const image = someResult().end.images;
    const short = await member("w3", { leaseMs: 600 });
    const [first, second] = [someJob({ id: idOf(1) }), someJob({ id: idOf(2) })];
    await dead.lines.add(first);
    const [{ line } = { line: "" }] = await dead.lines.firsts(all);
    const lease = await short.lines.take(line);
    await dead.lines.add(second);
    expect(await lease?.keep({ attempts: 1, images: image })).toBe(true);
    // Its process is gone: nothing renews, nothing hands back.
    await short.close();
    await until(async () => (await alive.lines.recover()).includes(first.id));
    const [next] = await alive.lines.firsts(all);
    expect(next).toMatchObject({ id: first.id, rank: 0 });
    const again = await alive.lines.take(line);
    expect(again?.job).toEqual(first);
    expect(again?.state).toMatchObject({ attempts: 1, images: image });
    // One that is renewed is never taken away.
    for (let i = 0; i < 4; i += 1) {
      await Bun.sleep(400);
      expect(await alive.lines.recover()).toEqual([]);
    }
    expect(again?.lost.aborted).toBe(false);
    expect(await again?.done(someResult("w2"))).toBe(true);
  });

  test("a worker that hung finds its lease lost by itself, and tells nothing any more", async () => {
    const [hung, other] = [await member("w1"), await member("w2", { leaseMs: 500 })];
    await hung.lines.add(someJob({ id: idOf(1) }));
    const [{ line } = { line: "" }] = await hung.lines.firsts(all);
    const lease = await hung.lines.take(line);
    // What its lock would do while it hangs.
    const client = new Redis(redis.url);
    await client.del(`{test}:${line}:t${idOf(1)}:lock`);
    await Bun.sleep(500);
    await until(async () => (await other.lines.recover()).length > 0);
    client.disconnect();
    const again = await other.lines.take(line);
    expect(again?.job.id).toBe(idOf(1));
    await until(() => lease?.lost.aborted === true);
    expect(await lease?.keep({ attempts: 9 })).toBe(false);
    expect(await lease?.handBack({}, true)).toBe(false);
    expect(await lease?.done(someResult("w1"))).toBe(false);
    expect(await again?.done(someResult("w2"))).toBe(true);
    expect((await other.lines.result(idOf(1)))?.worker).toBe("w2");
  });

  test("only what waits is removed, and what is to stop is told to whoever takes it", async () => {
    const head = await member("h1");
    for (const i of [1, 2, 3]) await head.lines.add(someJob({ id: idOf(i), queuedAt: i }));
    const [{ line } = { line: "" }] = await head.lines.firsts(all);
    expect(await head.lines.remove(idOf(2))).toBe(true);
    expect(await head.lines.remove(idOf(2))).toBe(false);
    expect(await head.lines.remove(idOf(9))).toBe(false);
    const lease = await head.lines.take(line);
    expect(await head.lines.remove(idOf(1))).toBe(false);
    expect(await head.lines.mark(idOf(1), { stopping: true })).toBe(true);
    expect((await head.lines.find(idOf(1)))?.state.stopping).toBe(true);
    expect(lease?.state.stopping).toBe(false);
    expect(await lease?.keep({ attempts: 1 })).toBe(true);
    expect(lease?.state.stopping).toBe(true);
    await lease?.handBack({}, true);
    const again = await head.lines.take(line);
    expect(again?.state).toMatchObject({ attempts: 1, stopping: true });
    expect(await again?.done(someResult())).toBe(true);
    expect(await head.lines.remove(idOf(1))).toBe(false);
    expect(await head.lines.mark(idOf(1), { stopping: true })).toBe(false);
    await head.lines.forget(idOf(3));
    expect(await head.lines.where(idOf(3))).toBe("waiting");
  });

  test("lines of another recipe version wait for workers of that version", async () => {
    const [old, young] = [await member("w1"), await member("w2", { recipeVersion: 4 })];
    const job = someJob();
    await old.lines.add(job);
    expect(await young.lines.firsts(all)).toEqual([]);
    expect((await young.lines.waiting()).map(({ id }) => id)).toEqual([job.id]);
    expect((await old.lines.firsts(all)).map(({ id }) => id)).toEqual([job.id]);
    expect(await old.lines.firsts(({ needs }) => needs.length === 0)).toEqual([]);
  });

  test("ten thousand jobs in fifty lines are looked through in one round trip", async () => {
    const head = await member("h1");
    const jobs = Array.from({ length: 10_000 }, (_, i) =>
      someJob({ id: idOf(i), checkpoint: `${i % 50}.safetensors`, queuedAt: i + 1 }),
    );
    for (let i = 0; i < jobs.length; i += 1_000) {
      await Promise.all(jobs.slice(i, i + 1_000).map((job) => head.lines.add(job)));
    }
    const client = new Redis(redis.url);
    const commands = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await client.info("stats"))?.[1]);
    await head.lines.firsts(all);
    const before = await commands();
    const began = performance.now();
    const firsts = await head.lines.firsts(all);
    const took = performance.now() - began;
    // Commands within the script count too: five for each line, and one for all; beside them a beat of the heart.
    expect((await commands()) - before).toBeLessThan(50 * 5 + 10);
    client.disconnect();
    expect(firsts.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, i) => idOf(i)));
    expect(firsts.every(({ waiting }) => waiting === 200)).toBe(true);
    const all10 = performance.now();
    expect((await head.lines.waiting()).map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
    const order = performance.now();
    await head.lines.order([idOf(9_999), ...Array.from({ length: 999 }, (_, i) => idOf(9_000 + i))]);
    console.log(
      `10,000 jobs in 50 lines: firsts ${took.toFixed(1)} ms, waiting ${(order - all10).toFixed(0)} ms, ` +
        `order of 1,000 ${(performance.now() - order).toFixed(0)} ms`,
    );
    expect((await head.lines.waiting())[1]?.id).toBe(idOf(9_000));
  });
});
