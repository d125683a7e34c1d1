import { afterAll, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { silentLog } from "#/lib/log.ts";
import { newTaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { Webhooks } from "#/tasks/delivery/webhook.ts";
import type { WebhookOptions } from "#/tasks/delivery/webhook-post.ts";
import { openBench, small } from "../../../support/task-bench.ts";

type Received = Readonly<{ headers: Headers; body: string }>;

const received: Received[] = [];
const listeners = new Set<() => void>();
let answers: number[] = [];
const server = Bun.serve({
  port: 0,
  fetch: async (request) => {
    received.push({ headers: request.headers, body: await request.text() });
    for (const listener of listeners) listener();
    const status = answers.shift() ?? 200;
    return new Response("", { status, headers: status === 302 ? { location: "/elsewhere" } : {} });
  },
});
afterAll(() => server.stop(true));
const url = `http://127.0.0.1:${server.port}/hook`;

/** The next request, or the one that came already after `seen` others. */
async function next(seen: number): Promise<Received> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (received.length <= seen) return;
      listeners.delete(look);
      resolve();
    };
    listeners.add(look);
    look();
  });
  const request = received[seen];
  if (request === undefined) throw new Error("nothing was received");
  return request;
}

const options: WebhookOptions = { secret: "", allowPrivate: true };

const delivery = { id: "msg_1", url, body: '{"a":1}', attempts: 0, nextAt: 0 };

/** A history with one delivery in its outbox. */
async function withDelivery(more: Partial<typeof delivery> = {}): Promise<HistoryStore> {
  const history = openHistory(":memory:");
  const settlement = {
    outcome: "finished",
    startedAt: 1,
    finishedAt: 2,
    percent: 100,
    images: [],
    error: null,
  } as const;
  const id = newTaskId();
  await history.insert({
    ...{ id, request: {}, webhookUrl: url, label: null, door: { name: "fooocus-api", word: "" } },
    ...{ warnings: [], queuedAt: 0 },
  });
  await history.settle(id, settlement, { ...delivery, ...more });
  return history;
}

/** Waits for the outbox to change. */
async function until(history: HistoryStore, done: (next: number | undefined) => boolean | Promise<boolean>) {
  while (!(await done((await history.deliveries())[0]?.nextAt))) await Bun.sleep(5);
}

test("the end of a task is posted as its record", async () => {
  const seen = received.length;
  const bench = await openBench();
  const { id } = await bench.tasks.submit({ ...small, webhook_url: url });
  const { headers, body } = await next(seen);
  expect(JSON.parse(body)).toMatchObject({ task_id: id, task_status: "finished", progress: 100 });
  expect(headers.get("content-type")).toBe("application/json");
  expect(headers.get("webhook-id")).toBe(`msg_${id}`);
  expect(headers.get("webhook-signature")).toBeNull();
  await bench.close();
});

test("the server's own address serves requests that name none; the old form is a string", async () => {
  const seen = received.length;
  const bench = await openBench({ config: { webhook_url: url, webhook_text: true } });
  const { id } = await bench.tasks.submit({ ...small, webhook_url: "" });
  const { body } = await next(seen);
  expect(JSON.parse(JSON.parse(body))).toMatchObject({ task_id: id });
  await bench.close();
});

test("a secret signs id, time and body as Standard Webhooks says", async () => {
  const key = Buffer.from("a secret of sufficient length");
  const seen = received.length;
  const history = await withDelivery();
  const secret = `whsec_${key.toString("base64")}`;
  const webhooks = new Webhooks(history, { ...options, secret }, () => 1_700_000_000_000, silentLog);
  webhooks.wake();
  const { headers } = await next(seen);
  const expected = createHmac("sha256", key).update('msg_1.1700000000.{"a":1}').digest("base64");
  expect(headers.get("webhook-timestamp")).toBe("1700000000");
  expect(headers.get("webhook-signature")).toBe(`v1,${expected}`);
  await until(history, (at) => at === undefined);
  await webhooks.close();
});

test("a signature is the one that Standard Webhooks' own libraries are tested with", async () => {
  const seen = received.length;
  const history = await withDelivery({ id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' });
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const webhooks = new Webhooks(history, { ...options, secret }, () => 1_614_265_330_000, silentLog);
  webhooks.wake();
  const { headers } = await next(seen);
  expect(headers.get("webhook-signature")).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  await until(history, (at) => at === undefined);
  await webhooks.close();
});

test("what does not arrive is tried again, later each time, and given up after a day", async () => {
  const waits: number[] = [];
  let now = 0;
  const history = await withDelivery();
  answers = Array.from({ length: 20 }, () => 503);
  const seen = received.length;
  const webhooks = new Webhooks(history, options, () => now, silentLog);
  for (let tries = 1; ; tries += 1) {
    const due = (await history.deliveries())[0]?.nextAt ?? 0;
    now = due;
    webhooks.wake();
    await next(seen + tries - 1);
    await until(history, (at) => at !== due);
    const at = (await history.deliveries())[0]?.nextAt;
    if (at === undefined) break;
    waits.push((at - now) / 1000);
    // The timer of the last look must not run into the next one.
    await Bun.sleep(1);
  }
  await webhooks.close();
  answers = [];
  expect(waits).toEqual([5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800]);
});

test("a redirect is not followed, and a private address is refused unless allowed", async () => {
  const seen = received.length;
  answers = [302];
  const redirected = await withDelivery();
  const one = new Webhooks(redirected, options, () => 0, silentLog);
  one.wake();
  await until(redirected, (at) => at !== 0);
  await one.close();
  expect(await redirected.deliveries()).toMatchObject([{ attempts: 1 }]);
  const refused = await withDelivery();
  const two = new Webhooks(refused, { ...options, allowPrivate: false }, () => 0, silentLog);
  two.wake();
  await until(refused, (at) => at !== 0);
  await two.close();
  expect(await refused.deliveries()).toMatchObject([{ attempts: 1 }]);
  expect(received.length).toBe(seen + 1);
});

test("a delivery that was not made before a restart is made after it", async () => {
  answers = [503];
  const down = await openBench();
  const { id } = await down.tasks.submit({ ...small, webhook_url: url });
  await down.tasks.settled(id, AbortSignal.timeout(120_000));
  await until(
    down.history,
    async (at) => at !== undefined && (await down.history.deliveries())[0]?.attempts === 1,
  );
  await down.history.reschedule(`msg_${id}`, 1, 0);
  await down.tasks.close(1000);
  await down.history.close();
  const seen = received.length;
  const up = await openBench({ folder: down.folder });
  expect(JSON.parse((await next(seen)).body)).toMatchObject({ task_id: id });
  await up.close();
});
