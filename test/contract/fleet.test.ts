import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../support/fleet-bench.ts";
import { noRedis } from "../support/own-redis.ts";
import { gate } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";
import { type Answer, type SteeredFleet, steeredFleet } from "../support/steered-fleet.ts";

setDefaultTimeout(180_000);
if (noRedis !== undefined) process.stderr.write(`contract/fleet: skipped, ${noRedis}\n`);

const post = (fleet: SteeredFleet, path: string) => fleet.ask(`/v1/fleet/${path}`, { method: "POST" });
const see = async (fleet: SteeredFleet): Promise<Answer> => (await fleet.ask("/v1/fleet")).body;
const member = async (fleet: SteeredFleet, id: string): Promise<Answer> =>
  (await see(fleet)).members.find((one: Answer) => one.id === id);
const isIn = (fleet: SteeredFleet, id: string, state: string | undefined) => async () =>
  (await member(fleet, id))?.state === state;
const isEnded = (fleet: SteeredFleet, id: string) => async () =>
  (await fleet.ask(`/tasks/${id}`)).body.task_status === "finished";
/** Whether something is fulfilled already. */
const isFulfilled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), Bun.sleep(50).then(() => false)]);

test("a server that is in no fleet says so, whatever it is asked", async () => {
  await using bench = await serveBench();
  for (const [method, path] of [
    ["GET", "/v1/fleet"],
    ["POST", "/v1/fleet/w1/pause"],
  ] as const) {
    const answer = await fetch(bench.url + path, { method });
    expect(answer.status).toBe(404);
    expect((await answer.json()).detail).toMatch(
      /^This server is in no fleet: .* setting fleet names the Redis/,
    );
  }
});

