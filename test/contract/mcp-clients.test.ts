import { describe, expect, test } from "bun:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OlderClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OlderTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";
import { StoppedEngine } from "../support/stopped-engine.ts";

const tasksExtension = "io.modelcontextprotocol/tasks";
const small = { prompt: "a circle", size: "64x64", steps: 4, styles: [], seed: 7 };

/** What each of the clients can do, in one form. */
type Connected = Readonly<{
  revision: string | undefined;
  listTools: () => Promise<Readonly<{ tools: readonly { name: string }[] }>>;
  callTool: (
    name: string,
    given: object,
    options?: Readonly<{ signal?: AbortSignal; onprogress?: (at: Told) => void }>,
  ) => Promise<Result>;
  close: () => Promise<void>;
}>;

type Told = Readonly<{ progress: number; total?: number | undefined; message?: string | undefined }>;
type Content = Readonly<{ type: string; [key: string]: unknown }>;
type Result = Readonly<{
  content: readonly Content[];
  structuredContent?: Readonly<Record<string, unknown>>;
  isError?: boolean;
}>;

type Connect = (bench: ServedBench, key?: string) => Promise<Connected>;

const headersOf = (key?: string) =>
  key === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${key}` } } };

/** The SDK's client of today, which asks for the newest revision first, or is held to the ones before. */
const newer =
  (mode: "auto" | "legacy"): Connect =>
  async (bench, key) => {
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${bench.url}/mcp`), headersOf(key)));
    return {
      revision: client.getNegotiatedProtocolVersion(),
      listTools: () => client.listTools(),
      callTool: async (name, given, options) =>
        (await client.callTool({ name, arguments: { ...given } }, options)) as Result,
      close: () => client.close(),
    };
  };

/** The SDK as it was for years, which knows no revision after 2025-11-25. */
const older: Connect = async (bench, key) => {
  const client = new OlderClient({ name: "test", version: "1" });
  const transport = new OlderTransport(new URL(`${bench.url}/mcp`), headersOf(key));
  await client.connect(transport);
  return {
    revision: transport.protocolVersion,
    listTools: () => client.listTools(),
    callTool: async (name, given, options) =>
      (await client.callTool({ name, arguments: { ...given } }, undefined, options)) as Result,
    close: () => client.close(),
  };
};

const clients: readonly Readonly<{ name: string; connect: Connect; revision: string }>[] = [
  { name: "client 2.4.0", connect: newer("auto"), revision: "2026-07-28" },
  { name: "client 2.4.0, held to the handshake", connect: newer("legacy"), revision: "2025-11-25" },
  { name: "sdk 1.32.2", connect: older, revision: "2025-11-25" },
];

const failureOf = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => "",
    (thrown: unknown) => String(thrown),
  );

