import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import type { Fleet } from "#/fleet/fleet.ts";
import type { WorkerMessage } from "#/fleet/inboxes.ts";
import type { Member } from "#/fleet/roll.ts";
import { silentLog } from "#/lib/log.ts";
import { FleetMembers } from "#/tasks/fleet/fleet-members.ts";
import { idOf, join, someJob, until } from "../../support/fleet-bench.ts";
import { noRedis, type OwnRedis, ownRedis } from "../../support/own-redis.ts";

if (noRedis !== undefined) console.warn(`Roll, inboxes and claims of a fleet are not tested: ${noRedis}.`);

const someMember = (id: string, member: Partial<Member> = {}): Member => ({
  id,
  role: "worker",
  host: "machine",
  version: "0.1.0",
  recipeVersion: 3,
  startedAt: 1,
  state: "ready",
  engines: [{ name: "engine", device: "cpu", state: "ready", task: idOf(1), checkpoint: "a.safetensors" }],
  models: "",
  facts: { rate: 1.5, seed: 18446744073709551615n, on: [true, null] },
  ...member,
});

describe.skipIf(noRedis !== undefined)("members of a fleet", () => {
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

  async function member(id: string): Promise<Fleet> {
    const fleet = await join(redis.url, id);
    open.push(fleet);
    return fleet;
  }

  test("two tasks in a moment wake two idle workers, and a third none that works, whatever the roll says", async () => {
    const head = await member("h");
    const job = someJob();
    const digest = await head.roll.keepModels(job.needs);
    const woken: string[] = [];
    for (const id of ["a", "b", "c"]) {
      const worker = await member(id);
      worker.roll.enter(() => someMember(id, { models: digest }));
      void (async () => {
        for await (const { type } of worker.inboxes.listen(id, new AbortController().signal))
          woken.push(`${type} ${id}`);
      })();
    }
    await until(async () => (await head.roll.members()).length === 3);
    const members = new FleetMembers(head, 3, silentLog, () => undefined);
    await members.look();
    // Who begins to listen hears what is said from then on.
    await Bun.sleep(300);
    // The roll says that all three work; of two the log told that they ended.
    const places = new Set(["b/engine"]);
    for (let i = 0; i < 2; i += 1) members.ring(job, places);
    await until(() => woken.length === 2);
    expect(woken.toSorted()).toEqual(["ring a", "ring c"]);
    members.ring(job, new Set(["a/engine", "b/engine", "c/engine"]));
    await Bun.sleep(300);
    expect(woken).toHaveLength(2);
  });

  test("who enters is on the roll, with what it says at the time, and goes with its process", async () => {
    const [a, b] = [await member("a"), await member("b")];
    let state: Member["state"] = "ready";
    const digest = await a.roll.keepModels([{ kind: "checkpoints", name: "a.safetensors", bytes: 7 }]);
    const presence = a.roll.enter(() => someMember("a", { state, models: digest }));
    b.roll.enter(() => someMember("b"));
    await until(async () => (await b.roll.members()).length === 2);
    expect(await b.roll.members()).toEqual([someMember("a", { models: digest }), someMember("b")]);
    expect(await b.roll.models(digest)).toEqual([{ kind: "checkpoints", name: "a.safetensors", bytes: 7 }]);
    expect(await b.roll.models("other")).toBeUndefined();
    state = "draining";
    await presence.update();
    expect((await b.roll.members())[0]?.state).toBe("draining");
    await presence.leave();
    expect((await b.roll.members()).map(({ id }) => id)).toEqual(["b"]);
    // Nobody leaves for one whose process is gone.
    await b.close();
    expect((await a.roll.members()).length).toBe(1);
    await until(async () => (await a.roll.members()).length === 0);
  });

  test("one that looked too long before it came in looks again, and sees who came meanwhile", async () => {
    const [slow, quick] = [await member("slow"), await member("quick")];
    const client = new Redis(redis.url);
    const seen: string[][] = [];
    await slow.roll.admit(
      () => someMember("slow"),
      async (there) => {
        seen.push(there.map(({ id }) => id));
        if (seen.length > 1) return;
        // Its time is over.
        await client.del("{test}:claim:door");
        await quick.roll.admit(
          () => someMember("quick"),
          async () => undefined,
        );
      },
    );
    client.disconnect();
    expect(seen).toEqual([[], ["quick"]]);
    expect((await slow.roll.members()).map(({ id }) => id)).toEqual(["quick", "slow"]);
  });

  test("one that is refused is not on the roll, and holds nobody up", async () => {
    const [refused, other] = [await member("refused"), await member("other")];
    const looked = refused.roll.admit(
      () => someMember("refused"),
      async () => {
        throw new Error("not this one");
      },
    );
    await expect(looked).rejects.toThrow("not this one");
    const client = new Redis(redis.url);
    expect(await client.keys("{test}:claim:*")).toEqual([]);
    client.disconnect();
    await other.roll.admit(
      () => someMember("other"),
      async () => undefined,
    );
    expect((await other.roll.members()).map(({ id }) => id)).toEqual(["other"]);
  });

  test("messages reach the one that they are for, in their order, over a lost connection too", async () => {
    const [head, worker] = [await member("h"), await member("w")];
    const ending = new AbortController();
    const heard: WorkerMessage[] = [];
    await head.inboxes.send("w", { type: "drain" });
    const listening = (async () => {
      for await (const message of worker.inboxes.listen("w", ending.signal)) heard.push(message);
    })();
    await Bun.sleep(300);
    const messages: readonly WorkerMessage[] = [
      { type: "ring" },
      { type: "stop", task: idOf(1) },
      { type: "pause" },
      { type: "skip", task: idOf(2) },
    ];
    for (const message of messages) await head.inboxes.send("w", message);
    await head.inboxes.send("other", { type: "remove" });
    await until(() => heard.length === messages.length);
    const client = new Redis(redis.url);
    await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    client.disconnect();
    await head.inboxes.send("w", { type: "unload" });
    await until(() => heard.length > messages.length);
    // What was sent before anybody listened is not for this one.
    expect(heard).toEqual([...messages, { type: "unload" }]);
    ending.abort();
    await listening;
  });

  test("a claim is one member's, as long as it is renewed", async () => {
    const [a, b] = [await member("a"), await member("b")];
    const both = await Promise.all([a.claims.take("x", 600), b.claims.take("x", 600)]);
    expect(both.filter((claim) => claim !== undefined).length).toBe(1);
    const claim = both.find((one) => one !== undefined);
    for (let i = 0; i < 4; i += 1) {
      await Bun.sleep(250);
      expect(await claim?.renew()).toBe(true);
      expect(await b.claims.take("x", 600)).toBeUndefined();
    }
    await claim?.release();
    const next = await b.claims.take("x", 300);
    expect(next).toBeDefined();
    expect(await claim?.renew()).toBe(false);
    await claim?.release();
    expect(await a.claims.take("x", 300)).toBeUndefined();
    // Its owner died.
    await until(async () => (await a.claims.take("x", 300)) !== undefined);
    expect(await next?.renew()).toBe(false);
  });

  test("of two who want to lead one does, and the other when that one is gone", async () => {
    const [a, b] = [await member("a"), await member("b")];
    const told: string[] = [];
    const first = a.claims.hold("lead", 500, (held) => told.push(`a ${held}`));
    await until(() => first.held);
    const second = b.claims.hold("lead", 500, (held) => told.push(`b ${held}`));
    await Bun.sleep(1_500);
    expect([first.held, second.held]).toEqual([true, false]);
    await first.leave();
    await until(() => second.held);
    expect(first.held).toBe(false);
    const third = a.claims.hold("lead", 500, (held) => told.push(`c ${held}`));
    await b.close();
    await until(() => third.held);
    expect(told).toEqual(["a true", "a false", "b true", "b false", "c true"]);
    await third.leave();
  });

  test("a flag is the whole fleet's", async () => {
    const [a, b] = [await member("a"), await member("b")];
    expect(await b.flags.get("paused")).toBe(false);
    await a.flags.set("paused", true);
    expect(await b.flags.get("paused")).toBe(true);
    await b.flags.set("paused", false);
    expect(await a.flags.get("paused")).toBe(false);
  });
});
