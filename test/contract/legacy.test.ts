import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import sharp from "sharp";
import { Catalog } from "#/catalog/catalog.ts";
import { createLog, silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { routes } from "#/routes/index.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchDoors, openBench, putModel, type TaskBench } from "../support/task-bench.ts";

/** Holds the engine before a step while a test looks; open to start with. */
let gate: Promise<void> = Promise.resolve();
let bench: TaskBench;
let server: ReturnType<typeof routes>;
let base = "";

function serve(of: TaskBench, more: { keys?: readonly string[]; persistentHistory?: boolean } = {}) {
  const app = routes({
    doors: benchDoors({ config: { persistent: more.persistentHistory ?? false } }),
    tasks: of.tasks,
    tools: of.tools,
    choices: of.choices,
    images: folderImages(join(of.folder, "outputs"), join(of.folder, "inputs"), Math.random),
    catalog: new Catalog([join(of.folder, "models")]),
    styleNames: ["Fooocus V2", "Random Style"],
    auth: { keys: more.keys ?? [], protectFiles: false },
    corsOrigins: [],
    log: silentLog,
  });
  app.listen({ hostname: "127.0.0.1", port: 0 });
  return app;
}
const baseOf = (app: ReturnType<typeof routes>): string => `http://127.0.0.1:${app.server?.port}`;

beforeAll(async () => {
  bench = await openBench({
    engine: new ScriptedEngine({ beforeStep: () => gate }),
    config: { queue_limit: 2 },
  });
  server = serve(bench);
  base = baseOf(server);
});
afterAll(async () => {
  await server.stop(true);
  await bench.close();
});

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${base}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "*/*", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${base}${path}`, { headers });

/** The closed gate, and the way to open it. */
function closeGate(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  return () => {
    gate = Promise.resolve();
    resolve();
  };
}

/** Waits until something is as a test wants it; fails by the test's own time. */
async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await Bun.sleep(5);
}

const small = {
  prompt: "a circle",
  style_selections: [],
  performance_selection: "Lightning",
  advanced_params: { overwrite_width: 64, overwrite_height: 64 },
};
const t2i = "/v1/generation/text-to-image";
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe("the three answers", () => {
  test("sync: an item an image, seeds counted up, files named after the job", async () => {
    const answer = await post(t2i, { ...small, image_number: 2, image_seed: 41 });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    const name = /outputs\/\d{4}-\d\d-\d\d\/([0-9a-f-]{36})-0\.png/.exec(text)?.[1] ?? "";
    expect(name).toMatch(uuid);
    const url = (i: number) => expect.stringMatching(new RegExp(`/outputs/[0-9-]{10}/${name}-${i}\\.png$`));
    expect(JSON.parse(text)).toEqual([
      { base64: null, url: url(0), seed: "41", finish_reason: "SUCCESS" },
      { base64: null, url: url(1), seed: "42", finish_reason: "SUCCESS" },
    ]);
    const file = await get(`/files/${/outputs\/(.*)-0\.png/.exec(text)?.[1]}-0.png`);
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "image/png"]);
  });

  test("a seed keeps every digit when the body is written as the digits", async () => {
    const body = JSON.stringify({ ...small, image_number: 2 }).replace(
      /}$/,
      ',"image_seed":9007199254740993}',
    );
    const result = await (await post(t2i, body)).json();
    expect(result.map(({ seed }: { seed: string }) => seed)).toEqual([
      "9007199254740993",
      "9007199254740994",
    ]);
  });

  test.each(["png", "jpg", "webp"])("base64 where asked: the %s file itself", async (extension) => {
    const body = { ...small, require_base64: true, save_extension: extension, save_name: `own-${extension}` };
    const [item] = await (await post(t2i, body)).json();
    expect(item.url).toEndWith(`/own-${extension}-0.${extension}`);
    const [head, data = ""] = item.base64.split(",");
    const format = extension === "jpg" ? "jpeg" : extension;
    expect(head).toBe(`data:image/${format};base64`);
    expect(await sharp(Buffer.from(data, "base64")).metadata()).toMatchObject({ format, width: 64 });
  });

  test("binary: the exact text image/png, from the header or from the query, which wins", async () => {
    const body = { ...small, image_number: 3, save_extension: "jpg" };
    for (const answer of [
      await post(t2i, body, { accept: "image/png" }),
      await post(`${t2i}?accept=image/png`, body, { accept: "application/json" }),
    ]) {
      expect(answer.headers.get("content-type")).toBe("image/png");
      expect(await sharp(await answer.bytes()).metadata()).toMatchObject({ format: "png", width: 64 });
    }
    for (const accept of ["image/PNG", "image/jpeg", "image/*", "image/png,*/*"]) {
      expect((await post(t2i, body, { accept })).headers.get("content-type")).toBe("application/json");
    }
    const other = await post(`${t2i}?accept=application/json`, body, { accept: "image/png" });
    expect(await other.json()).toHaveLength(3);
    expect((await post(`${t2i}?accept=`, body, { accept: "image/png" })).headers.get("content-type")).toBe(
      "image/png",
    );
  });

  test("async: waiting, then running with progress and preview, then the result under either form of the id", async () => {
    const open = closeGate();
    const fresh = await (await post(t2i, { ...small, async_process: true })).text();
    const id = /"job_id":"([0-9a-f-]+)"/.exec(fresh)?.[1] ?? "";
    expect(id).toMatch(uuid);
    expect(fresh).toBe(
      `{"job_id":"${id}","job_type":"Text to Image","job_stage":"WAITING","job_progress":0,"job_status":null,` +
        `"job_step_preview":null,"job_result":null}`,
    );
    const query = async (more = "", form = id) =>
      (await get(`/v1/generation/query-job?job_id=${form}${more}`)).json();
    await until(async () => (await query()).job_stage === "RUNNING");
    const running = await query();
    expect(running).toMatchObject({ job_id: id, job_step_preview: null, job_result: null });
    expect(running.job_status).toBeString();
    const times = await (await get("/v1/generation/job-history")).json();
    expect(times.queue).toEqual([
      {
        job_id: id,
        in_queue_mills: expect.any(Number),
        start_mills: expect.any(Number),
        finish_mills: 0,
        is_finished: false,
      },
    ]);
    expect(times.queue[0].start_mills).toBeGreaterThan(0);
    expect(await (await get("/v1/generation/job-queue")).json()).toMatchObject({
      running_size: 1,
      last_job_id: id,
    });
    open();
    await until(async () => (await query()).job_stage === "SUCCESS");
    const done = await query("&require_step_preview=true", id.replaceAll("-", ""));
    expect(done).toMatchObject({ job_id: id, job_progress: 100, job_status: "Finished" });
    expect(done.job_result[0]).toMatchObject({ base64: null, finish_reason: "SUCCESS" });
    expect(await sharp(Buffer.from(done.job_step_preview, "base64")).metadata()).toMatchObject({
      format: "png",
    });
  });
});

test("the queue full: a stage, an item, a status", async () => {
  const open = closeGate();
  for (let n = 0; n < 3; n += 1) await post(t2i, { ...small, async_process: true });
  const item = { base64: null, url: null, seed: "", finish_reason: "QUEUE_IS_FULL" };
  expect(await (await post(t2i, small)).json()).toEqual([item]);
  expect(await (await post(t2i, { ...small, async_process: true })).json()).toEqual({
    job_id: "",
    job_type: "Text to Image",
    job_stage: "ERROR",
    job_progress: 0,
    job_status: null,
    job_step_preview: null,
    job_result: [item],
  });
  const binary = await post(t2i, small, { accept: "image/png" });
  expect([binary.status, await binary.text()]).toEqual([409, "QUEUE_IS_FULL"]);
  open();
  await until(async () => (await (await get("/v1/generation/job-queue")).json()).running_size === 0);
});

test("stop: always success, it ends the running job alone, and never the next one", async () => {
  const stop = async () => (await post("/v1/generation/stop", "")).json();
  expect(await stop()).toEqual({ msg: "success" });
  expect((await (await post(t2i, small)).json())[0].finish_reason).toBe("SUCCESS");
  const open = closeGate();
  const sync = post(t2i, small);
  const binary = post(t2i, small, { accept: "image/png" });
  await until(async () => (await (await get("/v1/generation/job-queue")).json()).running_size === 2);
  await until(async () => bench.tasks.current() !== undefined);
  expect(await stop()).toEqual({ msg: "success" });
  open();
  const [item] = await (await sync).json();
  expect(item).toEqual({
    base64: null,
    url: null,
    seed: expect.stringMatching(/^\d+$/),
    finish_reason: "USER_CANCEL",
  });
  expect((await binary).status).toBe(200);
});

describe("jobs that are asked after", () => {
  test("an unknown id is 404 with a body, a missing one 422", async () => {
    const unknown = await get("/v1/generation/query-job?job_id=nope");
    expect([unknown.status, await unknown.text()]).toEqual([
      404,
      '{"job_id":"","job_type":"Not Found","job_stage":"ERROR","job_progress":0,"job_status":"Job not found",' +
        '"job_step_preview":null,"job_result":null}',
    ]);
    const missing = await get("/v1/generation/query-job");
    expect([missing.status, await missing.json()]).toEqual([
      422,
      {
        detail: [{ type: "missing", loc: ["query", "job_id"], msg: "Field required", input: null }],
        body: null,
      },
    ]);
    expect((await get("/v1/generation/job-history?page=-1")).status).toBe(422);
    expect((await get("/v1/generation/job-history?page_size=0")).status).toBe(422);
    expect((await get("/v1/generation/job-history?page=1e300")).status).toBe(422);
  });

  test("history: all jobs, one job, and deleting it with its files", async () => {
    const [{ url }] = await (await post(t2i, { ...small, save_name: "doomed" })).json();
    const file = new URL(url).pathname;
    expect((await get(file)).status).toBe(200);
    const all = await (await get("/v1/generation/job-history")).json();
    expect(all.queue).toEqual([]);
    const last = all.history.at(-1);
    const id = last.job_id;
    expect(last).toMatchObject({ is_finished: true });
    expect(last.finish_mills).toBeGreaterThanOrEqual(last.start_mills);
    const one = await (await get(`/v1/generation/job-history?job_id=${id}`)).json();
    expect(one).toEqual({ queue: [], history: [last] });
    const remove = async () => (await get(`/v1/generation/job-history?delete=true&job_id=${id}`)).json();
    expect([await remove(), await remove()]).toEqual([{ message: "Deleted" }, { message: "Not found" }]);
    expect((await get(file)).status).toBe(404);
  });

  test("with parameters, where the server is told to", async () => {
    await post(t2i, { ...small, image_number: 2, prompt: "kept" });
    const app = serve(bench, { persistentHistory: true });
    const { history } = await (await fetch(`${baseOf(app)}/v1/generation/job-history?page_size=1`)).json();
    await app.stop(true);
    const [{ params, task_info: info }] = history;
    expect(params).toMatchObject({
      prompt: "kept",
      image_number: 2,
      outpaint_distance_left: 0,
      aspect_ratios_selection: "1152*896",
    });
    expect(params.advanced_params).toMatchObject({ overwrite_width: 64, inpaint_respective_field: 1 });
    expect(params.loras[0]).toEqual({ enabled: true, model_name: "None", weight: 1 });
    expect(info).toMatchObject({ task_type: "Text to Image", finish_reason: "SUCCESS" });
    expect(info.task_id).toMatch(uuid);
    expect(info.result_url.split(",")).toHaveLength(2);
    expect(info.date_time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });
});

describe("older than the legacy API's last version", () => {
  test("a LoRA without enabled got 422: it counts, as it did before LoRAs had a switch", async () => {
    await using own = await serveBench();
    putModel(own.folder, "loras/neon.safetensors");
    const send = async (path: string, init: RequestInit) => {
      const answer = await fetch(`${own.url}${path}`, { method: "POST", ...init });
      const [{ url }] = await answer.json();
      const [task] = await own.tasks.history({ page: 0, pageSize: 1 });
      expect(task?.state).toMatchObject({ images: [expect.objectContaining({ url })] });
      return task?.request.loras;
    };
    const loras = [
      { model_name: "neon.safetensors" },
      { model_name: "neon.safetensors", enabled: false, weight: 1 },
    ];
    const kept = await send(t2i, { body: JSON.stringify({ ...small, loras }) });
    expect(Array.isArray(kept) ? kept.slice(0, 6) : kept).toEqual([
      ...[true, "neon.safetensors", 0.5],
      ...[false, "neon.safetensors", 1],
    ]);
    // The newer API asks for it, as FooocusAPI does.
    const newer = await fetch(`${own.url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify({ loras }),
    });
    expect((await newer.json()).detail[0]).toMatchObject({
      type: "missing",
      loc: ["body", "loras", 0, "enabled"],
    });
  });

  test("advanced_params: null got 422: it means that there are none", async () => {
    const { advanced_params: _, ...rest } = small;
    const [item] = await (
      await post(t2i, { ...rest, aspect_ratios_selection: "64*64", advanced_params: null })
    ).json();
    expect(item.finish_reason).toBe("SUCCESS");
    for (const wrong of [1, "none", []])
      expect((await post(t2i, { ...rest, advanced_params: wrong })).status).toBe(422);
    const [task] = await bench.tasks.history({ page: 0, pageSize: 1 });
    expect(task?.request).toMatchObject({ inpaint_respective_field: 1, overwrite_step: -1 });
  });

  test("job-history without --persistent had a page, newest first: it has all jobs, oldest first", async () => {
    await using own = await serveBench();
    const send = async () => {
      const body = JSON.stringify({ ...small, image_seed: 1, async_process: true });
      return (await (await fetch(`${own.url}${t2i}`, { method: "POST", body })).json()).job_id;
    };
    const ids: string[] = [];
    for (let n = 0; n < 25; n += 1) ids.push(await send());
    const jobs = async (query = "") => {
      const answer = await fetch(`${own.url}/v1/generation/job-history${query}`);
      const { queue, history } = await answer.json();
      return { queue, ids: history.map(({ job_id }: { job_id: string }) => job_id) };
    };
    await until(async () => (await jobs()).queue.length === 0);
    expect((await jobs()).ids).toEqual(ids);
    // As there, a page is asked for in vain.
    expect((await jobs("?page=1&page_size=2")).ids).toEqual(ids);
    const app = serve(own, { persistentHistory: true });
    const page = await (await fetch(`${baseOf(app)}/v1/generation/job-history?page=1&page_size=2`)).json();
    await app.stop(true);
    const paged = page.history.map(({ task_info }: { task_info: { task_id: string } }) => task_info.task_id);
    expect(paged).toEqual([ids[22], ids[21]]);
  });

  test("names that gave way were told nowhere its client looks: the log says them", async () => {
    const lines: string[] = [];
    const log = createLog("warn", { write: (line) => lines.push(line), now: () => new Date(0) });
    await using own = await serveBench({ log });
    const body = JSON.stringify({
      ...small,
      base_model_name: "gone.safetensors",
      style_selections: ["No Such Style"],
      loras: [{ model_name: "no-such-lora.safetensors", enabled: true }],
      advanced_params: { ...small.advanced_params, sampler_name: "no_such_sampler" },
    });
    expect((await fetch(`${own.url}${t2i}`, { method: "POST", body })).status).toBe(200);
    const told = lines.filter((line) => line.includes("gave way to the defaults"));
    expect(told).toHaveLength(1);
    for (const name of ["base_model_name: gone", "No Such Style", "no-such-lora", "no_such_sampler"])
      expect(told[0]).toContain(name);
    expect((await fetch(`${own.url}${t2i}`, { method: "POST", body: JSON.stringify(small) })).status).toBe(
      200,
    );
    expect(lines.filter((line) => line.includes("gave way to the defaults"))).toHaveLength(1);
  });
});

