import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { NewTask, Settlement } from "#/stores/history.ts";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { HistoryWriter } from "#/tasks/life-cycle/history-writer.ts";
import type { TaskImage } from "#/tasks/life-cycle/task.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../../../support/own-postgres.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

const fresh = (n: number): NewTask => ({
  id: idOf(n),
  request: { prompt: `number ${n}` },
  webhookUrl: "",
  label: null,
  door: { name: "fooocus-api", word: "" },
  warnings: [],
  queuedAt: n,
});

const imagesOf = (count: number): readonly TaskImage[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    url: `http://host/outputs/2026-11-23/${index}.png`,
    width: 64,
    height: 48,
    seed: "1",
    timings: null,
  }));

const ended = (count: number): Settlement => ({
  outcome: "finished",
  startedAt: 1,
  finishedAt: 2,
  percent: 100,
  images: imagesOf(count),
  error: null,
});

describe.skipIf(noPostgres !== "")(`writing into a Postgres that goes away${noPostgres}`, () => {
  let postgres: OwnPostgres;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  }, 60_000);
  afterAll(() => postgres.close());

  test("two servers write while Postgres is stopped, killed and killed again for seconds; nothing is lost or twice", async () => {
    const address = await postgres.database();
    const servers = await Promise.all(
      [0, 1].map(async () => ({
        history: await openPostgresHistory(address),
        writer: new HistoryWriter(silentLog),
      })),
    );
    const accepted: number[] = [];
    const settled: number[] = [];
    const end = new AbortController();
    /** One server's tasks, each from its acceptance to its end. */
    const work = async (server: number): Promise<void> => {
      const here = servers[server];
      if (here === undefined) throw new Error(`no server ${server}`);
      const { history, writer } = here;
      const key = (n: number) => ({ key: `key ${n}`, fingerprint: "f", forgetBefore: 0 });
      for (let n = server; !end.signal.aborted; n += 2) {
        try {
          await writer.now(() => history.insert(fresh(n), "recipe", key(n)));
        } catch {
          // Who asked is told so: it is not accepted. What was written all the same is found below.
          continue;
        }
        accepted.push(n);
        const delivery = { id: `msg_${n}`, url: "http://x/", body: "{}", attempts: 0, nextAt: n };
        void writer.keep(idOf(n), () => history.started(idOf(n), 1));
        for (const count of [1, 2, 3])
          void writer.keep(idOf(n), () => history.imageSaved(idOf(n), imagesOf(count)));
        void writer.keep(idOf(n), async () => {
          expect(await history.settle(idOf(n), ended(3), delivery)).toBe(true);
          settled.push(n);
        });
        await Bun.sleep(5);
      }
    };
    const working = Promise.all([work(0), work(1)]);
    for (const signal of ["SIGINT", "SIGKILL", "SIGKILL"] as const) {
      await Bun.sleep(400);
      await postgres.stop(signal);
      await Bun.sleep(2500);
      await postgres.start();
    }
    await Bun.sleep(500);
    end.abort();
    await working;
    for (const deadline = performance.now() + 60_000; settled.length < accepted.length; await Bun.sleep(50))
      if (performance.now() > deadline) break;
    for (const { writer } of servers) await writer.close();
    expect(accepted.length).toBeGreaterThan(9);
    expect(settled.toSorted((a, b) => a - b)).toEqual(accepted.toSorted((a, b) => a - b));
    const [{ history } = { history: undefined }] = servers;
    if (history === undefined) throw new Error("no server");
    const kept = await history.range({ from: 0, to: 1e9 });
    const ends = kept.filter(({ state }) => state.status === "settled").map(({ queuedAt }) => queuedAt);
    expect(ends.toSorted((a, b) => a - b)).toEqual(accepted.toSorted((a, b) => a - b));
    expect(kept.every(({ state }) => state.status !== "settled" || state.images.length === 3)).toBe(true);
    expect(await history.countSettled()).toBe(accepted.length);
    expect((await history.deliveries()).length).toBe(accepted.length);
    for (const server of servers) await server.history.close();
  }, 240_000);
});
