import { expect, test } from "bun:test";
import { browserGuard } from "#/routes/http/guard.ts";
import { keptLog } from "../support/kept-log.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";
import { StoppedEngine } from "../support/stopped-engine.ts";

type Body = Readonly<Record<string, unknown>>;
type Answer = Readonly<{ status: number; type: string; body: Body; headers: Headers }>;

const json = { "content-type": "application/json" };
const revision = "2026-07-28";
const meta = {
  "io.modelcontextprotocol/protocolVersion": revision,
  "io.modelcontextprotocol/clientCapabilities": {},
};
const ping = { jsonrpc: "2.0", id: 1, method: "ping" };

/** Posts a text, or a message; the last message of an event stream is the answer. */
async function post(
  { url }: Pick<ServedBench, "url">,
  message: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: { ...json, ...headers },
    body: typeof message === "string" ? message : JSON.stringify(message),
  });
  const type = (answer.headers.get("content-type") ?? "").replace(/;.*/, "");
  const text = await answer.text();
  const last =
    type === "text/event-stream"
      ? (text
          .match(/^data: .*$/gm)
          ?.at(-1)
          ?.slice(6) ?? "null")
      : text;
  return { status: answer.status, type, body: JSON.parse(last || "{}"), headers: answer.headers };
}

/** A message of the newest revision, with the headers that say the same. */
const modern = (
  bench: Pick<ServedBench, "url">,
  method: string,
  params: Body = {},
  headers: Record<string, string> = {},
) =>
  post(
    bench,
    { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } },
    { "mcp-protocol-version": revision, "mcp-method": method, ...headers },
  );

const codeOf = ({ status, body }: Answer): readonly [number, unknown] => {
  const error = body["error"] as Body | undefined;
  return [status, error?.["code"]];
};

test("the newest revision is told of by server/discover, and needs no handshake", async () => {
  await using bench = await serveBench();
  const { status, type, body, headers } = await modern(bench, "server/discover");
  expect([status, type, headers.get("mcp-session-id")]).toEqual([200, "application/json", null]);
  expect(body["result"]).toMatchObject({
    resultType: "complete",
    supportedVersions: [revision],
    capabilities: { tools: {}, resources: {}, extensions: { "io.modelcontextprotocol/tasks": {} } },
    _meta: { "io.modelcontextprotocol/serverInfo": { name: "fooocusd" } },
  });
  const { body: listed } = await modern(bench, "tools/list");
  expect(listed["result"]).toMatchObject({ resultType: "complete", cacheScope: "private" });
  expect(codeOf(await modern(bench, "initialize"))).toEqual([404, -32601]);
  expect(codeOf(await modern(bench, "tasks/result", { taskId: "x" }))).toEqual([404, -32601]);
});

test("older revisions begin with initialize and are answered with their own", async () => {
  await using bench = await serveBench();
  const asked = async (protocolVersion: string): Promise<unknown> => {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const { body, headers } = await post(bench, { jsonrpc: "2.0", id: 1, method: "initialize", params });
    expect(headers.get("mcp-session-id")).toBeNull();
    return (body["result"] as Body)["protocolVersion"];
  };
  const spoken = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
  expect(await Promise.all(spoken.map(asked))).toEqual(spoken);
  // What has no handshake is never what one agrees on.
  expect(await Promise.all([revision, "2030-01-01", "x"].map(asked))).toEqual(
    Array.from({ length: 3 }, () => "2025-11-25"),
  );
});

test("what says which revision it is must be one, and say the same in its headers", async () => {
  await using bench = await serveBench();
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  expect(codeOf(await post(bench, { ...list, params: { _meta: meta } }))).toEqual([400, -32020]);
  expect(codeOf(await modern(bench, "tools/list", {}, { "mcp-method": "tools/call" }))).toEqual([
    400, -32020,
  ]);
  expect(codeOf(await modern(bench, "tools/call", { name: "edit" }, { "mcp-name": "generate" }))).toEqual([
    400, -32020,
  ]);
  expect(codeOf(await post(bench, list, { "mcp-protocol-version": revision }))).toEqual([400, -32602]);
  const later = { ...meta, "io.modelcontextprotocol/protocolVersion": "2030-01-01" };
  const answer = await post(
    bench,
    { ...list, params: { _meta: later } },
    { "mcp-protocol-version": "2030-01-01", "mcp-method": "tools/list" },
  );
  expect(codeOf(answer)).toEqual([400, -32022]);
  expect(answer.body["error"]).toMatchObject({ data: { supported: [revision] } });
});

test("there are no sessions to look at or to end, and notifications are heard", async () => {
  await using bench = await serveBench();
  for (const method of ["GET", "DELETE"]) {
    const answer = await fetch(`${bench.url}/mcp`, { method, headers: { accept: "text/event-stream" } });
    expect([answer.status, (await answer.json()).error.code]).toEqual([405, -32000]);
  }
  for (const method of ["notifications/initialized", "notifications/cancelled", "notifications/odd"]) {
    const { status, body } = await post(bench, { jsonrpc: "2.0", method, params: { requestId: 7 } });
    expect([status, body]).toEqual([202, {}]);
  }
});

