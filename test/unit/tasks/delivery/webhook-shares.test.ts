import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { Webhooks } from "#/tasks/delivery/webhook.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../../../support/own-postgres.ts";

const received: string[] = [];
let listener: () => void = () => undefined;
const receiver = Bun.serve({
  port: 0,
  fetch: (request) => {
    received.push(request.headers.get("webhook-id") ?? "");
    listener();
    return new Response("");
  },
});
afterAll(() => receiver.stop(true));

const delivery = {
  id: "msg_1",
  url: `http://127.0.0.1:${receiver.port}/hook`,
  body: "{}",
  attempts: 0,
  nextAt: 1_000_000,
};
const settlement = {
  outcome: "finished",
  startedAt: 1,
  finishedAt: 2,
  percent: 100,
  images: [],
  error: null,
} as const;
const hour = 3_600_000;

describe.skipIf(noPostgres !== "")(`webhooks that several servers post${noPostgres}`, () => {
  let postgres: OwnPostgres;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  }, 60_000);
  afterAll(() => postgres.close());
  beforeEach(() => received.splice(0));

  /** A history with a webhook that waits. */
  async function withDelivery(): Promise<HistoryStore> {
    const history = await openPostgresHistory(await postgres.database());
    const id = "1".padStart(32, "0") as TaskId;
    await history.insert({
      ...{ id, request: {}, webhookUrl: delivery.url, label: null },
      ...{ door: { name: "fooocus-api", word: "" }, warnings: [], queuedAt: 0 },
    });
    await history.settle(id, settlement, delivery);
    return history;
  }

  /** What one server does with it, and how often it looked; `looked` is called after each look. */
  function server(history: HistoryStore, now: () => number) {
    let looks = 0;
    const refused = Promise.withResolvers<void>();
    let looked: () => void = () => undefined;
    let claiming: Promise<unknown> = Promise.resolve();
    const seen: HistoryStore = {
      ...history,
      claim: async (...asked) => {
        const claimed = history.claim?.(...asked) ?? Promise.resolve(true);
        claiming = claimed;
        const isMine = await claimed;
        if (!isMine) refused.resolve();
        return isMine;
      },
      // Not while one is asked for, which then waits nowhere: a minute apart the two hardly ever meet.
      deliveries: async () => {
        await claiming;
        const waiting = await history.deliveries();
        looks += 1;
        looked();
        return waiting;
      },
    };
    const options = { secret: "", allowPrivate: true, shareEvery: 20 };
    const webhooks = new Webhooks(seen, options, now, silentLog);
    return {
      webhooks,
      refused: refused.promise,
      /** Posted, or looked for so often and not posted. */
      ended: (most: number): Promise<void> => {
        const first = looks;
        return new Promise((resolve) => {
          const look = (): void => void ((received.length > 0 || looks - first >= most) && resolve());
          looked = look;
          listener = look;
          look();
        });
      },
    };
  }

  test("one that another server had, tried and left behind is posted, though it was known before", async () => {
    const history = await withDelivery();
    let now = delivery.nextAt;
    const { webhooks, refused, ended } = server(history, () => now);
    // The other one posts it at this moment.
    expect(await history.claim?.(delivery, "the other", hour)).toBe(true);
    webhooks.wake();
    await refused;
    // It did not arrive, and the other one dies.
    await history.reschedule(delivery.id, 1, now + 5000);
    now += hour;
    await ended(10);
    expect(received).toEqual([delivery.id]);
    while ((await history.deliveries()).length > 0) await Bun.sleep(5);
    await webhooks.close();
    await history.close();
  });

  test("one whose server died in the middle of a post is posted when its time is over, and not before", async () => {
    const history = await withDelivery();
    let now = delivery.nextAt;
    const { webhooks, refused, ended } = server(history, () => now);
    expect(await history.claim?.(delivery, "the other", hour)).toBe(true);
    webhooks.wake();
    await refused;
    now += hour;
    await ended(10);
    expect(received).toEqual([]);
    // By the database's clock, which is nobody's here: the other one's time is made to end.
    await history.claim?.(delivery, "the other", 0);
    await ended(100);
    expect(received).toEqual([delivery.id]);
    while ((await history.deliveries()).length > 0) await Bun.sleep(5);
    await webhooks.close();
    await history.close();
  });
});