describe.skipIf(noRedis !== undefined)("a fleet", () => {
  test("its members are told of, with what they do; a task that waits says why", async () => {
    await using fleet = await steeredFleet();
    const before = await see(fleet);
    expect(before).toMatchObject({ heads: 1, paused: false, waiting: [] });
    expect(before.workers).toEqual({ ready: 0, busy: 0, paused: 0, draining: 0, lost: 0 });
    const [head] = before.members;
    expect(head).toMatchObject({
      id: "h1",
      role: "head",
      state: "ready",
      lost_at: null,
      engines: [],
      rates: {},
    });
    await until(async () => (await member(fleet, "h1")).leads === true);

    const id = await fleet.give();
    await until(async () => (await see(fleet)).waiting.length === 1);
    const [line] = (await see(fleet)).waiting;
    expect(line).toMatchObject({ tasks: 1, why: "No worker is there; start one." });
    expect(line.needs.map(({ kind }: Answer) => kind)).toContain("checkpoints");
    expect(line.since).toBeGreaterThan(Date.now() - 60_000);

    const held = gate();
    await fleet.worker("w1", { beforeStep: () => held.passed });
    await until(async () => (await see(fleet)).workers.busy === 1);
    // The task is told of at once, what is open with the next look at the roll.
    await until(async () => (await member(fleet, "w1")).engines[0]?.checkpoint !== null);
    const busy = await member(fleet, "w1");
    expect(busy).toMatchObject({ role: "worker", state: "ready", leads: false, lost_at: null });
    expect(busy.engines).toEqual([
      { name: "cpu", device: "cpu", state: "busy", task_id: id, checkpoint: line.checkpoint },
    ]);
    held.open();
    await until(isEnded(fleet, id));
    await until(async () => (await member(fleet, "w1")).rates.pictures === 1);
    const { rates } = await member(fleet, "w1");
    expect(rates.tasks).toBe(1);
    expect(rates.pictures_per_hour).toBeGreaterThan(0);
    expect((await see(fleet)).workers).toMatchObject({ ready: 1, busy: 0 });
  });

  test("a paused worker takes nothing until it is resumed, and is seen to; the others go on", async () => {
    await using fleet = await steeredFleet();
    await fleet.worker("w1");
    await until(isIn(fleet, "w1", "ready"));
    expect(await post(fleet, "w1/pause")).toEqual({ status: 200, body: { id: "w1", action: "pause" } });
    // At once, not with the next look at the roll.
    await until(isIn(fleet, "w1", "paused"), 1000);
    const id = await fleet.give();
    await until(async () => (await see(fleet)).waiting.length === 1);
    await Bun.sleep(1500);
    const [line] = (await see(fleet)).waiting;
    expect(line.why).toBe(
      "All workers that could make them are paused or about to leave; resume one, or start another.",
    );
    expect((await see(fleet)).workers.paused).toBe(1);
    // Said twice is said once.
    expect((await post(fleet, "w1/pause")).status).toBe(200);
    expect((await post(fleet, "w1/resume")).status).toBe(200);
    await until(isEnded(fleet, id));
    expect((await member(fleet, "w1")).state).toBe("ready");
  });

  test("one that is paused finishes what it has", async () => {
    await using fleet = await steeredFleet();
    const held = gate();
    await fleet.worker("w1", { beforeStep: () => held.passed });
    const id = await fleet.give();
    await until(async () => (await see(fleet)).workers.busy === 1);
    await post(fleet, "w1/pause");
    await until(isIn(fleet, "w1", "paused"));
    held.open();
    await until(isEnded(fleet, id));
  });

  test("drain: it finishes what it has, takes nothing more and leaves, and nobody takes it for lost", async () => {
    await using fleet = await steeredFleet();
    const held = gate();
    const worker = await fleet.worker("w1", { beforeStep: () => held.passed });
    const id = await fleet.give();
    await until(async () => (await see(fleet)).workers.busy === 1);
    const next = await fleet.give();
    expect((await post(fleet, "w1/drain")).status).toBe(200);
    await until(isIn(fleet, "w1", "draining"), 1000);
    expect(await isFulfilled(worker.left)).toBe(false);
    const refused = await post(fleet, "w1/pause");
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toBe(
      "w1 is about to leave and takes nothing more; resume it first, if it is to stay.",
    );
    held.open();
    await worker.left;
    await worker.close();
    await until(isEnded(fleet, id));
    await until(isIn(fleet, "w1", undefined));
    const after = await see(fleet);
    expect(after.workers).toEqual({ ready: 0, busy: 0, paused: 0, draining: 0, lost: 0 });
    expect(after.waiting).toMatchObject([{ tasks: 1, why: "No worker is there; start one." }]);
    await fleet.worker("w2");
    await until(isEnded(fleet, next));
  });

  test("an idle one that is drained leaves at once; one that is resumed before its last task is over stays", async () => {
    await using fleet = await steeredFleet();
    const held = gate();
    const stays = await fleet.worker("w1", { beforeStep: () => held.passed });
    const id = await fleet.give();
    await until(async () => (await see(fleet)).workers.busy === 1);
    const idle = await fleet.worker("w2");
    await until(isIn(fleet, "w2", "ready"));
    await post(fleet, "w2/drain");
    await idle.left;
    await post(fleet, "w1/drain");
    await until(isIn(fleet, "w1", "draining"));
    await post(fleet, "w1/resume");
    await until(isIn(fleet, "w1", "ready"));
    held.open();
    await until(isEnded(fleet, id));
    const next = await fleet.give();
    await idle.close();
    await until(isEnded(fleet, next));
    expect(await isFulfilled(stays.left)).toBe(false);
  });

  test("remove: it hands its task back at once, with its pictures and without an attempt, and leaves", async () => {
    await using fleet = await steeredFleet();
    const held = gate();
    const second = gate();
    const worker = await fleet.worker("w1", {
      beforeStep: ({ image }) => {
        if (image === 0) return undefined;
        second.open();
        return held.passed;
      },
    });
    const id = await fleet.give({ image_number: 2 });
    await second.passed;
    expect((await post(fleet, "w1/remove")).status).toBe(200);
    // Its engine is still held: it is not waited for.
    await worker.left;
    await until(async () => (await see(fleet)).waiting.length === 1);
    const seen: number[] = [];
    await fleet.worker("w2", { beforeStep: ({ image }) => void seen.push(image) });
    await until(isEnded(fleet, id));
    // The first picture is not made again: what is left is one, which is the engine's first.
    expect(new Set(seen)).toEqual(new Set([0]));
    expect((await fleet.ask(`/tasks/${id}`)).body.result).toHaveLength(2);
    held.open();
    await worker.close();
    await until(isIn(fleet, "w1", undefined));
    expect((await see(fleet)).workers.lost).toBe(0);
  });

  test("who is not there, is a head, or is told what there is no word for", async () => {
    await using fleet = await steeredFleet();
    const unknown = await post(fleet, "nobody/drain");
    expect(unknown.status).toBe(404);
    expect(unknown.body.detail).toBe(
      "There is no member nobody in this fleet; GET /v1/fleet lists who is there.",
    );
    const head = await post(fleet, "h1/pause");
    expect(head.status).toBe(409);
    expect(head.body.detail).toBe(
      "h1 is a head: it makes no pictures, so there is nothing to pause; a head is ended by a signal to its process.",
    );
    const word = await post(fleet, "h1/dance");
    expect(word.status).toBe(422);
    expect(word.body.detail[0]).toMatchObject({ loc: ["path", "action"], input: "dance" });
    expect((await fleet.ask("/v1/fleet/h1/pause")).status).toBe(405);
  });

  test("the key is asked for", async () => {
    await using fleet = await steeredFleet("--api-keys", "k");
    await fleet.worker("w1");
    expect((await fleet.ask("/v1/fleet")).status).toBe(403);
    expect((await post(fleet, "w1/drain")).status).toBe(403);
    const headers = { "x-api-key": "k" };
    expect((await fleet.ask("/v1/fleet", { headers })).status).toBe(200);
    expect((await fleet.ask("/v1/fleet/w1/pause", { method: "POST", headers })).status).toBe(200);
  });

  test("the live channel hears of a change within a moment", async () => {
    await using fleet = await steeredFleet();
    await fleet.worker("w1");
    await until(isIn(fleet, "w1", "ready"));
    const heard: Answer[] = [];
    const socket = new WebSocket(`${fleet.url.replace("http", "ws")}/v1/live`);
    socket.onmessage = ({ data }: MessageEvent<unknown>) =>
      void (typeof data === "string" && heard.push(JSON.parse(data)));
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    socket.send(JSON.stringify({ type: "subscribe", tasks: "all" }));
    await Bun.sleep(2000);
    heard.length = 0;
    await post(fleet, "w1/pause");
    await until(() => heard.some(({ type }) => type === "engine"), 1000);
    socket.close();
  });

  test("a worker that is gone without a word is lost, until it is back", async () => {
    await using fleet = await steeredFleet();
    const child = await gone(fleet, "w9");
    await until(isIn(fleet, "w9", "ready"));
    child.kill("SIGKILL");
    await child.exited;
    await until(isIn(fleet, "w9", "lost"), 30_000);
    expect((await member(fleet, "w9")).lost_at).toBeGreaterThan(Date.now() - 60_000);
    expect((await see(fleet)).workers.lost).toBe(1);
    const refused = await post(fleet, "w9/drain");
    expect(refused.status).toBe(404);
    expect(refused.body.detail).toMatch(/^The worker w9 was lost, /);
    await fleet.worker("w9");
    await until(isIn(fleet, "w9", "ready"));
    expect((await see(fleet)).workers.lost).toBe(0);
  });

  test("without Redis both routes say so, and no page of measures waits for it", async () => {
    await using fleet = await steeredFleet();
    await fleet.worker("w1");
    await until(isIn(fleet, "w1", "ready"));
    await fleet.redis.stop();
    const [seen, told] = await Promise.all([fleet.ask("/v1/fleet"), post(fleet, "w1/pause")]);
    for (const { status, body } of [seen, told]) {
      expect(status).toBe(503);
      expect(body.detail).toMatch(/Redis .* cannot be used/);
    }
    const began = Date.now();
    const page = await (await fetch(`${fleet.url}/metrics`)).text();
    expect(Date.now() - began).toBeLessThan(3000);
    expect(page).toContain("fooocusd_fleet_redis_up 0");
    await fleet.redis.start();
    await until(async () => (await fleet.ask("/v1/fleet")).status === 200);
  });
});

/** A worker in a process of its own, to be killed. */
async function gone({ redis, places }: SteeredFleet, name: string) {
  const script = `${import.meta.dir}/../support/fleet-worker-child.ts`;
  const child = Bun.spawn(
    [process.execPath, "run", script, "--fleet", redis.url, "--member-name", name, ...places],
    { stdout: "ignore", stderr: "ignore" },
  );
  return child;
}
