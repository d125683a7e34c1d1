import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { TaskId } from "#/lib/task-id.ts";
import { isKeyTaken } from "#/stores/history/failures.ts";
import type { HistoryStore, NewTask, Settlement } from "#/stores/history.ts";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../../../support/own-postgres.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;
const input = (n: number): string => `${n.toString(16).padStart(64, "0")}.png`;

const fresh = (n: number, request: NewTask["request"] = { prompt: `word${n} shared` }): NewTask => ({
  id: idOf(n),
  request,
  webhookUrl: "",
  label: null,
  door: { name: "fooocus-api", word: "" },
  warnings: [],
  queuedAt: 1000 + n,
});

const ended = (percent: number): Settlement => ({
  outcome: "finished",
  startedAt: 1,
  finishedAt: 2,
  percent,
  images: [],
  error: null,
});

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
const delivery = { id: "msg", url: "http://hook.test/", body: "{}", attempts: 0, nextAt: 500 };

describe.skipIf(noPostgres !== "")(`several servers with one history in Postgres${noPostgres}`, () => {
  let postgres: OwnPostgres;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  }, 60_000);
  afterAll(() => postgres.close());

  /** Does something with so many servers, which start at once on an empty database. */
  async function heads(
    count: number,
    run: (heads: readonly HistoryStore[], address: string) => Promise<void>,
  ): Promise<void> {
    const address = await postgres.database();
    const opened = await Promise.all(range(count).map(() => openPostgresHistory(address)));
    try {
      await run(opened, address);
    } finally {
      await Promise.all(opened.map((one) => one.close()));
    }
  }
  const [one, two] = [0, 1] as const;
  const at = (stores: readonly HistoryStore[], n: number): HistoryStore => {
    const store = stores[n];
    if (store === undefined) throw new Error(`no server ${n}`);
    return store;
  };

  test("four that start at once on an empty database make its tables once, and write at once", async () => {
    await heads(4, async (stores, address) => {
      expect(await postgres.ask(address, "SELECT version FROM fooocusd.version")).toEqual([{ version: 1 }]);
      const rows = await Promise.all(
        range(200).map((n) => at(stores, n % 4).insert(fresh(n), `recipe ${n}`)),
      );
      expect(new Set(rows).size).toBe(200);
      await Promise.all(range(200).map((n) => at(stores, (n + 1) % 4).settle(idOf(n), ended(100))));
      for (const store of stores) expect(await store.countSettled()).toBe(200);
    });
  });

  test("of requests with one key on several servers at once, one is taken, and the others learn of it", async () => {
    await heads(4, async (stores) => {
      for (const round of range(20)) {
        const key = { key: `key ${round}`, fingerprint: "f", forgetBefore: 0 };
        const results = await Promise.all(
          stores.map((store, n) =>
            store.insert(fresh(round * 10 + n), "r", key).catch((thrown: unknown) => thrown),
          ),
        );
        const taken = results.filter((result) => typeof result === "number");
        expect(taken).toHaveLength(1);
        expect(results.filter(isKeyTaken)).toHaveLength(3);
        const winner = idOf(round * 10 + results.findIndex((result) => typeof result === "number"));
        for (const store of stores) expect((await store.keyed(key.key, 0))?.taskId).toBe(winner);
      }
      expect(await at(stores, one).unfinished()).toHaveLength(20);
    });
  });

  test("a task that several end at once has one end and one webhook; exactly one is told that it is its", async () => {
    await heads(3, async (stores) => {
      for (const n of range(20)) {
        await at(stores, one).insert(fresh(n));
        const told = await Promise.all(
          stores.map((store, head) =>
            store.settle(idOf(n), ended(head + 1), { ...delivery, id: `msg_${n}_${head}` }),
          ),
        );
        expect(told.filter(Boolean)).toHaveLength(1);
        const winner = told.indexOf(true);
        expect((await at(stores, two).find(idOf(n)))?.state).toMatchObject({ percent: winner + 1 });
        expect((await at(stores, one).deliveries()).map(({ id }) => id).at(-1)).toBe(`msg_${n}_${winner}`);
      }
      expect(await at(stores, one).deliveries()).toHaveLength(20);
    });
  });

  test("a webhook is one server's for its time, and the next one's when that is over or the try is", async () => {
    await heads(2, async (stores) => {
      const claim = async (head: number, milliseconds: number, attempts = 0) =>
        await at(stores, head).claim?.({ id: "msg", attempts }, `head ${head}`, milliseconds);
      await at(stores, one).insert(fresh(1));
      await at(stores, one).settle(idOf(1), ended(1), delivery);
      const [first, second] = await Promise.all([claim(one, 60_000), claim(two, 60_000)]);
      expect([first, second].filter(Boolean)).toHaveLength(1);
      const holder = first === true ? one : two;
      const other = 1 - holder;
      // Who has it may have it longer; and gives it up by the next try.
      expect(await claim(holder, 60_000)).toBe(true);
      await at(stores, holder).reschedule("msg", 1, 700);
      // The other knew of no try.
      expect(await claim(other, 60_000)).toBe(false);
      expect(await claim(other, 60_000, 1)).toBe(true);
      expect(await claim(holder, 60_000, 1)).toBe(false);
      // Its time is over at once.
      expect(await claim(other, 0, 1)).toBe(true);
      expect(await claim(holder, 60_000, 1)).toBe(true);
      await at(stores, holder).delivered("msg");
      expect(await claim(other, 50, 1)).toBe(false);
    });
  });

  test("a counter that is raised by several never goes back", async () => {
    await heads(3, async (stores) => {
      const raise = async (n: number) => await at(stores, n % 3).raiseCounter?.("seq", n);
      const seen = await Promise.all([...range(50)].reverse().map(raise));
      for (const [place, value] of seen.entries()) expect(value).toBeGreaterThanOrEqual(49 - place);
      expect(await at(stores, one).counter("seq")).toBe(49);
    });
  });

  test("an input that one server's task names while another removes the last that did stays wanted", async () => {
    await heads(2, async (stores) => {
      const bringing = (n: number): NewTask =>
        fresh(n, { prompt: "", uov_input_image: `http://host/inputs/${input(1)}` });
      for (const round of range(30)) {
        const [old, young] = [2 * round, 2 * round + 1];
        await at(stores, one).insert(bringing(old));
        await Promise.all([
          at(stores, one).remove([idOf(old)], { outputs: [], inputs: true, at: 7 }),
          at(stores, two).insert(bringing(young)),
        ]);
        expect(await at(stores, one).namesInput(input(1))).toBe(true);
        expect(await at(stores, two).unwanted(10)).toEqual([]);
        await at(stores, one).remove([idOf(young)], { outputs: [], inputs: false, at: 8 });
      }
    });
  });

  test("what one server removes is gone for another, and what comes late for it is nowhere", async () => {
    await heads(2, async (stores, address) => {
      await at(stores, one).insert(fresh(1), "recipe");
      await at(stores, two).star(idOf(1), true);
      await at(stores, one).remove([idOf(1)], { outputs: [], inputs: true, at: 1 });
      await at(stores, two).keepMaking(idOf(1), "late");
      await at(stores, two).star(idOf(1), true);
      expect(await at(stores, two).settle(idOf(1), ended(1), delivery)).toBe(false);
      expect(await at(stores, two).find(idOf(1))).toBeUndefined();
      for (const table of ["task", "recipe", "making", "star", "searched", "named", "webhook"])
        expect(await postgres.ask(address, `SELECT * FROM fooocusd.${table}`)).toHaveLength(0);
    });
  });
});
