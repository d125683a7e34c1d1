import { expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { keptLog } from "../support/kept-log.ts";
import { liveClient } from "../support/live-client.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

// On a busy machine everything takes its time; nothing here is about how long.
setDefaultTimeout(300_000);

const answered = "a request was answered";
const key = "a-very-secret-key";
const body = { ...small, image_seed: 7 };
const prompt = "a prompt that is nobody else's business";

test("a request is one line with its way, status, time and the id that the answer says", async () => {
  const { log, saying } = keptLog();
  await using bench = await serveBench({ log });
  const asked = [
    "/tasks?query=current&page_size=3",
    "/v1/engines/styles",
    "/tasks/none",
    "/nowhere",
    "/tasks/",
  ];
  const answers = await Promise.all(asked.map((path) => fetch(bench.url + path, { redirect: "manual" })));
  const refused = await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body: "{" });
  const said = saying(answered);
  expect(said.length).toBe(6);
  for (const [index, answer] of [...answers, refused].entries()) {
    const id = answer.headers.get("x-request-id");
    const lines = said.filter(({ request }) => request === id);
    const path = asked[index] ?? "/v1/engine/generate/";
    const method = index === 5 ? "POST" : "GET";
    expect(lines).toEqual([
      expect.objectContaining({ level: "info", part: "server", method, path, status: answer.status }),
    ]);
    expect(lines[0]?.["ms"]).toBeGreaterThanOrEqual(0);
  }
});

test("a client that leaves before it is answered is no failure of the server's", async () => {
  const { log, saying } = keptLog();
  const held = gate();
  await using bench = await serveBench({
    log,
    engine: new ScriptedEngine({ beforeStep: () => held.passed }),
  });
  const leaving = new AbortController();
  const init = { method: "POST", body: JSON.stringify(body), signal: leaving.signal };
  const asked = fetch(`${bench.url}/v1/engine/generate/`, init).catch(() => "left");
  expect(await soon(() => bench.tasks.running().length === 1)).toBe(true);
  leaving.abort();
  expect(await asked).toBe("left");
  expect(await soon(() => saying(answered).length === 1)).toBe(true);
  expect(saying(answered)[0]).toMatchObject({ level: "info", status: 499 });
  held.open();
});

