import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Server } from "bun";
import { createLog, silentLog } from "#/lib/log.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { HistoryStore, Settlement } from "#/stores/history.ts";
import { Webhooks } from "#/tasks/delivery/webhook.ts";
import { WebhookLanes } from "#/tasks/delivery/webhook-lanes.ts";

const servers: Server<undefined>[] = [];
afterAll(() => {
  for (const server of servers) void server.stop(true);
});

/** A receiver that takes down in which order bodies came; `answer` may keep it waiting. */
function receiver(answer: () => Promise<Response> | Response = () => new Response("")) {
  const bodies: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async (request) => {
      bodies.push(await request.text());
      return await answer();
    },
  });
  servers.push(server);
  return { bodies, url: `http://127.0.0.1:${server.port}/` };
}

const settlement: Settlement = {
  outcome: "finished",
  startedAt: 1,
  finishedAt: 2,
  percent: 100,
  images: [],
  error: null,
};

/** A history in whose outbox lies one webhook for each address, in this order. */
async function outboxFor(urls: readonly string[], path = ":memory:"): Promise<HistoryStore> {
  const history = openHistory(path);
  for (const [n, url] of urls.entries()) {
    const id = String(n).padStart(32, "0") as Parameters<HistoryStore["settle"]>[0];
    await history.insert({
      ...{ id, request: {}, webhookUrl: url, label: null, door: { name: "fooocus-api", word: "" } },
      ...{ warnings: [], queuedAt: 0 },
    });
    await history.settle(id, settlement, { id: `msg_${n}`, url, body: `${n}`, attempts: 0, nextAt: n });
  }
  return history;
}

const options = { secret: "", allowPrivate: true };

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await Bun.sleep(2);
}

test("one receiver that never answers held up the webhooks of nineteen others", async () => {
  const silent = receiver(() => new Promise(() => undefined));
  const others = Array.from({ length: 19 }, () => receiver());
  // Forty for the silent one come first: more than are posted at the same time.
  const urls = [
    ...Array.from({ length: 40 }, () => silent.url),
    ...others.flatMap(({ url }) => [url, url, url]),
  ];
  const webhooks = new Webhooks(await outboxFor(urls), options, Date.now, silentLog);
  const from = performance.now();
  webhooks.wake();
  await until(() => others.every(({ bodies }) => bodies.length === 3));
  const taken = performance.now() - from;
  // One try at the silent one alone takes fifteen seconds.
  expect(taken).toBeLessThan(10_000);
  expect(silent.bodies).toEqual(["0"]);
  await webhooks.close();
});

test("what goes to one receiver goes there in order and one at a time", async () => {
  let open = 0;
  let most = 0;
  const slow = receiver(async () => {
    open += 1;
    most = Math.max(most, open);
    await Bun.sleep(5);
    open -= 1;
    return new Response("");
  });
  const history = await outboxFor(Array.from({ length: 30 }, () => slow.url));
  const webhooks = new Webhooks(history, options, Date.now, silentLog);
  webhooks.wake();
  await until(async () => (await history.deliveries()).length === 0);
  expect(slow.bodies).toEqual(Array.from({ length: 30 }, (_, n) => `${n}`));
  expect(most).toBe(1);
  await webhooks.close();
});

test("more receivers than are posted to at once take turns, and all are served", async () => {
  const held = Promise.withResolvers<void>();
  let open = 0;
  let most = 0;
  const receivers = Array.from({ length: 50 }, () =>
    receiver(async () => {
      open += 1;
      most = Math.max(most, open);
      await held.promise;
      open -= 1;
      return new Response("");
    }),
  );
  const history = await outboxFor(receivers.flatMap(({ url }) => [url, url]));
  const webhooks = new Webhooks(history, options, Date.now, silentLog);
  webhooks.wake();
  await until(() => open === 32);
  await Bun.sleep(100);
  expect(open).toBe(32);
  held.resolve();
  await until(async () => (await history.deliveries()).length === 0);
  expect(most).toBe(32);
  expect(receivers.every(({ bodies }) => bodies.length === 2)).toBe(true);
  await webhooks.close();
});

