import { afterAll, expect, test } from "bun:test";
import { refusalBody } from "#/doors/fooocus-api/refusal-body.ts";
import { EngineError, ModelError } from "#/lib/errors.ts";
import { createLog } from "#/lib/log.ts";
import { errorReply } from "#/routes/http/errors.ts";
import { liveClient } from "../support/live-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { benchFolder } from "../support/task-bench.ts";

const folder = benchFolder();
const lines: string[] = [];
const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date(0) });
const failures = [
  new ModelError("weight-shape", `${folder}/models/checkpoints/base.safetensors (unet): it does not fit.`, {
    path: `${folder}/models/checkpoints/base.safetensors (unet)`,
  }),
  new EngineError(
    "session-failed",
    `A network could not be opened: Load from ${folder}/my models/x.onnx failed`,
  ),
  Object.assign(new Error(`ENOENT: no such file or directory, open '${folder}/a b/c'`), { code: "ENOENT" }),
];
let failure: Error | undefined;
const engine = new ScriptedEngine({
  beforeStep: () => {
    if (failure !== undefined) throw failure;
  },
});
const hooks: string[] = [];
const receiver = Bun.serve({
  port: 0,
  fetch: async (request) => {
    hooks.push(await request.text());
    return new Response("");
  },
});
const bench = await serveBench({ folder, engine, log });
afterAll(async () => {
  await receiver.stop(true);
  await bench.close();
});

const small = {
  style_selections: [],
  overwrite_step: 1,
  overwrite_width: 64,
  overwrite_height: 64,
  webhook_url: `http://127.0.0.1:${receiver.port}/`,
};
const post = async (path: string, body: unknown) =>
  await (await fetch(bench.url + path, { method: "POST", body: JSON.stringify(body) })).text();
const get = async (path: string) => await (await fetch(bench.url + path)).text();

for (const thrown of failures) {
  test(`a failure told every client where the files lie: ${thrown.message.replaceAll(folder, "...")}`, async () => {
    failure = thrown;
    const [said, heard] = [lines.length, hooks.length];
    const client = await liveClient(bench.url);
    client.say({ type: "subscribe", tasks: "all" });
    await client.until(({ type }) => type === "subscribed");
    const record = await post("/v1/engine/generate/", small);
    const { task_id } = JSON.parse(record);
    await client.until(({ type }) => type === "settled");
    await soon(() => hooks.length > heard);
    const told = [
      record,
      await post("/v1/engine/generate/", { ...small, stream_output: true }),
      await get(`/tasks/${task_id}`),
      await get("/tasks"),
      await get(`/tasks/${task_id}/events`),
      await post("/v1/generation/text-to-image", { ...small, prompt: "x" }),
      await get(`/v1/generation/query-job?job_id=${task_id}`),
      await get("/v1/generation/job-history"),
      ...hooks,
      ...client.heard.map((message) => JSON.stringify(message)),
    ];
    client.close();
    for (const text of told) expect(text).not.toContain(folder);
    expect(record).toContain(thrown.message.includes("a b/c") ? "open 'c'" : "safetensors");
    expect(lines.slice(said).join("\n")).toContain(folder);
    failure = undefined;
  });
}

test("why no better device is used was told with the library's folder", async () => {
  const reason = `libonnxruntime_providers_cuda.so not found in ${folder}/lib`;
  engine.change({ state: "ready", device: "cpu", refused: [{ device: "cuda", reason }], loaded: [] });
  const client = await liveClient(bench.url);
  const { engine: state } = await client.ask({ type: "status" });
  client.close();
  expect(state).toMatchObject({
    refused: [{ device: "cuda", reason: "libonnxruntime_providers_cuda.so not found in lib" }],
  });
});

test("a full disk's path is the log's", async () => {
  const said = lines.length;
  const path = `${folder}/outputs/2026-01-01/x-0.png`;
  const answer = errorReply(
    new EngineError("disk-full", `${path} could not be written: ENOSPC.`, { path }),
    log,
    { refusalBody },
  );
  expect([answer.status, await answer.json()]).toEqual([
    507,
    { detail: "x-0.png could not be written: ENOSPC." },
  ]);
  expect(lines.slice(said).join("")).toContain(path);
});
