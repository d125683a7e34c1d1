import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createMetrics } from "#/metrics/create-metrics.ts";
import { redisAnswers } from "#/routes/ready-checks.ts";
import { FleetEvents } from "#/tasks/fleet/fleet-events.ts";
import type { FleetMeasures } from "#/tasks/fleet/fleet-view.ts";
import { idOf, join, until } from "../support/fleet-bench.ts";
import { freePort } from "../support/free-port.ts";
import { noRedis, ownRedis } from "../support/own-redis.ts";
import { readMetrics } from "../support/read-metrics.ts";
import { gate } from "../support/scripted-engine.ts";
import { steeredFleet } from "../support/steered-fleet.ts";

setDefaultTimeout(180_000);
if (noRedis !== undefined) process.stderr.write(`contract/fleet-metrics: skipped, ${noRedis}\n`);

const page = async (url: string) => readMetrics(await (await fetch(`${url}/metrics`)).text());

describe.skipIf(noRedis !== undefined)("the measures of a fleet", () => {
  test("a head has it in numbers, and no id of a worker in a label", async () => {
    await using fleet = await steeredFleet();
    const ready = async () => await (await fetch(`${fleet.url}/readyz`)).json();
    expect(await ready()).toEqual({
      status: "ready",
      note: "No worker of the fleet is there; tasks wait until one comes.",
    });
    const stuck = await fleet.give();
    await until(async () => (await page(fleet.url))("fooocusd_fleet_tasks_stuck") === 1);
    const before = await page(fleet.url);
    expect(before("fooocusd_fleet_redis_up")).toBe(1);
    expect(before("fooocusd_fleet_heads")).toBe(1);
    expect(before("fooocusd_tasks_waiting")).toBe(1);
    expect(before("fooocusd_fleet_workers", { state: "ready" })).toBe(0);
    // It is looked at now and then, and rises.
    const oldest = async () => (await page(fleet.url))("fooocusd_fleet_oldest_waiting_seconds");
    const first = await oldest();
    while ((await oldest()) <= first) await Bun.sleep(50);

    const held = gate();
    await fleet.worker("worker-with-a-name", { beforeStep: () => held.passed });
    await until(async () => (await page(fleet.url))("fooocusd_fleet_workers", { state: "busy" }) === 1);
    const busy = await page(fleet.url);
    expect(busy("fooocusd_fleet_tasks_stuck")).toBe(0);
    expect(busy("fooocusd_fleet_oldest_waiting_seconds")).toBe(0);
    expect(busy("fooocusd_fleet_engines", { state: "busy" })).toBe(1);
    expect(await ready()).toEqual({ status: "ready" });
    held.open();
    await until(async () => (await fleet.ask(`/tasks/${stuck}`)).body.task_status === "finished");
    await until(async () => (await page(fleet.url))("fooocusd_images_total") === 1);
    const after = await page(fleet.url);
    expect(after("fooocusd_tasks_total", { door: "fooocus-api", outcome: "finished" })).toBe(1);
    expect(after("fooocusd_fleet_leads")).toBe(1);
    expect(after("fooocusd_fleet_leases_lost_total")).toBe(0);
    await until(async () => (await page(fleet.url))("fooocusd_fleet_log_lag_entries") === 0);
    expect(await (await fetch(`${fleet.url}/metrics`)).text()).not.toContain("worker-with-a-name");
  });

  test("an end that several heads hear of is counted by the one that recorded it", async () => {
    const redis = await ownRedis("maxmemory-policy", "noeviction");
    const over = new AbortController();
    const heads = await Promise.all(["h1", "h2"].map((id) => join(redis.url, id)));
    const told = heads.map((fleet) => {
      const events = new FleetEvents(fleet.log, 0, Date.now);
      const metrics = createMetrics({ version: "0", runtime: "tests" });
      metrics.watch(
        {
          subscribe: (listener) => events.subscribe(listener),
          queue: { pending: [], paused: false },
          running: () => [],
          engines: () => [],
          engineState: () => ({ state: "ready", device: null, refused: [], loaded: [] }),
        },
        {
          doors: ["fooocus-api"],
          queueLimit: 1,
          disk: () => ({ free: 1, size: 1 }),
          fleet: measuresOf(events),
        },
      );
      const hear = async (): Promise<void> => {
        for await (const item of fleet.log.read(0, over.signal))
          if (!("gap" in item) && item.entry.type === "settled")
            events.take({ ...item.entry, seq: item.seq, at: item.at });
      };
      void hear();
      return { events, metrics };
    });
    const end = {
      status: "finished",
      result: ["a"],
      error: null,
      warnings: [],
      door: "fooocus-api",
      ranMs: 1,
    } as const;
    const timings = {
      queued_ms: 1,
      loading_ms: 1,
      encoding_ms: 1,
      denoising_ms: 1,
      decoding_ms: 1,
      saving_ms: 1,
    };
    for (const n of [1, 2, 3]) told[n % 2]?.events.addTask(idOf(n), { type: "settled", ...end, timings });
    await until(() => told.every(({ events }) => events.seq === 3));
    const counts = await Promise.all(told.map(async ({ metrics }) => taskCount(await metrics.page())));
    expect(counts).toEqual([1, 2]);
    over.abort();
    await Promise.all(heads.map((fleet) => fleet.close()));
    await redis.close();
  });

  test("a worker has a page of its own: what it made, whether it is ready, with the key", async () => {
    await using fleet = await steeredFleet();
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const keyed = ["--metrics-port", `${port}`, "--api-keys", "k"];
    const worker = await fleet.worker("w1", {}, ...keyed);
    expect((await fetch(`${url}/metrics`)).status).toBe(403);
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok" });
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: "ready" });
    expect((await fetch(`${url}/tasks`)).status).toBe(404);
    const id = await fleet.give({ image_number: 2 });
    await until(async () => (await fleet.ask(`/tasks/${id}`)).body.task_status === "finished");
    const headers = { authorization: "Bearer k" };
    const value = async () => readMetrics(await (await fetch(`${url}/metrics`, { headers })).text());
    await until(async () => (await value())("fooocusd_worker_tasks_total") === 1);
    const made = await value();
    expect(made("fooocusd_worker_images_total")).toBe(2);
    expect(made("fooocusd_worker_steps_total")).toBe(8);
    expect(made("fooocusd_worker_busy_seconds_total")).toBeGreaterThan(0);
    expect(made("fooocusd_worker_put_back_total")).toBe(0);
    expect(made("fooocusd_worker_state", { state: "ready" })).toBe(1);
    expect(made("fooocusd_engine_state", { engine: "cpu", state: "ready" })).toBe(1);
    expect(made("fooocusd_fleet_redis_up")).toBe(1);
    await fleet.ask("/v1/fleet/w1/drain", { method: "POST" });
    await worker.left;
    const leaving = await fetch(`${url}/readyz`);
    expect(leaving.status).toBe(503);
    expect(await leaving.json()).toMatchObject({ check: "leaving" });
    await worker.close();
    await fleet.worker("w2", {}, "--metrics-port", `${port}`);
    await expect(fleet.worker("w3", {}, "--metrics-port", `${port}`)).rejects.toThrow(/--metrics-port/);
  });
});

