import { afterAll, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { TaskId } from "#/lib/task-id.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { openBench } from "../support/task-bench.ts";

type Received = Readonly<{ path: string; headers: Headers; body: string }>;

/** Somebody who wants to hear of ends; answers with what is in `answers`, then with 200. */
const received: Received[] = [];
const answers: number[] = [];
const receiver = Bun.serve({
  port: 0,
  fetch: async (request) => {
    const { pathname: path } = new URL(request.url);
    received.push({ path, headers: request.headers, body: await request.text() });
    return new Response("", { status: answers.shift() ?? 200 });
  },
});
afterAll(() => receiver.stop(true));
const hook = (path: string): string => `http://127.0.0.1:${receiver.port}${path}`;

/** What came to a path, first or as the n-th. */
async function arrival(path: string, n = 1): Promise<Received> {
  const found = (): Received | undefined => received.filter((one) => one.path === path)[n - 1];
  await soon(() => found() !== undefined);
  return found() ?? expect.unreachable(`nothing came for ${path}`);
}

const small = { style_selections: [], overwrite_step: 3, overwrite_width: 64, overwrite_height: 64 };
const post = async (url: string, body: object) =>
  (
    await fetch(`${url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify({ ...small, async_process: true, ...body }),
    })
  ).json();

test("every end is posted, as the record that the server keeps: finished, failed, stopped, cancelled", async () => {
  const held = gate();
  const engine = new ScriptedEngine({
    beforeStep: async ({ image }) => {
      if (image === 1) throw new Error("the engine broke");
      await held.passed;
    },
  });
  await using bench = await serveBench({ engine });
  const submit = async (path: string, more: object = {}): Promise<string> =>
    (await post(bench.url, { ...more, webhook_url: hook(path) })).task_id;
  const stopped = await submit("/stopped");
  const failed = await submit("/failed", { image_number: 2 });
  const cancelled = await submit("/cancelled");
  const finished = await submit("/finished");
  await fetch(`${bench.url}/tasks/${cancelled}/cancel`, { method: "POST" });
  await fetch(`${bench.url}/v1/engine/control?action=stop`, { method: "POST" });
  held.open();
  for (const [path, id, status] of [
    ["/cancelled", cancelled, "cancelled"],
    ["/stopped", stopped, "stop"],
    ["/failed", failed, "failed"],
    ["/finished", finished, "finished"],
  ] as const) {
    const { headers, body } = await arrival(path);
    const record = JSON.parse(body);
    expect([path, record.task_status, record.task_id]).toEqual([path, status, id]);
    expect(body).toBe(await (await fetch(`${bench.url}/tasks/${id}`)).text());
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("webhook-id")).toBe(`msg_${id}`);
    expect(Object.keys(record)).not.toContain("preview");
  }
  const failure = JSON.parse((await arrival("/failed")).body);
  expect(failure.error).toEqual({ code: "bug", message: "the engine broke" });
  await Bun.sleep(50);
  expect(received.map(({ path }) => path).toSorted()).toEqual([
    "/cancelled",
    "/failed",
    "/finished",
    "/stopped",
  ]);
});

test("a receiver that was down gets it after a restart, signed anew, under the same id", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const config = { webhook_secret: secret };
  const first = await serveBench({ config });
  answers.push(503);
  const before = Date.now();
  const { task_id } = await post(first.url, { webhook_url: hook("/down") });
  await arrival("/down");
  const id = `msg_${task_id}`;
  const waiting = () => first.history.deliveries();
  while ((await waiting())[0]?.attempts !== 1) await Bun.sleep(5);
  // Five seconds are long for a test; the rest of the plan is held elsewhere.
  expect((await waiting())[0]?.nextAt).toBeGreaterThanOrEqual(before + 5000);
  await first.history.reschedule(id, 1, 0);
  first.crash();
  const restarted = Math.floor(Date.now() / 1000);
  const second = await openBench({ folder: first.folder, config });
  const again = await arrival("/down", 2);
  const at = again.headers.get("webhook-timestamp") ?? "";
  expect(Number(at)).toBeWithin(restarted, Date.now() / 1000 + 1);
  expect(again.headers.get("webhook-id")).toBe(id);
  const key = Buffer.from(secret.slice(6), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${at}.${again.body}`).digest("base64");
  expect(again.headers.get("webhook-signature")).toBe(`v1,${signature}`);
  while ((await second.history.deliveries()).length > 0) await Bun.sleep(5);
  expect((await second.tasks.find(task_id as TaskId))?.state.status).toBe("settled");
  await second.close();
});

test("FooocusAPI's form is the record in a string, behind its switch; the server's address serves those without", async () => {
  await using bench = await serveBench({ config: { webhook_text: true, webhook_url: hook("/server") } });
  const { task_id } = await post(bench.url, {});
  const { body } = await arrival("/server");
  const inner: unknown = JSON.parse(body);
  expect(inner).toBeString();
  expect(JSON.parse(String(inner))).toMatchObject({ task_id, webhook_url: hook("/server") });
});

test("a private address was called ten times in the dark: a request that names one is told at once", async () => {
  await using bench = await serveBench({ config: { allow_private_fetch: false } });
  const seen = received.length;
  const port = receiver.port;
  for (const address of [
    hook("/private"),
    `http://localhost:${port}/`,
    `http://hooks.localhost:${port}/`,
    `http://[::1]:${port}/`,
    `http://0x7f.1:${port}/`,
    "https://192.168.1.7/hook",
  ]) {
    const answer = await post(bench.url, { webhook_url: address });
    expect(answer.detail).toEqual([
      expect.objectContaining({ type: "unreachable_url", loc: ["body", "webhook_url"], input: address }),
    ]);
    expect(answer.detail[0].msg).toContain("allow_private_fetch");
  }
  expect(received.length).toBe(seen);
});

test("the operator's own address on this machine was refused as a private one, and is delivered to", async () => {
  await using bench = await serveBench({
    config: { allow_private_fetch: false, webhook_url: hook("/operator"), webhook_secret: "s" },
  });
  const { task_id } = await post(bench.url, {});
  expect(JSON.parse((await arrival("/operator")).body).task_id).toBe(task_id);
  // A client that says the same is no stranger; one that says another is.
  const same = await post(bench.url, { webhook_url: hook("/operator") });
  expect(JSON.parse((await arrival("/operator", 2)).body).task_id).toBe(same.task_id);
  expect((await post(bench.url, { webhook_url: hook("/other") })).detail).toHaveLength(1);
});

test("a generated client's sample text was taken for an address: string, None and null mean none", async () => {
  await using bench = await serveBench({ config: { webhook_url: hook("/nobody-said") } });
  await using without = await serveBench();
  const words = ["string", "None", "null", "NULL", "none", "String", " none ", "", null];
  for (const [index, webhook_url] of words.entries()) {
    const { task_id } = await post(bench.url, { webhook_url });
    expect(JSON.parse((await arrival("/nobody-said", index + 1)).body).task_id).toBe(task_id);
    const task = await post(without.url, { webhook_url });
    const record = await (await fetch(`${without.url}/tasks/${task.task_id}?wait=60`)).json();
    expect([webhook_url, record.task_status, record.webhook_url]).toEqual([webhook_url, "finished", ""]);
  }
  expect(await without.history.deliveries()).toEqual([]);
});