test("a job that failed: no result, the stage says so, the status says why", async () => {
  const failing = await openBench({
    engine: new ScriptedEngine({
      beforeStep: () => {
        throw new Error("the paint is out");
      },
    }),
  });
  const app = serve(failing);
  const send = (headers: Record<string, string> = {}) =>
    fetch(`${baseOf(app)}${t2i}`, { method: "POST", headers, body: JSON.stringify(small) });
  const sync = await send();
  expect([sync.status, await sync.json()]).toEqual([200, []]);
  const binary = await send({ accept: "image/png" });
  expect([binary.status, await binary.text()]).toEqual([500, "ERROR"]);
  const { history } = await (await fetch(`${baseOf(app)}/v1/generation/job-history`)).json();
  const job = await (
    await fetch(`${baseOf(app)}/v1/generation/query-job?job_id=${history[0].job_id}`)
  ).json();
  expect(job).toMatchObject({ job_stage: "ERROR", job_result: null });
  expect(job.job_status).toContain("the paint is out");
  await app.stop(true);
  await failing.close();
});

describe("what all legacy routes share", () => {
  test("the key, on every one but files", async () => {
    const app = serve(bench, { keys: ["secret"] });
    const legacy = app.routes.filter(({ path }) =>
      /^\/(v\d\/generation\/|v1\/engines\/clean_vram|ping)/.test(path),
    );
    expect(legacy).toHaveLength(16);
    for (const { path, method } of legacy)
      expect([
        path,
        (await fetch(`${baseOf(app)}${path}`, { method, ...(method === "POST" && { body: "{}" }) })).status,
      ]).toEqual([path, 403]);
    const send = async (body: string) =>
      (await fetch(`${baseOf(app)}${t2i}`, { method: "POST", body })).status;
    expect([await send("{"), await send('{"image_number": "many"}')]).toEqual([422, 403]);
    expect((await fetch(`${baseOf(app)}/ping`, { headers: { "x-api-key": "secret" } })).status).toBe(200);
    expect((await fetch(`${baseOf(app)}/files/2026-01-01/a.png`)).status).toBe(404);
    await app.stop(true);
  });

  test("a swap method that nobody knows gives way to the default", async () => {
    for (const method of ["both", "joint", "separate", "vae"]) {
      const answer = await post(t2i, { ...small, advanced_params: { refiner_swap_method: method } });
      expect([method, answer.status]).toEqual([method, 200]);
    }
  });

  test("a refusal shows the body, as it was read or as the text it is", async () => {
    const wrong = { image_number: 33, advanced_params: { adm_scaler_end: 2 } };
    const answer = await post(t2i, wrong);
    const { detail, body } = await answer.json();
    expect([answer.status, body]).toEqual([422, wrong]);
    expect(detail.map(({ type, loc }: { type: string; loc: unknown }) => [type, loc])).toEqual([
      ["less_than_equal", ["body", "image_number"]],
      ["less_than_equal", ["body", "advanced_params", "adm_scaler_end"]],
    ]);
    expect(await (await post(t2i, "{")).json()).toMatchObject({
      detail: [{ type: "json_invalid" }],
      body: "{",
    });
    expect(
      (
        await post("/v1/generation/image-upscale-vary", "x", {
          "content-type": "multipart/form-data; boundary=b",
        })
      ).status,
    ).toBe(400);
    expect(await (await post(t2i, "")).json()).toMatchObject({ detail: [{ type: "missing" }], body: null });
    const huge = await (await post(t2i, { ...wrong, prompt: "x".repeat(5000) })).text();
    expect(huge.length).toBeLessThan(2000);
  });

  test("compressed from 1000 bytes on, for clients that take it", async () => {
    const raw = async (path: string, encoding: string) => {
      const answer = await fetch(`${base}${path}`, {
        headers: { "accept-encoding": encoding },
        decompress: false,
      });
      return {
        encoding: answer.headers.get("content-encoding"),
        vary: answer.headers.get("vary"),
        bytes: await answer.bytes(),
      };
    };
    for (let n = 0; n < 8; n += 1) await post(t2i, small);
    const long = "/v1/generation/job-history";
    const zipped = await raw(long, "gzip, deflate");
    expect([zipped.encoding, zipped.vary]).toEqual(["gzip", "Accept-Encoding"]);
    const plain = await raw(long, "identity");
    expect(plain.encoding).toBeNull();
    expect(Bun.gunzipSync(zipped.bytes)).toEqual(plain.bytes);
    expect((await raw(long, "gzip;q=0")).encoding).toBeNull();
    expect((await raw("/ping", "gzip")).encoding).toBeNull();
    const named = await get("/ping", { origin: "http://page.test", cookie: "a=b" });
    expect(named.headers.get("vary")).toBe("Accept-Encoding, Origin");
    expect(named.headers.get("access-control-allow-origin")).toBe("http://page.test");
    expect((await raw("/v1/engines/styles", "gzip")).vary).toBeNull();
  });

  test("pong, and memory that is given back", async () => {
    expect(await (await get("/ping")).text()).toBe('"pong"');
    expect(await (await get("/v1/engines/clean_vram")).json()).toEqual({ message: "ok" });
  });
});

