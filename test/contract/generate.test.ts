import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import { silentLog } from "#/lib/log.ts";
import { routes } from "#/routes/index.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { benchDoors, openBench } from "../support/task-bench.ts";

const bench = await openBench();
afterAll(() => bench.close());

const app = (keys: readonly string[] = []) =>
  routes({
    doors: benchDoors(),
    tasks: bench.tasks,
    tools: bench.tools,
    choices: bench.choices,
    images: folderImages(join(bench.folder, "outputs"), join(bench.folder, "inputs"), Math.random),
    catalog: new Catalog([join(bench.folder, "models")]),
    styleNames: ["Fooocus V2", "Random Style"],
    auth: { keys, protectFiles: false },
    corsOrigins: [],
    log: silentLog,
  });

/** As Python's `requests.post(url, data=json.dumps(...))` sends it: no content type. */
const post = (body: unknown, headers: Record<string, string> = {}, keys: readonly string[] = []) =>
  app(keys).handle(
    new Request("http://localhost/v1/engine/generate/", {
      method: "POST",
      headers: { accept: "*/*", ...headers },
      body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
    }),
  );
const get = async (path: string, init: RequestInit = {}) =>
  app().handle(new Request(`http://localhost${path}`, init));

const request = {
  prompt: "a circle",
  negative_prompt: "",
  style_selections: [],
  performance_selection: "Lightning",
  overwrite_width: 64,
  overwrite_height: 64,
  webhook_url: "",
};

describe("the guide's three ways", () => {
  test("asynchronous: the acknowledgement, byte for byte, and then a record under its id", async () => {
    const answer = await post({ ...request, async_process: true });
    const text = await answer.text();
    const id = /"task_id":"([0-9a-f]{32})"/.exec(text)?.[1] ?? "";
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(text).toBe(
      `{"id":-1,"task_id":"${id}","req_params":{},"in_queue_mills":-1,"start_mills":-1,"finish_mills":-1,` +
        `"task_status":"pending","progress":-1,"preview":"","webhook_url":"","result":[]}`,
    );
    expect(await (await get(`/tasks/${id}`)).json()).toMatchObject({ task_id: id });
  });

  test("stream: one JSON object an event, an empty data line after it, Finished last", async () => {
    const answer = await post({ ...request, stream_output: true });
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    // A comment comes first where there is nothing to say yet; readers of event streams pass over it.
    const events = (await answer.text()).split("\r\n\r\n").filter((event) => !event.startsWith(": ping - "));
    expect(events.pop()).toBe("");
    for (const event of events) {
      expect(event).toMatch(
        /^data: \{"progress": \d+, "preview": .+, "message": ".+", "images": \[.*\]\}\r\ndata: $/,
      );
    }
    const last: unknown = JSON.parse(events.at(-1)?.split("\r\n")[0]?.slice(6) ?? "");
    expect(last).toEqual({
      progress: 100,
      preview: null,
      message: "Finished",
      images: [expect.stringMatching(/\/outputs\/\d{4}-\d\d-\d\d\/.+\.png$/)],
    });
  });

  test("binary: naming both flags as false asks for the picture, JSON in Accept takes it back", async () => {
    const both = { ...request, stream_output: false, async_process: false };
    const picture = await post(both);
    expect(picture.headers.get("content-type")).toBe("image/png");
    expect((await picture.bytes()).slice(1, 4)).toEqual(new TextEncoder().encode("PNG"));
    const record = await post(both, { accept: "application/json" });
    expect(await record.json()).toMatchObject({ task_status: "finished", progress: 100 });
    const jpeg = await post(request, { accept: "image/jpg" });
    expect(jpeg.headers.get("content-type")).toBe("image/jpeg");
  });
});

test("a seed keeps its last digit from the request to the record", async () => {
  const text = await (await post('{"image_seed": 9223372036854775807, "style_selections": []}')).text();
  expect(text).toContain('"image_seed":9223372036854775807');
});

test("what is wrong with a request is said in FastAPI's shape", async () => {
  const answer = await post({ image_number: "many", sharpness: 31 });
  expect(answer.status).toBe(422);
  const { detail } = await answer.json();
  expect(detail.map(({ type, loc }: { type: string; loc: unknown }) => [type, loc])).toEqual([
    ["int_parsing", ["body", "image_number"]],
    ["less_than_equal", ["body", "sharpness"]],
  ]);
  expect((await post("{")).status).toBe(422);
  expect((await post("")).status).toBe(422);
});