describe.each(clients)("$name", ({ connect, revision }) => {
  test("lists tools, makes a picture and hears of its progress", async () => {
    await using bench = await serveBench();
    const client = await connect(bench);
    expect(client.revision).toBe(revision);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      "generate",
      "edit",
      "job_status",
      "cancel_job",
      "list_models",
    ]);
    const told: Told[] = [];
    const result = await client.callTool("generate", small, { onprogress: (at) => told.push(at) });
    const { content, structuredContent: job, isError } = result;
    expect(isError ?? false).toBe(false);
    expect(content.map(({ type }) => type)).toEqual(["text", "image", "resource_link"]);
    const [text, image, link] = content;
    expect(JSON.parse(String(text?.["text"]))).toEqual(job);
    const file = await (await fetch(String(link?.["uri"]))).bytes();
    expect(Buffer.from(String(image?.["data"]), "base64").equals(Buffer.from(file))).toBe(true);
    expect([image?.["mimeType"], link?.["mimeType"], link?.["name"]]).toEqual([
      "image/png",
      "image/png",
      String(link?.["uri"]).replace(/.*\//, ""),
    ]);
    expect(job).toMatchObject({
      status: "finished",
      progress: 100,
      pictures: [{ uri: link?.["uri"], width: 64, height: 64, seed: "7" }],
      warnings: [],
    });
    const numbers = told.map(({ progress }) => progress);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(told.map(({ message }) => message)).toContain("Sampling step 2/4, image 1/1 ...");
    // Its tasks are tasks like all others.
    const task = (await bench.tasks.history({ page: 0, pageSize: 1 }))[0];
    expect([String(task?.id), task?.door.name]).toEqual([String(job?.["job_id"]), "mcp"]);
    await client.close();
  });

  test("is told in the result what was wrong, and as an error what the protocol does not know", async () => {
    await using bench = await serveBench();
    const client = await connect(bench);
    const wrong = await client.callTool("generate", { ...small, number: 99, performance: "Fast" });
    expect([wrong.isError, wrong.content[0]?.["text"]]).toEqual([
      true,
      "performance: Input should be 'Quality', 'Speed', 'Extreme Speed', 'Lightning' or 'Hyper-SD'. " +
        "number: Input should be less than or equal to 32.",
    ]);
    const unknown = await client.callTool("generate", { ...small, model: "base.safetensor" });
    expect([unknown.isError, unknown.content[0]?.["text"]]).toEqual([
      true,
      'model: There is no checkpoint called "base.safetensor"; similar: base.safetensors.',
    ]);
    expect(await failureOf(client.callTool("draw", {}))).toContain("There is no tool");
    expect(await bench.tasks.history({ page: 0, pageSize: 9 })).toEqual([]);
    await client.close();
  });

  test("stops its picture by taking the call back", async () => {
    const engine = new StoppedEngine();
    await using bench = await serveBench({ engine });
    const client = await connect(bench);
    const taken = new AbortController();
    const call = failureOf(client.callTool("generate", { ...small, number: 2 }, { signal: taken.signal }));
    await engine.begun;
    const id = bench.tasks.current()?.id;
    if (id === undefined) throw new Error("nothing runs");
    taken.abort("enough");
    expect(await call).toContain("enough");
    const task = await bench.tasks.settled(id, AbortSignal.timeout(60_000));
    expect(task?.state).toMatchObject({ status: "settled", outcome: "stopped", images: [{ seed: "7" }] });
    await client.close();
  });

  test("needs the key where there is one", async () => {
    await using bench = await serveBench({ keys: ["secret"] });
    // One of them has its own words for a 403, and leaves ours out.
    const denied = /Authorization: Bearer|denied access \(HTTP 403\)/;
    expect(await failureOf(connect(bench))).toMatch(denied);
    expect(await failureOf(connect(bench, "guess"))).toMatch(denied);
    const client = await connect(bench, "secret");
    const { structuredContent: job } = await client.callTool("generate", small);
    expect(job).toMatchObject({ status: "finished" });
    await client.close();
  });

  test("follows a job that it does not wait for", async () => {
    const held = gate();
    await using bench = await serveBench({
      engine: new ScriptedEngine({ beforeStep: ({ step }) => (step === 3 ? held.passed : undefined) }),
    });
    const client = await connect(bench);
    const begun = await client.callTool("generate", { ...small, wait: false });
    const given = { job_id: begun.structuredContent?.["job_id"] };
    expect(begun.content.map(({ type }) => type)).toEqual(["text"]);
    const statusIs = async (status: string): Promise<boolean> => {
      const { structuredContent: job } = await client.callTool("job_status", given);
      return job?.["status"] === status;
    };
    while (!(await statusIs("running"))) await Bun.sleep(5);
    const second = await client.callTool("generate", { ...small, wait: false });
    expect(second.structuredContent).toMatchObject({ status: "waiting", position: 1, pictures: [] });
    const cancelled = await client.callTool("cancel_job", { job_id: second.structuredContent?.["job_id"] });
    expect(cancelled.structuredContent).toMatchObject({ status: "cancelled" });
    held.open();
    const ended = await client.callTool("job_status", { ...given, wait_seconds: 50 });
    expect(ended.structuredContent).toMatchObject({ status: "finished", pictures: [{ seed: "7" }] });
    expect(ended.content.map(({ type }) => type)).toEqual(["text", "image", "resource_link"]);
    expect(await failureOf(client.callTool("job_status", { job_id: "x" }))).toBe("");
    await client.close();
  });
});

