import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBinary } from "../support/binary.ts";
import { type MainProcess, startMain } from "../support/main-process.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../support/own-postgres.ts";

setDefaultTimeout(300_000);

const models = join(import.meta.dir, "../../models");
const small = { overwrite_width: 256, overwrite_height: 256, overwrite_step: 4 };

type Json = Readonly<Record<string, unknown>>;

describe.skipIf(noPostgres !== "")(`a server whose history is in Postgres${noPostgres}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-postgres-e2e-"));
  const posted: Json[] = [];
  const receiver = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      posted.push((await request.json()) as Json);
      return new Response();
    },
  });
  let postgres: OwnPostgres;
  let address = "";
  let server: MainProcess;

  const start = () =>
    startMain(
      folder,
      ...["--outputs", join(folder, "outputs"), "--inputs", join(folder, "inputs"), "--models", models],
      ...["--port", "0", "--also-port", "0", "--allow-private-fetch", "true", "--history", address],
    );
  const ask = async (path: string, method = "GET", body?: unknown): Promise<Json> => {
    const answer = await fetch(server.url + path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Json;
  };
  const generate = (more: Json) =>
    ask("/v1/engine/generate/", "POST", { prompt: "a red circle", ...small, ...more });
  const finished = async (id: string): Promise<Json> => {
    for (let waits = 0; waits < 4; waits += 1) {
      const record = await ask(`/tasks/${id}?wait=60`);
      if (record["task_status"] !== null) {
        expect(record["task_status"]).toBe("finished");
        return record;
      }
    }
    throw new Error(`${id} does not end`);
  };
  const rows = (table: string) => postgres.ask(address, `SELECT * FROM fooocusd.${table}`);

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    address = await postgres.database();
    server = await start();
    expect(server.url).toStartWith("http");
  });
  afterAll(async () => {
    await server?.stop();
    await receiver.stop(true);
    await postgres?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a task is made, told by webhook, listed, found, starred and deleted; nothing is in a file", async () => {
    const made = await generate({ prompt: "ein schöner roter Kreis", webhook_url: receiver.url.href });
    expect(made).toMatchObject({ task_status: "finished" });
    const id = String(made["task_id"]);
    for (let wait = 0; posted.length === 0 && wait < 1200; wait += 1) await Bun.sleep(50);
    expect(posted).toEqual([expect.objectContaining({ task_id: id })]);
    for (let wait = 0; (await rows("webhook")).length > 0 && wait < 1200; wait += 1) await Bun.sleep(50);
    expect(await rows("webhook")).toEqual([]);
    expect(await ask("/tasks?query=history")).toMatchObject({
      history: [expect.objectContaining({ task_id: id })],
    });
    await ask(`/tasks/${id}/star`, "PUT");
    for (const query of ["prompt=schoner+kre", "starred=true", "prompt=roter&starred=true"])
      expect(await ask(`/v1/history?${query}`)).toMatchObject({
        tasks: [expect.objectContaining({ task_id: id, starred: true })],
      });
    expect(await ask("/v1/history?prompt=blau")).toMatchObject({ tasks: [] });
    await ask(`/tasks/${id}`, "DELETE");
    expect(await (await fetch(`${server.url}/tasks/${id}`)).text()).not.toContain(id);
    for (const table of ["task", "star", "searched", "recipe", "making"])
      expect(await rows(table)).toEqual([]);
    expect(await Bun.file(join(folder, "outputs/db.sqlite3")).exists()).toBe(false);
  });

  test("the other doors keep their tasks there too", async () => {
    const prompt = "a red circle";
    const openai = await ask("/v1/images/generations", "POST", {
      prompt,
      size: "256x256",
      n: 1,
      response_format: "b64_json",
    });
    expect(openai["data"]).toHaveLength(1);
    const a1111 = await ask("/sdapi/v1/txt2img", "POST", { prompt, steps: 2, width: 256, height: 256 });
    expect(a1111["images"]).toHaveLength(1);
    const doors = (await rows("task")).map(({ door }) => door);
    expect(new Set(doors)).toEqual(new Set(["a1111", "openai"]));
  });

  test("one key is one task", async () => {
    const headers = { "Idempotency-Key": '"mine"', "content-type": "application/json" };
    const body = JSON.stringify({ prompt: "x", ...small, async_process: true });
    const send = async () =>
      (await (
        await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", headers, body })
      ).json()) as Json;
    const [first, second] = await Promise.all([send(), send()]);
    expect(first?.["task_id"]).toBe(second?.["task_id"] as string);
    await finished(String(first?.["task_id"]));
  });

  test("a server that is killed in the middle of a task goes on with it, and with what waits", async () => {
    const before = (await rows("task")).length;
    const running = await generate({ image_number: 2, overwrite_step: 12, async_process: true });
    const waiting = await generate({ prompt: "waits", async_process: true, webhook_url: receiver.url.href });
    const id = String(running["task_id"]);
    for (let wait = 0; wait < 600; wait += 1) {
      const [row] = await postgres.ask(address, `SELECT attempt FROM fooocusd.task WHERE task_id = '${id}'`);
      if (row?.["attempt"] === 1) break;
      await Bun.sleep(20);
    }
    server.child.kill("SIGKILL");
    await server.child.exited;
    posted.length = 0;
    server = await start();
    expect((await finished(id))["result"]).toHaveLength(2);
    await finished(String(waiting["task_id"]));
    expect((await rows("task")).length).toBe(before + 2);
    for (let wait = 0; posted.length === 0 && wait < 1200; wait += 1) await Bun.sleep(50);
    expect(posted).toHaveLength(1);
    expect(await rows("recipe")).toEqual([]);
  });

  test("a Postgres that is away while tasks are made loses none of them", async () => {
    const running = await generate({ image_number: 2, overwrite_step: 8, async_process: true });
    const id = String(running["task_id"]);
    await postgres.stop("SIGKILL");
    await Bun.sleep(4000);
    const during = await fetch(`${server.url}/tasks?query=history`);
    expect([during.status, during.headers.get("retry-after"), await during.text()]).toEqual([
      503,
      "10",
      expect.stringContaining("Postgres does not answer"),
    ]);
    await postgres.start();
    await finished(id);
    for (let wait = 0; wait < 1200; wait += 1) {
      const [row] = await postgres.ask(
        address,
        `SELECT task_status FROM fooocusd.task WHERE task_id = '${id}'`,
      );
      if (row?.["task_status"] === "finished") break;
      await Bun.sleep(50);
    }
    expect(await rows(`task WHERE task_id = '${id}' AND task_status = 'finished'`)).toHaveLength(1);
  });

  test("the compiled binary keeps its history there too", async () => {
    const own = await postgres.database();
    const started = await startBinary(["--history", own]);
    try {
      const answer = await fetch(`${started.url}/v1/engine/generate/`, {
        method: "POST",
        body: JSON.stringify({ prompt: "a red circle", ...small }),
      });
      expect(await answer.json()).toMatchObject({ task_status: "finished" });
      const found = (await (await fetch(`${started.url}/v1/history?prompt=circ`)).json()) as Json;
      expect(found["tasks"]).toHaveLength(1);
      expect(await postgres.ask(own, "SELECT task_status FROM fooocusd.task")).toEqual([
        { task_status: "finished" },
      ]);
    } finally {
      await started.close();
    }
  });

  test("a start that cannot use its Postgres says why, and shows no password", async () => {
    const wrong = await startMain(
      folder,
      "--port",
      "0",
      "--also-port",
      "0",
      "--models",
      models,
      "--history",
      `${address}x`,
    );
    await wrong.stop();
    expect(wrong.output.text).toMatch(/there is no database of_1x; create it/);
    for (const text of [wrong.output.text, server.output.text]) {
      expect(text).not.toContain("own%26password");
      expect(text).not.toContain("own&password");
    }
  });
});