test("what is no message is refused as JSON-RPC has it", async () => {
  await using bench = await serveBench();
  const texts: readonly (readonly [unknown, number])[] = [
    ["{", -32700],
    ["[".repeat(10_000), -32700],
    ["", -32600],
    ["null", -32600],
    ['"ping"', -32600],
    ["[]", -32600],
    [{ ...ping, jsonrpc: "1.0" }, -32600],
    [{ ...ping, params: [] }, -32600],
    [{ ...ping, id: null }, -32600],
    [{ ...ping, id: 1.5 }, -32600],
    [{ ...ping, id: { a: 1 } }, -32600],
    ['{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}', -32600],
    [Array.from({ length: 101 }, (_, id) => ({ ...ping, id })), -32600],
  ];
  for (const [message, code] of texts) expect(codeOf(await post(bench, message))).toEqual([400, code]);
  const bytes = { method: "POST", headers: json, body: new Uint8Array([0xff, 0xfe]) };
  const undecodable = await fetch(`${bench.url}/mcp`, bytes);
  expect([undecodable.status, (await undecodable.json()).error.code]).toEqual([400, -32700]);
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
    expect(codeOf(await post(bench, ping, { "content-type": type }))).toEqual([415, -32000]);
  for (const id of ["", "x".repeat(10_000), -1, 0]) {
    const { status, body } = await post(bench, { ...ping, id });
    expect([status, body["id"], body["result"]]).toEqual([200, id, {}]);
  }
  const many = await fetch(`${bench.url}/mcp`, {
    method: "POST",
    headers: json,
    body: JSON.stringify([
      ping,
      { ...ping, id: "b" },
      { jsonrpc: "2.0", method: "notifications/initialized" },
    ]),
  });
  expect((await many.text()).match(/"id":[^,}]*/g)).toEqual(['"id":1', '"id":"b"']);
  for (const method of ["odd", "__proto__", "constructor", "prompts/list", "tasks/get"])
    expect(codeOf(await post(bench, { ...ping, method }))).toEqual([200, -32601]);
  const wrong = [
    undefined,
    {},
    { name: 7 },
    { name: "generate", arguments: [] },
    { name: "generate", arguments: "x" },
  ];
  for (const params of wrong)
    expect(codeOf(await post(bench, { ...ping, method: "tools/call", params }))).toEqual([200, -32602]);
});

test("an answer is of a kind that the client takes", async () => {
  await using bench = await serveBench();
  const kinds = async (accept: string) => {
    const [older, newer] = [
      await post(bench, ping, { accept }),
      await modern(bench, "server/discover", {}, { accept }),
    ];
    return [older.status, older.type, newer.status, newer.type];
  };
  const both = [200, "text/event-stream", 200, "application/json"];
  expect(await kinds("application/json, text/event-stream")).toEqual(both);
  // Programs that say nothing, and those that forgot one of the two.
  expect(await kinds("*/*")).toEqual(both);
  expect(await kinds("text/event-stream")).toEqual(both);
  // Older revisions answer in events, which is no answer to who takes JSON only.
  expect(await kinds("application/json")).toEqual([406, "application/json", 200, "application/json"]);
});