describe("tasks of revision 2026-07-28", () => {
  /** The SDK's client has no types for the extension: what comes is looked at as it is. */
  const asItComes = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (value: unknown) => ({ value: value as Readonly<Record<string, unknown>> }),
    },
  };

  const connected = async (bench: ServedBench, extensions: Record<string, object>) => {
    const client = new Client(
      { name: "test", version: "1" },
      { versionNegotiation: { mode: "auto" }, capabilities: { extensions: { ...extensions } as never } },
    );
    await client.connect(new StreamableHTTPClientTransport(new URL(`${bench.url}/mcp`)));
    return {
      client,
      ask: async (method: string, params: Record<string, unknown>) =>
        (await client.request({ method, params }, asItComes)) as Readonly<Record<string, unknown>>,
    };
  };

  /** The handle of a task; the SDK's client refuses to show results that it does not know. */
  const begin = async (bench: ServedBench): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await fetch(`${bench.url}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "generate",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: {
          name: "generate",
          arguments: { ...small, inline_pictures: "none" },
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { extensions: { [tasksExtension]: {} } },
          },
        },
      }),
    });
    return (await answer.json()).result;
  };

  test("a call is answered with a task at once, which is asked for until it has the result", async () => {
    const held = gate();
    await using bench = await serveBench({
      engine: new ScriptedEngine({ beforeStep: ({ step }) => (step === 3 ? held.passed : undefined) }),
    });
    const { client, ask } = await connected(bench, { [tasksExtension]: {} });
    expect(client.getServerCapabilities()?.extensions).toEqual({ [tasksExtension]: {} });
    const handle = await begin(bench);
    expect(handle).toMatchObject({
      resultType: "task",
      status: "working",
      ttlMs: null,
      pollIntervalMs: 1000,
    });
    const { taskId } = handle;
    const asked = async () => await ask("tasks/get", { taskId });
    while (!String((await asked())["statusMessage"]).startsWith("Sampling step 2/4")) await Bun.sleep(5);
    expect(await asked()).toMatchObject({ taskId, status: "working" });
    expect(await ask("tasks/update", { taskId, inputResponses: {} })).not.toHaveProperty("status");
    held.open();
    while ((await asked())["status"] === "working") await Bun.sleep(5);
    const done = await asked();
    expect(done).toMatchObject({
      status: "completed",
      result: { structuredContent: { job_id: taskId, status: "finished", pictures: [{ seed: "7" }] } },
    });
    // As the call said it: links only.
    const { content } = done["result"] as Result;
    expect(content.map(({ type }) => type)).toEqual(["text", "resource_link"]);
    await client.close();
  });

  test("a task is cancelled by its id, and one that nobody knows is an error", async () => {
    const held = gate();
    await using bench = await serveBench({
      engine: new ScriptedEngine({ beforeStep: ({ step }) => (step === 2 ? held.passed : undefined) }),
    });
    const { client, ask } = await connected(bench, { [tasksExtension]: {} });
    const { taskId } = await begin(bench);
    expect(await soon(() => bench.tasks.current() !== undefined)).toBe(true);
    await ask("tasks/cancel", { taskId });
    held.open();
    while ((await ask("tasks/get", { taskId }))["status"] === "working") await Bun.sleep(5);
    expect(await ask("tasks/get", { taskId })).toMatchObject({ status: "cancelled" });
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
      expect(await failureOf(ask(method, { taskId: "0".repeat(32) }))).toContain("There is no task");
    }
    await client.close();
  });

  test("a job that fails is a call that was completed with an error", async () => {
    await using bench = await serveBench({
      engine: new ScriptedEngine({
        beforeStep: () => {
          throw new Error("no more");
        },
      }),
    });
    const { client, ask } = await connected(bench, { [tasksExtension]: {} });
    const { taskId } = await begin(bench);
    while ((await ask("tasks/get", { taskId }))["status"] === "working") await Bun.sleep(5);
    expect(await ask("tasks/get", { taskId })).toMatchObject({
      status: "completed",
      result: { isError: true, structuredContent: { status: "failed" } },
    });
    await client.close();
  });

  test("who does not say that it takes tasks gets none, and may not ask for them", async () => {
    await using bench = await serveBench();
    const { client, ask } = await connected(bench, {});
    const { structuredContent: job } = await client.callTool({ name: "generate", arguments: small });
    expect(job).toMatchObject({ status: "finished" });
    const taskId = (job as Record<string, unknown>)["job_id"];
    expect(await failureOf(ask("tasks/get", { taskId }))).toContain("capabilit");
    await client.close();
  });
});
