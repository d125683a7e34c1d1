import { afterEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import type { Fleet, FleetOptions } from "#/fleet/fleet.ts";
import { EngineError } from "#/lib/errors.ts";
import { idOf, join, someJob, someResult, until } from "../../support/fleet-bench.ts";
import { noRedis, type OwnRedis, ownRedis } from "../../support/own-redis.ts";

if (noRedis !== undefined) console.warn(`A fleet whose Redis is gone is not tested: ${noRedis}.`);

describe.skipIf(noRedis !== undefined)("a Redis that is gone for a while", () => {
  const open: Fleet[] = [];
  const servers: OwnRedis[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((fleet) => fleet.close()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function server(...options: readonly string[]): Promise<OwnRedis> {
    const redis = await ownRedis(...options);
    servers.push(redis);
    return redis;
  }

  async function member(redis: OwnRedis, id: string, options?: Partial<FleetOptions>): Promise<Fleet> {
    const fleet = await join(redis.url, id, options);
    open.push(fleet);
    return fleet;
  }

  const failure = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );

  test("however many wait for it at once, nobody is warned of their number", async () => {
    const redis = await server("appendonly", "yes", "appendfsync", "always");
    const fleet = await member(redis, "h");
    const warnings: string[] = [];
    const note = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", note);
    await redis.stop();
    await until(() => !fleet.reachable);
    const asked = Array.from({ length: 100 }, () => fleet.flags.get("paused"));
    await redis.start();
    expect(new Set(await Promise.all(asked))).toEqual(new Set([false]));
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  test("who waits is told within ten seconds, and what comes back in time is waited for", async () => {
    const redis = await server("appendonly", "yes", "appendfsync", "always");
    const fleet = await member(redis, "h");
    const troubles: string[] = [];
    const forget = fleet.onTrouble((state) => troubles.push(state));
    await fleet.lines.add(someJob({ id: idOf(1) }));
    await redis.stop();
    const late = fleet.lines.waiting();
    await Bun.sleep(1_000);
    await redis.start();
    expect((await late).map(({ id }) => id)).toEqual([idOf(1)]);
    await redis.stop();
    await until(() => !fleet.reachable);
    const began = Date.now();
    const errors = await Promise.all([
      failure(fleet.lines.add(someJob())),
      failure(fleet.lines.take("v3-0000000000000000")),
      failure(fleet.claims.take("x", 1_000)),
      failure(fleet.flags.get("paused")),
      failure(fleet.inboxes.send("w", { type: "ring" })),
      failure(fleet.roll.members()),
    ]);
    expect(Date.now() - began).toBeLessThan(11_000);
    for (const error of errors) {
      expect(error).toBeInstanceOf(EngineError);
      expect(error).toMatchObject({ code: "fleet-unavailable" });
      expect(String(error)).toContain(`127.0.0.1:${redis.port}`);
    }
    await redis.start();
    await until(() => fleet.reachable);
    expect((await fleet.lines.waiting()).length).toBe(1);
    expect(troubles).toEqual(["gone", "back", "gone", "back"]);
    forget();
  }, 60_000);

  test("one that hangs is found out, and goes on where it was", async () => {
    const redis = await server();
    const fleet = await member(redis, "h");
    redis.pause();
    const began = Date.now();
    expect(await failure(fleet.lines.waiting())).toMatchObject({ code: "fleet-unavailable" });
    expect(Date.now() - began).toBeLessThan(11_000);
    expect(fleet.reachable).toBe(false);
    redis.resume();
    await until(() => fleet.reachable);
    expect(await fleet.lines.waiting()).toEqual([]);
  }, 60_000);

  test("a worker keeps its job over a Redis that is gone longer than its lease, and ends it", async () => {
    const redis = await server("appendonly", "yes", "appendfsync", "always");
    const leaseMs = 800;
    const [head, worker] = [await member(redis, "h", { leaseMs }), await member(redis, "w", { leaseMs })];
    for (const n of [1, 2]) await head.lines.add(someJob({ id: idOf(n), queuedAt: n }));
    const [{ line } = { line: "" }] = await worker.lines.firsts(() => true);
    const [first, second] = [await worker.lines.take(line), await worker.lines.take(line)];
    const recovering = setInterval(() => void head.lines.recover().catch(() => undefined), 300);
    await Bun.sleep(1_500);
    await redis.kill();
    const kept = first?.keep({ attempts: 1 });
    const ended = second?.done(someResult("w"));
    await Bun.sleep(2_500);
    await redis.start();
    expect(await kept).toBe(true);
    expect(await ended).toBe(true);
    await Bun.sleep(2_500);
    expect(first?.lost.aborted).toBe(false);
    expect(await head.lines.where(idOf(1))).toBe("active");
    expect(await first?.done(someResult("w"))).toBe(true);
    clearInterval(recovering);
    expect((await head.lines.ended(0)).length).toBe(2);
  }, 60_000);

  test("connections that are cut in the middle lose no job, and end none twice", async () => {
    const redis = await server();
    const leaseMs = 1_000;
    const head = await member(redis, "h", { leaseMs });
    const workers = [await member(redis, "w1", { leaseMs }), await member(redis, "w2", { leaseMs })];
    const killer = new Redis(redis.url);
    const killingOver = new AbortController();
    const killing = (async () => {
      while (!killingOver.signal.aborted) {
        await killer.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await Bun.sleep(300 + Math.random() * 300);
      }
    })();
    const ids = Array.from({ length: 80 }, (_, n) => idOf(n + 1));
    const adding = (async () => {
      for (const id of ids) await head.lines.add(someJob({ id }));
    })();
    const ends: string[] = [];
    const working = workers.map(async (worker, i) => {
      while (ends.length < ids.length && !killingOver.signal.aborted) {
        try {
          const [first] = await worker.lines.firsts(() => true);
          const lease = first === undefined ? undefined : await worker.lines.take(first.line);
          if (lease === undefined) {
            await Bun.sleep(50);
          } else {
            await lease.keep({ attempts: lease.state.attempts + 1 });
            if (await lease.done(someResult(`w${i}`))) ends.push(lease.job.id);
          }
        } catch {
          // An answer to taking one was lost: it comes back when its lease is over.
        }
      }
    });
    const recovering = setInterval(() => void head.lines.recover().catch(() => undefined), 300);
    await adding;
    // Leases are given time that is longer than between two cuts.
    await Bun.sleep(6_000);
    killingOver.abort();
    await killing;
    await Promise.all(working);
    const rest = workers.map(async (worker, i) => {
      while (ends.length < ids.length) {
        const [first] = await worker.lines.firsts(() => true);
        const lease = first === undefined ? undefined : await worker.lines.take(first.line);
        if (lease === undefined) await Bun.sleep(50);
        else if (await lease.done(someResult(`w${i}`))) ends.push(lease.job.id);
      }
    });
    await Promise.all(rest);
    clearInterval(recovering);
    killer.disconnect();
    expect(ends.toSorted()).toEqual(ids);
    expect((await head.lines.ended(0)).length).toBe(ids.length);
  }, 120_000);
});
