import { afterEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import type { Fleet, FleetOptions } from "#/fleet/fleet.ts";
import type { FleetEntry, LogGap, LogItem, ToldPreview } from "#/fleet/fleet-log.ts";
import { idOf, join, until } from "../../support/fleet-bench.ts";
import { noRedis, type OwnRedis, ownRedis } from "../../support/own-redis.ts";

if (noRedis !== undefined) console.warn(`The log of a fleet is not tested: ${noRedis}.`);

const started = (n: number): FleetEntry => ({ taskId: idOf(n), type: "started", attempt: n });

const progress = (task: number, step: number): FleetEntry => ({
  taskId: idOf(task),
  type: "progress",
  etaMs: 1.5,
  percent: step,
  moment: { now: "step", of: 30 },
  stage: "denoising",
  image: 0,
  images: 1,
  step,
  steps: 30,
  preview: null,
});

const numberOf = ({ entry }: LogItem): number => (entry.type === "started" ? entry.attempt : -1);

/** Reads until it is told to stop. */
function reader(fleet: Fleet, after = 0) {
  const read: (LogItem | LogGap)[] = [];
  const ending = new AbortController();
  const over = (async () => {
    for await (const item of fleet.log.read(after, ending.signal)) read.push(item);
  })();
  return {
    read,
    items: () => read.filter((one): one is LogItem => !("gap" in one)),
    gaps: () => read.filter((one): one is LogGap => "gap" in one),
    end: async () => {
      ending.abort();
      await over;
    },
  };
}

describe.skipIf(noRedis !== undefined)("the log", () => {
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

  test("numbers rise by one over all writers, and each writer's order is kept", async () => {
    const redis = await server();
    const writers = await Promise.all([1, 2, 3].map((n) => member(redis, `w${n}`)));
    const seen = reader(await member(redis, "h1"));
    const seqs = await Promise.all(
      Array.from({ length: 300 }, (_, i) => writers[i % 3]?.log.append(started(i))),
    );
    await until(() => seen.read.length === 300);
    const items = seen.items();
    expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(seqs.map(Number).toSorted((a, b) => a - b)).toEqual(items.map(({ seq }) => seq));
    for (const rest of [0, 1, 2]) {
      const own = items.map(numberOf).filter((n) => n % 3 === rest);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
      expect(own.length).toBe(100);
    }
    // One who comes later reads from where it likes.
    const late = reader(await member(redis, "h2"), 290);
    await until(() => late.read.length === 10);
    expect(late.items()[0]?.seq).toBe(291);
    expect(await writers[0]?.log.last()).toBe(300);
    await Promise.all([seen.end(), late.end()]);
  });

  test("every kind of entry is read as it was written, with all digits", async () => {
    const redis = await server();
    const fleet = await member(redis, "w1");
    const image = { index: 0, url: "http://h/ü.png", width: 8, height: 8, seed: "18446744073709551615" };
    const timings = {
      queued_ms: 1,
      loading_ms: 2,
      encoding_ms: 3,
      denoising_ms: 4,
      decoding_ms: 5,
      saving_ms: 6,
    };
    const entries: readonly FleetEntry[] = [
      { taskId: idOf(1), type: "queued", position: 2, ahead: 1, label: '\u{1F408} "x"\n' },
      { taskId: idOf(1), type: "image", index: 0, image: { ...image, timings: null } },
      {
        taskId: idOf(1),
        type: "settled",
        status: "failed",
        result: [image.url],
        error: { code: "bug", message: "no" },
        warnings: ["one"],
        timings,
        door: "fooocus-api",
        ranMs: 7,
      },
      { taskId: idOf(1), type: "warned", warnings: ["one", "two"] },
      { taskId: idOf(1), type: "put-back", attempts: 1, why: "died" },
      { taskId: idOf(1), type: "ended", line: "v1-a" },
      { taskId: null, type: "queue", pending: [idOf(1)], paused: true },
      { taskId: null, type: "removed", tasks: [idOf(1)] },
      { taskId: null, type: "starred", tasks: [idOf(1)], starred: true },
      { taskId: null, type: "member", id: "w1", change: "came" },
      progress(1, 3),
    ];
    const seen = reader(fleet);
    const before = Date.now();
    for (const entry of entries) void fleet.log.append(entry);
    await until(() => seen.read.length === entries.length);
    expect(seen.items().map(({ entry }) => entry)).toEqual([...entries]);
    expect(seen.items().every(({ at }) => at >= before && at <= Date.now())).toBe(true);
    await seen.end();
  });

  test("a preview is read by who wants to see it: the newest two of each task are there, and go with its end", async () => {
    const redis = await server();
    const fleet = await member(redis, "w1");
    const head = await member(redis, "h1");
    const seen = reader(head);
    const picture = (n: number): ToldPreview => ({
      width: 100,
      height: n,
      png: new Uint8Array(30_000).map((_, i) => (i * n) % 256),
    });
    const pixmap = { width: 1, height: 1, data: new Uint8Array(3) };
    const own = progress(7, 9);
    const shown = {
      ...own,
      preview: {
        width: 1,
        height: 1,
        pixmap: () => Promise.resolve(pixmap),
        png: () => Promise.resolve(pixmap.data),
        webp: () => Promise.resolve(pixmap.data),
      },
    } as FleetEntry;
    await fleet.log.append(started(1));
    await fleet.log.append(shown, picture(5));
    await until(() => seen.read.length === 2);
    const [none, first] = seen.items().map(({ preview }) => preview);
    expect(none).toBeUndefined();
    expect([first?.width, first?.height]).toEqual([100, 5]);
    expect(seen.items()[1]?.entry).toEqual(own);
    expect(await first?.png()).toEqual(Buffer.from(picture(5).png));
    // Nobody asked for these when they were new. Those of one task do not push those of another away.
    await fleet.log.append(progress(8, 1), picture(3));
    for (let n = 10; n < 30; n += 1) await fleet.log.append(progress(7, n), picture(n));
    const late = reader(head);
    await until(() => late.read.length === 23);
    const all = await Promise.all(late.items().map(async ({ preview }) => (await preview?.png())?.[1]));
    expect(all.filter((byte) => byte !== undefined)).toEqual([3, 28, 29]);
    // Who has it has it, also when it is gone; who asks when its task has ended has some seconds left.
    const [held, asked] = [reader(head, 20), reader(head, 20)];
    await until(() => held.read.length === 3 && asked.read.length === 3);
    const [had, unseen] = [held, asked].map(({ items }) => items().at(-1)?.preview);
    expect((await had?.png())?.[1]).toBe(29);
    await fleet.log.append({ taskId: idOf(7), type: "ended", line: "v1-a" });
    const client = new Redis(redis.url);
    const key = `{test}:log:previews:${idOf(7)}`;
    expect(await client.pttl(key)).toBeGreaterThan(0);
    expect(await client.pttl(key)).toBeLessThanOrEqual(15_000);
    expect(await client.pttl(`{test}:log:previews:${idOf(8)}`)).toBeGreaterThan(60_000);
    await client.pexpire(key, 1);
    await until(async () => (await client.exists(key)) === 0);
    client.disconnect();
    expect((await had?.png())?.[1]).toBe(29);
    expect(await unseen?.png()).toBeUndefined();
    await Promise.all([seen, late, held, asked].map((one) => one.end()));
  });

  test("over a Redis that is restarted nothing is missing and nothing comes twice", async () => {
    const redis = await server("appendonly", "yes", "appendfsync", "always");
    const [writer, other] = [await member(redis, "w1"), await member(redis, "w2")];
    const troubles: string[] = [];
    writer.onTrouble((state) => troubles.push(state));
    const seen = reader(await member(redis, "h1"));
    let written = 0;
    const writingOver = new AbortController();
    const writing = (async () => {
      while (!writingOver.signal.aborted) {
        void (written % 2 === 0 ? writer : other).log.append(started(written));
        written += 1;
        await Bun.sleep(2);
      }
    })();
    for (const end of [redis.stop, redis.kill]) {
      await Bun.sleep(400);
      await end();
      await Bun.sleep(700);
      await redis.start();
    }
    await Bun.sleep(500);
    writingOver.abort();
    await writing;
    await until(() => seen.items().length >= written);
    await Bun.sleep(300);
    expect(seen.gaps()).toEqual([]);
    expect(seen.items().map(({ seq }) => seq)).toEqual(Array.from({ length: written }, (_, i) => i + 1));
    expect(
      seen
        .items()
        .map(numberOf)
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: written }, (_, i) => i));
    expect(troubles.slice(0, 2)).toEqual(["gone", "back"]);
    await seen.end();
  }, 60_000);

  test("a connection that is cut in the middle of everything costs nothing", async () => {
    const redis = await server();
    const writer = await member(redis, "w1");
    const seen = reader(await member(redis, "h1"));
    const killer = new Redis(redis.url);
    for (let n = 0; n < 600; n += 1) {
      void writer.log.append(started(n));
      if (n % 40 === 0) await killer.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      if (n % 10 === 0) await Bun.sleep(5);
    }
    killer.disconnect();
    await until(() => seen.items().length >= 600);
    await Bun.sleep(300);
    expect(seen.gaps()).toEqual([]);
    expect(seen.items().map(numberOf)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    await seen.end();
  }, 60_000);

  test("a Redis that lost everything: numbers go on above, and the gap is told", async () => {
    const redis = await server();
    const writer = await member(redis, "w1");
    const seen = reader(await member(redis, "h1"));
    for (let n = 0; n < 50; n += 1) void writer.log.append(started(n));
    await until(() => seen.read.length === 50);
    await redis.kill();
    await redis.start();
    await until(() => seen.gaps().length > 0);
    expect(seen.gaps()).toEqual([{ gap: true, from: 51 }]);
    expect(await writer.log.append(started(50))).toBe(51);
    await until(() => seen.items().length === 51);
    expect(seen.items().at(-1)?.seq).toBe(51);
    await seen.end();
  }, 60_000);

  test("a Redis that lost its last second, whose numbers were given again, is found out", async () => {
    const redis = await server();
    const writer = await member(redis, "w1");
    const head = await member(redis, "h1");
    const seen = reader(head);
    for (let n = 0; n < 10; n += 1) void writer.log.append(started(n));
    await until(() => seen.read.length === 10);
    const client = new Redis(redis.url);
    const [[, [, text = ""]] = ["", []]] = await client.xrange("{test}:log", "8-0", "8-0");
    // Eight are left of what was there, and three others are written before the reader is back.
    await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await client.xdel("{test}:log", "9-0", "10-0");
    await client.xsetid("{test}:log", "8-0");
    for (const n of [9, 10, 11]) {
      await client.xadd("{test}:log", `${n}-0`, "e", text.replace('"attempt":7', `"attempt":${n + 11}`));
    }
    await client.set("{test}:log:sequence", 11);
    client.disconnect();
    await until(() => seen.gaps().length > 0);
    expect(seen.gaps()).toEqual([{ gap: true, from: 11 }]);
    await until(() => seen.items().length > 10);
    expect(seen.items().slice(10).map(numberOf)).toEqual([22]);
    await seen.end();
  }, 60_000);

  test("what was trimmed is told as a gap, and a floor is raised and never lowered", async () => {
    const redis = await server();
    const fleet = await member(redis, "w1", { logEntries: 10 });
    for (let n = 0; n < 1_000; n += 1) void fleet.log.append(started(n));
    await until(async () => (await fleet.log.last()) === 1_000);
    const seen = reader(fleet, 5);
    await until(() => seen.read.length > 1);
    const [gap] = seen.gaps();
    expect(seen.read[0]).toEqual(gap);
    expect(gap?.from).toBeGreaterThan(800);
    expect(seen.items()[0]?.seq).toBe(gap?.from);
    await fleet.log.raise(5_000);
    await fleet.log.raise(20);
    expect(await fleet.log.append(started(1))).toBe(5_001);
    await until(() => seen.items().at(-1)?.seq === 5_001);
    expect(seen.gaps().at(-1)).toEqual({ gap: true, from: 5_001 });
    // A number that nobody gave out: there is nothing behind it, and it raises nothing.
    const ahead = reader(fleet, 9_000);
    await until(() => ahead.read.length > 0);
    expect(ahead.read[0]).toEqual({ gap: true, from: 5_002 });
    expect(await fleet.log.append(started(2))).toBe(5_002);
    await until(() => ahead.items().length === 1);
    await Promise.all([seen.end(), ahead.end()]);
  });

  test("while Redis is gone, everything is kept but older progress", async () => {
    const redis = await server("appendonly", "yes", "appendfsync", "always");
    const fleet = await member(redis, "w1");
    const seen = reader(fleet);
    await fleet.log.append(started(0));
    await redis.stop();
    await until(() => !fleet.reachable);
    const told = [
      ...Array.from({ length: 30 }, (_, step) => fleet.log.append(progress(1, step))),
      fleet.log.append(started(1)),
      ...Array.from({ length: 30 }, (_, step) => fleet.log.append(progress(2, step))),
      fleet.log.append(started(2)),
    ];
    await redis.start();
    const seqs = await Promise.all(told);
    await until(() => seen.items().at(-1)?.seq === seqs.at(-1));
    expect(seqs.filter((seq) => seq === undefined).length).toBeGreaterThan(50);
    const steps = seen.items().flatMap(({ entry }) => (entry.type === "progress" ? entry.step : []));
    expect(steps.length).toBeLessThan(6);
    expect(steps.filter((step) => step === 29).length).toBe(2);
    expect(
      seen
        .items()
        .map(numberOf)
        .filter((n) => n >= 0),
    ).toEqual([0, 1, 2]);
    await seen.end();
  }, 60_000);

  test("two hundred entries a second from four writers reach two readers soon", async () => {
    const redis = await server();
    const writers = await Promise.all([1, 2, 3, 4].map((n) => member(redis, `w${n}`)));
    const heads = [await member(redis, "h1"), await member(redis, "h2")];
    const latencies: number[] = [];
    const ending = new AbortController();
    const reading = heads.map(async (head) => {
      for await (const item of head.log.read(0, ending.signal)) {
        if (!("gap" in item)) latencies.push(performance.now() - (sent[numberOf(item)] ?? 0));
      }
    });
    const sent: number[] = [];
    const preview = { width: 8, height: 8, png: new Uint8Array(20_000) };
    for (let n = 0; n < 600; n += 1) {
      sent.push(performance.now());
      void writers[n % 4]?.log.append(started(n), n % 20 === 0 ? preview : undefined);
      await Bun.sleep(5);
    }
    await until(() => latencies.length === 1_200);
    ending.abort();
    await Promise.all(reading);
    const sorted = latencies.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
    console.log(
      `600 entries, 4 writers, 2 readers: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(0.9999)} ms`,
    );
  }, 60_000);
});