test("a model or a feature that is not there is refused with its field", async () => {
  const unknown = await (await post({ ...request, base_model_name: "nowhere.safetensors" })).json();
  expect(unknown.detail[0]).toMatchObject({ loc: ["body", "base_model_name"] });
  expect((await post({ ...request, style_selections: ["No such style"] })).status).toBe(422);
  // A file that is there and holds no weights is told for what it is.
  writeFileSync(join(bench.folder, "models/loras/old.ckpt"), "PK\x03\x04 and so on");
  const pickle = { ...request, loras: [{ enabled: true, model_name: "old.ckpt", weight: 1 }] };
  const [told] = (await (await post(pickle)).json()).detail;
  expect(told).toMatchObject({ loc: ["body", "loras", 0, "model_name"] });
  expect(told.msg).toContain("old.ckpt cannot be read: it is a zip archive, and not one of PyTorch's");
  // A folder, one that looks like a file, a file's companion, and a name that no file system takes.
  const folder = join(bench.folder, "models/checkpoints");
  for (const name of ["anime", "folder.safetensors"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "._base.safetensors"), "x");
  for (const name of ["anime", "anime/", "folder.safetensors", "._base.safetensors", "x".repeat(5000)]) {
    const answer = await post({ ...request, base_model_name: name });
    expect([name, answer.status]).toEqual([name, 422]);
    expect((await answer.json()).detail[0]).toMatchObject({ loc: ["body", "base_model_name"] });
  }
});

test("a key is asked for where one is set, and not for the documentation", async () => {
  expect((await post(request, {}, ["secret"])).status).toBe(403);
  expect((await post(request, { "x-api-key": "secret" }, ["secret"])).status).toBe(200);
  const docs = await app(["secret"]).handle(new Request("http://localhost/docs"));
  expect(docs.status).toBe(200);
});

test("control answers in the reference's words", async () => {
  const control = async (query: string) =>
    (await get(`/v1/engine/control${query}`, { method: "POST" })).json();
  expect(await control("?action=stop")).toEqual({ message: "No task running" });
  expect(await control("?action=STOP")).toEqual({ message: "Invalid control action" });
  expect(await control("")).toMatchObject({ detail: [{ type: "missing", loc: ["query", "action"] }] });
});

test("lists, files and what does not exist", async () => {
  expect(await (await get("/v1/engines/styles")).json()).toEqual(["Fooocus V2", "Random Style"]);
  expect(await (await get("/v1/engines/all-models")).json()).toMatchObject({
    model_filenames: ["base.safetensors"],
  });
  expect(await (await get("/tasks?query=none")).json()).toEqual({ history: [], current: [], pending: [] });
  expect(await (await get("/tasks/0123")).json()).toEqual([]);
  expect((await get("/outputs/2026-01-01/../../db.sqlite3")).status).toBe(404);
  expect((await get("/outputs/2026-01-01/log.html")).status).toBe(404);
  expect(await (await get("/nowhere")).json()).toEqual({ detail: "Not Found" });
  const root = await get("/");
  expect([root.status, root.headers.get("location")]).toEqual([307, "/docs"]);
});

describe("other origins", () => {
  const origin = "http://page.example";
  test("a page of any origin may read, errors included", async () => {
    for (const path of ["/v1/engines/styles", "/nowhere"]) {
      const { headers } = await get(path, { headers: { origin } });
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("access-control-allow-credentials")).toBe("true");
    }
    expect((await get("/v1/engines/styles")).headers.has("access-control-allow-origin")).toBe(false);
  });

  test("a browser's question beforehand is answered without a key", async () => {
    const headers = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "x-api-key",
    };
    const answer = await get("/v1/engine/generate/", { method: "OPTIONS", headers });
    expect([answer.status, await answer.text()]).toEqual([200, "OK"]);
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    expect(answer.headers.get("access-control-allow-headers")).toBe("x-api-key");
  });
});

test("a known path with another method is a 405 that names the right one", async () => {
  const answer = await get("/v1/engine/control");
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  expect(await answer.json()).toEqual({ detail: "Method Not Allowed" });
  expect((await get("/tasks/0123", { method: "POST" })).headers.get("allow")).toBe("GET, DELETE");
});