test("a client that takes no events is told of no progress", async () => {
  await using bench = await serveBench();
  const call = {
    name: "generate",
    arguments: { prompt: "a circle", size: "64x64", steps: 4, styles: [] },
  };
  const ask = async (accept: string) => {
    const params = { ...call, _meta: { ...meta, progressToken: "mine" } };
    const answer = await fetch(`${bench.url}/mcp`, {
      method: "POST",
      headers: {
        ...json,
        accept,
        "mcp-protocol-version": revision,
        "mcp-method": "tools/call",
        "mcp-name": "generate",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
    });
    return [
      answer.headers.get("content-type"),
      (await answer.text()).match(/"progressToken":"mine"/g)?.length ?? 0,
    ];
  };
  expect(await ask("application/json")).toEqual(["application/json", 0]);
  const [type, told] = await ask("application/json, text/event-stream");
  expect([type, Number(told) > 4]).toEqual(["text/event-stream", true]);
  // Also what says nothing on its way comes on a line that is kept open by comments.
  const given = { ...call, arguments: { ...call.arguments, inline_pictures: "none" } };
  const quiet = await modern(bench, "tools/call", given, {
    "mcp-name": "generate",
    accept: "application/json, text/event-stream",
  });
  expect([quiet.status, quiet.type]).toEqual([200, "text/event-stream"]);
  expect(quiet.body["result"]).toMatchObject({
    resultType: "complete",
    structuredContent: { status: "finished" },
  });
});

test("pages of others may not ask, by the rules of all routes and by those of the protocol", async () => {
  const settings = {
    browser_guard: "auto",
    api_keys: [],
    host: "127.0.0.1",
    base_url: "",
    allowed_hosts: [],
    cors_origins: [],
  } as const;
  await using guarded = await serveBench({ guard: browserGuard(settings) });
  const from = (bench: ServedBench, headers: Record<string, string>) => post(bench, ping, headers);
  const foreign = await from(guarded, { origin: "https://evil.example" });
  expect(codeOf(foreign)).toEqual([403, -32000]);
  expect(foreign.body["error"]).toMatchObject({ message: expect.stringContaining("cors_origins") });
  expect((await from(guarded, { host: "evil.example" })).status).toBe(403);
  expect((await from(guarded, { origin: "http://localhost:6274" })).status).toBe(200);
  // With a key there is no guard, and origins that may not read may not ask either.
  await using keyed = await serveBench({ keys: ["k"], corsOrigins: ["https://mine.example"] });
  const key = { authorization: "Bearer k" };
  expect((await from(keyed, { ...key, origin: "https://evil.example" })).status).toBe(403);
  expect((await from(keyed, { ...key, origin: "null" })).status).toBe(403);
  expect((await from(keyed, { ...key, origin: "https://mine.example" })).status).toBe(200);
  expect((await from(keyed, { ...key, origin: keyed.url })).status).toBe(200);
  expect((await from(keyed, key)).status).toBe(200);
});

test("a connection that breaks takes back a call of the newest revision, and none of the older ones", async () => {
  const outcomes: unknown[] = [];
  for (const isModern of [true, false]) {
    const engine = new StoppedEngine();
    const { log, saying } = keptLog();
    await using bench = await serveBench({ engine, log });
    const params = {
      name: "generate",
      arguments: { prompt: "a circle", size: "64x64", steps: 4, styles: [], number: 2 },
      ...(isModern ? { _meta: meta } : {}),
    };
    const going = new AbortController();
    const asked = fetch(`${bench.url}/mcp`, {
      method: "POST",
      headers: {
        ...json,
        accept: "application/json, text/event-stream",
        ...(isModern
          ? { "mcp-protocol-version": revision, "mcp-method": "tools/call", "mcp-name": "generate" }
          : {}),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
      signal: going.signal,
    })
      .then((answer) => answer.text())
      .catch(() => "broken off");
    await engine.begun;
    const id = bench.tasks.current()?.id;
    if (id === undefined) throw new Error("nothing runs");
    going.abort();
    expect(await asked).toBe("broken off");
    // What stops one is heard by then.
    expect(await soon(() => saying("an event stream ended").length === 1)).toBe(true);
    if (!isModern) engine.goOn();
    const task = await bench.tasks.settled(id, AbortSignal.timeout(60_000));
    outcomes.push(task?.state.status === "settled" && task.state.outcome);
  }
  expect(outcomes).toEqual(["stopped", "finished"]);
});

test("a server that closes says so to who waits, and the job is kept", async () => {
  for (const isModern of [true, false]) {
    const engine = new StoppedEngine();
    await using bench = await serveBench({ engine });
    const given = { name: "generate", arguments: { prompt: "x", size: "64x64", steps: 4, number: 2 } };
    const answer = isModern
      ? modern(bench, "tools/call", given, { "mcp-name": "generate" })
      : post(bench, { ...ping, method: "tools/call", params: given });
    await engine.begun;
    const id = bench.tasks.current()?.id;
    if (id === undefined) throw new Error("nothing runs");
    await bench.tasks.close(0);
    expect((await answer).body["result"]).toMatchObject({
      isError: true,
      content: [{ type: "text", text: expect.stringContaining(`the task ${id} is kept`) }],
    });
    expect((await bench.tasks.find(id))?.state.status).not.toBe("settled");
  }
});

test("a full queue, and an engine that fails, are results that say so", async () => {
  const held = gate();
  await using full = await serveBench({
    config: { queue_limit: 1 },
    engine: new ScriptedEngine({ beforeStep: () => held.passed }),
  });
  const ask = (bench: ServedBench, given: Body) =>
    post(bench, {
      ...ping,
      method: "tools/call",
      params: { name: "generate", arguments: { prompt: "x", size: "64x64", steps: 4, ...given } },
    });
  const results: Answer[] = [];
  for (let asked = 0; asked < 4; asked += 1) results.push(await ask(full, { wait: false }));
  expect(results.at(-1)?.body["result"]).toMatchObject({
    isError: true,
    content: [{ type: "text", text: expect.stringContaining("Ask again later.") }],
  });
  held.open();
  await using broken = await serveBench({
    engine: new ScriptedEngine({
      beforeStep: () => {
        throw new Error("no more");
      },
    }),
  });
  const { body } = await ask(broken, {});
  expect(body["result"]).toMatchObject({
    isError: true,
    structuredContent: { status: "failed", error: { message: expect.any(String) } },
  });
});