test("a head bridges a short while without Redis, and says so when it is long", () => {
  let tell: (state: "gone" | "back") => void = () => undefined;
  let now = 0;
  const redis = { reachable: true, onTrouble: (listener: typeof tell) => void (tell = listener) };
  const check = redisAnswers(redis, 1000, () => now);
  expect(check.failing()).toBeUndefined();
  tell("gone");
  now = 999;
  expect(check.failing()).toBeUndefined();
  now = 1000;
  expect(check.failing()).toMatch(/^The fleet's Redis does not answer/);
  tell("back");
  expect(check.failing()).toBeUndefined();
});

const taskCount = (text: string): number =>
  readMetrics(text)("fooocusd_tasks_total", { door: "fooocus-api", outcome: "finished" });

const measuresOf = (events: FleetEvents): FleetMeasures => ({
  reachable: () => true,
  leads: () => false,
  counts: () => ({
    heads: 2,
    workers: { ready: 0, busy: 0, paused: 0, draining: 0, lost: 0 },
    engines: { starting: 0, ready: 0, busy: 0, failed: 0, restarting: 0 },
  }),
  leasesLost: () => 0,
  isOwnEnd: (task) => events.isOwnEnd(task),
  asked: async () => ({ stuck: 0, oldest: undefined, lag: 0 }),
});