test("nor is one that leaves in the middle of its body", async () => {
  const { log, lines, saying } = keptLog("debug");
  await using bench = await serveBench({ log });
  const { port } = new URL(bench.url);
  const heads = ["Content-Length: 1000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"];
  const paths = ["/v1/engine/generate/", "/v1/images/generations", "/sdapi/v1/txt2img", "/mcp"];
  const asked = paths.flatMap((path) => heads.map((head) => ({ path, head })));
  for (const [index, { path, head }] of asked.entries()) {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    const type = "Content-Type: application/json";
    socket.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${type}\r\n${head}`, () =>
      socket.destroy(),
    );
    if (await soon(() => saying(answered).length === index + 1)) continue;
    throw new Error(`${path} was not told of`);
  }
  expect(saying(answered).map(({ status }) => status)).toEqual(asked.map(() => 499));
  expect(lines.filter((line) => line.includes("unexpectedly"))).toEqual([]);
});

test("a request keeps an id that is one plain word, and gets one instead of anything else", async () => {
  const { log, saying } = keptLog();
  await using bench = await serveBench({ log });
  const idOf = async (said: string) =>
    (await fetch(`${bench.url}/tasks`, { headers: { "x-request-id": said } })).headers.get("x-request-id");
  for (const kept of ["7f3a", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "proxy:a/b+c=@d"])
    expect(await idOf(kept)).toBe(kept);
  for (const replaced of ["", "two words", 'a"b', "x".repeat(129), "a\tb", "{}", "é"])
    expect(await idOf(replaced)).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(saying(answered).map(({ request }) => request)).size).toBe(10);
});

test("no line of level info has a key, a prompt, or a value that nobody asked for", async () => {
  const { log, lines } = keptLog();
  await using bench = await serveBench({ log, keys: [key] });
  const headers = { "x-api-key": key };
  const asked = JSON.stringify({ ...body, prompt, negative_prompt: prompt });
  await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body: asked, headers });
  await fetch(`${bench.url}/tasks?api_key=${key}&page=0&${key}=1`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const client = await liveClient(bench.url);
  client.say({ type: "auth", key });
  await client.ask({ type: "generate", id: 1, request: { ...body, prompt } });
  client.close();
  await soon(() => lines.some((line) => line.includes("a live connection ended")));
  const all = lines.join("\n");
  expect(all).toContain('"path":"/tasks?api_key=…&page=0');
  expect(all).not.toContain(prompt);
  // A name is not a value; what a client hides in one it shows itself.
  expect(all.replace(`&${key}=…`, "")).not.toContain(key);
});

test("what a client sends forges no line", async () => {
  const { log, lines } = keptLog();
  await using bench = await serveBench({ log });
  const { hostname, port } = new URL(bench.url);
  const sent = connect(Number(port), hostname);
  const forged = '/x%0a{"level":"error"}%c2%85%e2%80%a8%1b[2J?page=%0d%0aforged&a%0ab=c';
  sent.end(`GET ${forged} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: a b\r\n\r\n`);
  await fetch(`${bench.url}/${"y".repeat(5000)}?${"z".repeat(9000)}=1`);
  await soon(() => lines.length === 2);
  for (const line of lines) {
    expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    expect(line.length).toBeLessThan(600);
    expect(JSON.parse(line)).toMatchObject({ level: "info", msg: answered, method: "GET" });
  }
});

test("who only looks at the server, or loads its pages, is told at level debug", async () => {
  for (const [level, count] of [
    ["info", 0],
    ["debug", 8],
  ] as const) {
    const { log, saying } = keptLog(level);
    await using bench = await serveBench({ log });
    for (const path of ["/healthz", "/readyz", "/metrics", "/dashboard", "/docs", "/openapi.json", "/"])
      await fetch(bench.url + path, { redirect: "manual" });
    await fetch(`${bench.url}/tasks`, {
      method: "OPTIONS",
      headers: { origin: "http://a.b", "access-control-request-method": "GET" },
    });
    expect(saying(answered).length).toBe(count);
  }
});

test("an event stream is told once, when it has ended, with the time that it took", async () => {
  const { log, saying } = keptLog();
  const draw = gate();
  await using bench = await serveBench({
    log,
    engine: new ScriptedEngine({ beforeStep: () => draw.passed }),
  });
  const { id } = await bench.tasks.submit(small);
  const left = new AbortController();
  const [read, given] = await Promise.all([
    fetch(`${bench.url}/tasks/${id}/events`),
    fetch(`${bench.url}/v1/events`, { signal: left.signal }),
  ]);
  await Bun.sleep(50);
  expect(saying("an event stream ended")).toEqual([]);
  draw.open();
  expect(await read.text()).toContain("event: settled");
  left.abort();
  const ended = () => saying("an event stream ended");
  expect(await soon(() => ended().length === 2)).toBe(true);
  expect(ended().map(({ path }) => path)).toEqual([`/tasks/${id}/events`, "/v1/events"]);
  expect(ended()[0]).toMatchObject({ status: 200, request: read.headers.get("x-request-id") });
  expect(ended()[1]).toMatchObject({ status: 200, request: given.headers.get("x-request-id") });
  for (const { ms } of ended()) expect(ms).toBeGreaterThanOrEqual(50);
  expect(saying(answered)).toEqual([]);
});

test("a task is one line at its end, with the request or live connection that it came by", async () => {
  const { log, saying } = keptLog();
  await using bench = await serveBench({ log });
  const post = (path: string, said: object) =>
    fetch(bench.url + path, { method: "POST", body: JSON.stringify(said) });
  const made = await post("/v1/engine/generate/", { ...body, image_number: 2 });
  const legacy = await post("/v1/generation/text-to-image", {
    image_number: 1,
    style_selections: [],
    performance_selection: "Lightning",
  });
  expect(legacy.status).toBe(200);
  const client = await liveClient(bench.url, { "x-request-id": "live-7" });
  const { task_id } = await client.ask({ type: "generate", id: 1, request: body });
  await client.until(({ type }) => type === "settled");
  client.close();
  await soon(() => saying("a live connection ended").length === 1);
  const [first, second, third] = saying("a task ended");
  expect(first).toMatchObject({
    level: "info",
    outcome: "finished",
    door: "fooocus-api",
    images: 2,
    denoising_ms: 6,
  });
  expect(first?.["request"]).toBe(made.headers.get("x-request-id"));
  expect(first?.["task"]).toBeString();
  for (const name of ["waited_ms", "ran_ms"]) expect(first?.[name]).toBeGreaterThanOrEqual(0);
  expect(second).toMatchObject({ request: legacy.headers.get("x-request-id"), images: 1 });
  expect(second?.["door"]).not.toBe("fooocus-api");
  expect(third).toMatchObject({ task: task_id, request: "live-7" });
  expect(saying("a task ended").length).toBe(3);
  expect(saying("a live connection ended")).toEqual([
    expect.objectContaining({ method: "GET", path: "/v1/live", status: 101, request: "live-7" }),
  ]);
});

test("what failed unexpectedly names its request", async () => {
  const { log, saying } = keptLog();
  await using bench = await serveBench({ log, addresses: { listening: () => "", named: () => failing() } });
  const answer = await fetch(`${bench.url}/tasks`);
  expect(answer.status).toBe(500);
  const request = answer.headers.get("x-request-id");
  expect(saying("a request failed unexpectedly")).toEqual([
    expect.objectContaining({ level: "error", request }),
  ]);
  expect(saying(answered)).toEqual([expect.objectContaining({ level: "warn", status: 500, request })]);
});

function failing(): never {
  throw new TypeError("a fault");
}