test("a webhook in the legacy form, for jobs of the legacy API alone, also after a restart", async () => {
  const bodies: unknown[] = [];
  const hook = Bun.serve({
    port: 0,
    fetch: async (request) => {
      bodies.push(await request.json());
      return new Response("");
    },
  });
  // Stays closed for the first server: it dies with the job in its hands.
  closeGate();
  const first = await openBench({
    engine: new ScriptedEngine({ beforeStep: () => gate }),
    config: { webhook_text: true },
  });
  const app = serve(first);
  const url = `http://127.0.0.1:${hook.port}/`;
  const answer = await fetch(`${baseOf(app)}${t2i}`, {
    method: "POST",
    body: JSON.stringify({ ...small, async_process: true, webhook_url: url, image_seed: 3 }),
  });
  const { job_id: id } = await answer.json();
  await app.stop(true);
  first.crash();
  const second = await openBench({ folder: first.folder, config: { webhook_text: true } });
  await until(async () => bodies.length > 0);
  const name = `/outputs/[0-9-]{10}/${id}-0\\.png$`;
  expect(bodies).toEqual([
    { job_id: id, job_result: [{ url: expect.stringMatching(new RegExp(name)), seed: "3" }] },
  ]);
  gate = Promise.resolve();
  expect((await second.tasks.find(id.replaceAll("-", "") as TaskId))?.door).toEqual({
    name: "legacy",
    word: "text-to-image",
  });
  await second.close();
  await hook.stop(true);
});
