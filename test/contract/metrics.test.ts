import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { liveClient } from "../support/live-client.ts";
import { readMetrics } from "../support/read-metrics.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

// On a busy machine everything takes its time; nothing here is about how long.
setDefaultTimeout(300_000);

const receiver = Bun.serve({
  port: 0,
  fetch: (request) => new Response("", { status: request.url.endsWith("/no") ? 500 : 200 }),
});
afterAll(() => receiver.stop(true));
const hook = (path: string): string => `http://127.0.0.1:${receiver.port}${path}`;

test("the page is Prometheus' text format, and needs the key, which a scraper says as a bearer", async () => {
  await using bench = await serveBench({ keys: ["k"] });
  const ask = (headers: Record<string, string>) => fetch(`${bench.url}/metrics`, { headers });
  expect((await ask({})).status).toBe(403);
  const answer = await ask({ authorization: "Bearer k" });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const value = readMetrics(await answer.text());
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(value("fooocusd_outputs_free_bytes")).toBeGreaterThan(0);
  expect(value("fooocusd_build_info", { runtime: "tests" })).toBe(1);
});

test("requests are counted by route as it is declared, never by path", async () => {
  await using bench = await serveBench();
  const paths = [
    "/tasks/1",
    "/tasks/2",
    "/tasks/3",
    "/nowhere/1",
    "/nowhere/2",
    "/outputs/a/b.png",
    "/%2e%2e/x",
  ];
  for (const path of paths) await fetch(bench.url + path);
  await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body: "{" });
  await fetch(`${bench.url}/v1/engine/generate/`, { method: "PATCH" });
  const text = await (await fetch(`${bench.url}/metrics`)).text();
  const count = readMetrics(text);
  const of = (method: string, route: string, status: number) =>
    count("fooocusd_http_request_duration_seconds_count", { method, route, status: `${status}` });
  expect(of("GET", "/tasks/:task_id", 200)).toBe(3);
  expect(of("GET", "none", 404)).toBe(3);
  expect(of("GET", "/outputs/:dir_name/:file_name", 404)).toBe(1);
  expect(of("POST", "/v1/engine/generate/", 422)).toBe(1);
  expect(of("other", "/v1/engine/generate/", 405)).toBe(1);
  for (const path of ["/tasks/1", "nowhere", "b.png"]) expect(text).not.toContain(path);
});

test("tasks, pictures, steps and times are counted by door and outcome; the queue is as it is", async () => {
  const held = gate();
  const engine = new ScriptedEngine({
    beforeStep: async ({ image }) => {
      if (image === 2) throw new Error("the engine broke");
      await held.passed;
    },
  });
  await using bench = await serveBench({ engine });
  const page = async () => readMetrics(await (await fetch(`${bench.url}/metrics`)).text());
  const done = await bench.tasks.submit({ ...small, image_number: 2 });
  const failed = await bench.tasks.submit({ ...small, image_number: 3 });
  const legacy = await bench.tasks.submit(small, { door: { name: "legacy", word: "x" } });
  const cancelled = await bench.tasks.submit(small);
  await soon(() => bench.tasks.running().length === 1);
  const meanwhile = await page();
  expect(meanwhile("fooocusd_tasks_waiting")).toBe(3);
  expect(meanwhile("fooocusd_tasks_running")).toBe(1);
  expect(meanwhile("fooocusd_queue_limit")).toBe(100);
  await bench.tasks.control(cancelled.id, "cancel");
  await bench.tasks.pause(true);
  expect((await page())("fooocusd_queue_paused")).toBe(1);
  await bench.tasks.pause(false);
  held.open();
  const never = new AbortController().signal;
  for (const { id } of [done, failed, legacy]) await bench.tasks.settled(id, never);
  const value = await page();
  const tasks = (door: string, outcome: string) => value("fooocusd_tasks_total", { door, outcome });
  expect(tasks("fooocus-api", "finished")).toBe(1);
  expect(tasks("fooocus-api", "failed")).toBe(1);
  expect(tasks("fooocus-api", "cancelled")).toBe(1);
  expect(tasks("fooocus-api", "stopped")).toBe(0);
  expect(tasks("legacy", "finished")).toBe(1);
  expect(value("fooocusd_images_total")).toBe(5);
  expect(value("fooocusd_task_waiting_seconds_count")).toBe(3);
  expect(value("fooocusd_task_running_seconds_count")).toBe(3);
  // Three milliseconds an image, as the engine says it.
  expect(value("fooocusd_stage_seconds_total", { stage: "denoising" })).toBeCloseTo(0.015, 6);
  expect(value("fooocusd_step_seconds_count")).toBe(4 * 5);
  expect(value("fooocusd_tasks_waiting")).toBe(0);
});

test("what is connected now, and what became of webhooks", async () => {
  await using bench = await serveBench();
  const value = async (name: string, labels: Record<string, string>) =>
    readMetrics(await (await fetch(`${bench.url}/metrics`)).text())(name, labels);
  const client = await liveClient(bench.url);
  const left = new AbortController();
  await fetch(`${bench.url}/v1/events`, { signal: left.signal });
  for (const kind of ["socket", "stream"]) expect(await value("fooocusd_connections", { kind })).toBe(1);
  client.close();
  left.abort();
  const open = async () =>
    (await value("fooocusd_connections", { kind: "socket" })) +
    (await value("fooocusd_connections", { kind: "stream" }));
  while ((await open()) > 0) await Bun.sleep(10);
  await bench.tasks.submit({ ...small, webhook_url: hook("/yes") });
  await bench.tasks.submit({ ...small, webhook_url: hook("/no") });
  const posts = (outcome: string) => value("fooocusd_webhooks_total", { outcome });
  while ((await posts("delivered")) + (await posts("failed")) < 2) await Bun.sleep(10);
  expect([await posts("delivered"), await posts("failed"), await posts("given-up")]).toEqual([1, 1, 0]);
});

test("the engine's state, how often it broke, and what is open in it", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine });
  const page = async () => readMetrics(await (await fetch(`${bench.url}/metrics`)).text());
  const ready = { state: "ready", device: "cpu", refused: [] } as const;
  engine.change({
    ...ready,
    loaded: [
      { name: "unet", bytes: 700 },
      { name: "vae", bytes: 50 },
    ],
  });
  const before = await page();
  expect(before("fooocusd_open_networks")).toBe(2);
  expect(before("fooocusd_open_networks_bytes")).toBe(750);
  expect(before("fooocusd_engine_state", { engine: "scripted", state: "ready" })).toBe(1);
  engine.change({ ...ready, state: "failed", loaded: [] });
  engine.change({ ...ready, state: "restarting", loaded: [] });
  const after = await page();
  expect(after("fooocusd_engine_breaks_total", { engine: "scripted" })).toBe(1);
  expect(after("fooocusd_engine_state", { engine: "scripted", state: "restarting" })).toBe(1);
  expect(after("fooocusd_engine_state", { engine: "scripted", state: "ready" })).toBe(0);
});