test("a receiver with much to hear does not take the turns of one with little", () => {
  const lanes = new WebhookLanes();
  const add = (id: string, host: string, nextAt: number) =>
    lanes.add({ id, url: `http://${host}/`, attempts: 0, nextAt });
  for (const n of [1, 2, 3]) add(`a${n}`, "a.test", 0);
  add("b1", "b.test", 5);
  add("a0", "a.test:81", 7);
  const order = Array.from({ length: 6 }, () => lanes.take(10, new Set())?.delivery.id);
  expect(order).toEqual(["a1", "b1", "a0", "a2", "a3", undefined]);
  add("c", "c.test", 20);
  expect([lanes.take(10, new Set()), lanes.nextAt(new Set())]).toEqual([undefined, 20]);
  expect([lanes.take(30, new Set(["c.test"])), lanes.nextAt(new Set(["c.test"]))]).toEqual([
    undefined,
    undefined,
  ]);
});

test("with a full disk the same webhook was posted eighteen times a second", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-outbox-"));
  const path = join(folder, "db.sqlite3");
  const well = receiver();
  const ill = receiver(() => new Response("", { status: 503 }));
  const history = await outboxFor([well.url, ill.url], path);
  // What SQLite says when a change cannot be written, while all reading goes on.
  const disk = new Database(path);
  for (const change of ["DELETE", "UPDATE"])
    disk.run(
      `CREATE TRIGGER full_${change} BEFORE ${change} ON fooocusd_webhook
       BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`,
    );
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date() });
  const webhooks = new Webhooks(history, options, Date.now, log);
  webhooks.wake();
  await until(() => lines.some((line) => line.includes("cannot be written down")));
  for (let n = 0; n < 20; n += 1) {
    await Bun.sleep(50);
    webhooks.wake();
  }
  expect([well.bodies, ill.bodies]).toEqual([["0"], ["1"]]);
  expect(lines.filter((line) => line.includes("cannot be written down"))).toHaveLength(1);
  expect((await history.deliveries()).map(({ attempts }) => attempts)).toEqual([0, 0]);
  // What became of them is written as soon as that works again: nobody has to ask.
  for (const change of ["DELETE", "UPDATE"]) disk.run(`DROP TRIGGER full_${change}`);
  await until(async () => (await history.deliveries()).length === 1);
  await until(async () => (await history.deliveries())[0]?.attempts === 1);
  expect(await history.deliveries()).toMatchObject([{ id: "msg_1" }]);
  expect([well.bodies, ill.bodies]).toEqual([["0"], ["1"]]);
  await webhooks.close();
  disk.close();
  await history.close();
  rmSync(folder, { recursive: true });
});

test("an outbox that cannot be read is asked again later, and harms nobody", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-outbox-"));
  const path = join(folder, "db.sqlite3");
  const well = receiver();
  const history = await outboxFor([well.url], path);
  const other = new Database(path);
  other.run("ALTER TABLE fooocusd_webhook RENAME TO elsewhere");
  const webhooks = new Webhooks(history, options, Date.now, silentLog);
  webhooks.wake();
  other.run("ALTER TABLE elsewhere RENAME TO fooocusd_webhook");
  webhooks.wake();
  await until(async () => (await history.deliveries()).length === 0);
  expect(well.bodies).toEqual(["0"]);
  await webhooks.close();
  other.close();
  await history.close();
  rmSync(folder, { recursive: true });
});

test("a receiver that never ends its answer has it, and is not posted to again", async () => {
  const endless = receiver(
    () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("thanks")),
        }),
      ),
  );
  const history = await outboxFor([endless.url, endless.url]);
  const webhooks = new Webhooks(history, options, Date.now, silentLog);
  webhooks.wake();
  await until(async () => (await history.deliveries()).length === 0);
  expect(endless.bodies).toEqual(["0", "1"]);
  await webhooks.close();
});

test("what arrives while the server closes is not posted again at the next start", async () => {
  const slow = receiver(async () => {
    await Bun.sleep(200);
    return new Response("");
  });
  const history = await outboxFor([slow.url, slow.url]);
  const webhooks = new Webhooks(history, options, Date.now, silentLog);
  webhooks.wake();
  await until(() => slow.bodies.length === 1);
  await webhooks.close();
  expect((await history.deliveries()).map(({ id }) => id)).toEqual(["msg_1"]);
  expect(slow.bodies).toEqual(["0"]);
});
