import { afterAll, expect, test } from "bun:test";
import { type RunningBinary, startBinary } from "../support/binary.ts";
import { datagramListener } from "../support/datagram-listener.ts";
import { readMetrics } from "../support/read-metrics.ts";

const started: RunningBinary[] = [];
afterAll(async () => {
  for (const server of started) await server.close();
});

const start = async (flags: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const server = await startBinary(flags, env);
  started.push(server);
  return server;
};

type Line = Readonly<Record<string, unknown>>;

const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body), headers });
const lightning = { prompt: "a red circle", performance_selection: "Lightning" };

test("the binary as a service: its log is JSON, its supervisor hears of it, and it is measured", async () => {
  const socket = `@fooocusd-test-${crypto.randomUUID()}`;
  const supervisor = datagramListener(socket);
  const key = "the-key-of-this-test";
  const flags = ["--log-format", "json", "--api-keys", key, "--shutdown-seconds", "5", "--threads", "1"];
  const server = await start(flags, { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" });
  const { url } = server;
  const headers = { "x-api-key": key };
  const lines = (): readonly Line[] =>
    server
      .output()
      .split("\n")
      .slice(0, -1)
      .map((line): Line => JSON.parse(line));
  const saying = (sentence: string) => lines().filter(({ msg }) => msg === sentence);

  const heard: string[] = [];
  const hears = async (text: string): Promise<void> => {
    while (!heard.some((one) => one.split("\n").includes(text))) {
      heard.push(...supervisor.received());
      await Bun.sleep(10);
    }
  };
  await hears("READY=1");
  await hears("WATCHDOG=1");
  expect(heard[0]).toBe(`READY=1\nSTATUS=Ready at ${url}`);
  // The start's last line; from then on requests are told too.
  expect(lines().findLast(({ msg }) => msg !== "a request was answered")).toMatchObject({
    level: "info",
    part: "server",
    msg: "fooocusd is ready",
    dashboard: `${url}/dashboard`,
    docs: `${url}/docs`,
  });
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: "ready" });

  const made = await post(url, lightning, { ...headers, "x-request-id": "from-the-proxy-1" });
  expect([made.status, made.headers.get("x-request-id")]).toEqual([200, "from-the-proxy-1"]);
  await made.json();
  await hears(`STATUS=Draws 1, 0 wait; at ${url}`);
  const [task] = saying("a task ended");
  expect(task).toMatchObject({
    request: "from-the-proxy-1",
    door: "fooocus-api",
    outcome: "finished",
    images: 1,
  });
  for (const name of ["ran_ms", "denoising_ms", "decoding_ms"]) expect(task?.[name]).toBeGreaterThan(0);
  const opened = saying("opened a network");
  expect(opened.length).toBeGreaterThan(2);
  for (const line of opened) expect(line).toMatchObject({ part: "engine", task: task?.["task"] });
  expect(saying("a request was answered")).toContainEqual(
    expect.objectContaining({
      method: "POST",
      path: "/v1/engine/generate/",
      status: 200,
      request: "from-the-proxy-1",
    }),
  );

  expect((await fetch(`${url}/metrics`)).status).toBe(403);
  const authorization = `Bearer ${key}`;
  const value = readMetrics(await (await fetch(`${url}/metrics`, { headers: { authorization } })).text());
  expect(value("fooocusd_tasks_total", { door: "fooocus-api", outcome: "finished" })).toBe(1);
  expect(value("fooocusd_step_seconds_count")).toBeGreaterThan(0);
  expect(value("fooocusd_open_networks_bytes")).toBeGreaterThan(1e6);
  expect(value("fooocusd_engine_state", { engine: "engine", state: "ready" })).toBe(1);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(1e7);
  const refused = { route: "/metrics", status: "403" };
  expect(value("fooocusd_http_request_duration_seconds_count", refused)).toBe(1);

  const long = {
    prompt: "a red circle",
    performance_selection: "Quality",
    image_number: 8,
    async_process: true,
  };
  await post(url, long, headers);
  await hears(`STATUS=Draws 1, 0 wait; at ${url}`);
  while ((await (await fetch(`${url}/tasks?query=current`, { headers })).json()).length === 0)
    await Bun.sleep(20);
  const ended = server.terminate();
  await hears("STOPPING=1");
  const closing = await fetch(`${url}/readyz`);
  expect([closing.status, (await closing.json()).check]).toEqual([503, "closing"]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await ended).toBe(0);
  expect(saying("stopping when the picture at hand is finished; a second signal hands it back").length).toBe(
    1,
  );
  expect(server.output()).not.toContain(key);
  expect(server.output()).not.toContain(lightning.prompt);
  supervisor.close();
}, 300_000);

test("who starts the binary by hand reads last where to go", async () => {
  const server = await start([]);
  const { url } = server;
  while (!server.output().includes("is ready")) await Bun.sleep(10);
  const ready = `fooocusd is ready: open ${url}/dashboard and say what to draw; the API's documentation is at ${url}/docs`;
  expect(server.output().trim().split("\n").at(-1)).toBe(ready);
  await fetch(`${url}/tasks`);
  while (!server.output().includes("a request was answered")) await Bun.sleep(10);
  expect(server.output()).toMatch(
    /^\S+Z info {2}a request was answered method=GET path=\/tasks status=200 ms=[\d.]+ request=[\da-f-]{36}$/m,
  );
}, 60_000);
