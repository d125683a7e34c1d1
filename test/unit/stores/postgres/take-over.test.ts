import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { HistoryStore, NewTask } from "#/stores/history.ts";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { takeOver } from "#/stores/postgres/take-over.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../../../support/own-postgres.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;
const input = `${"7".repeat(64)}.png`;

const fresh = (n: number): NewTask => ({
  id: idOf(n),
  request: {
    prompt: `schön\0 ${n}`,
    image_seed: 9223372036854775807n,
    base_model_name: "a.safetensors",
    uov_input_image: n === 3 ? `http://host/inputs/${input}` : null,
  },
  webhookUrl: "",
  label: n === 1 ? "a\0b" : null,
  door: { name: "legacy", word: "enhance" },
  warnings: ["Too large."],
  queuedAt: 1000 * n,
});

const ended = {
  outcome: "finished",
  startedAt: 5000,
  finishedAt: 9000,
  percent: 100,
  images: [
    { index: 0, url: "http://h/outputs/2026-11-23/a.png", width: 64, height: 48, seed: "1", timings: null },
  ],
  error: null,
} as const;

/** All that both must tell alike. */
async function told(history: HistoryStore, count: number) {
  const tasks = await history.page({ page: 0, pageSize: 1000, without: [] });
  const ids = Array.from({ length: count }, (_, n) => idOf(n));
  while (await history.indexSome());
  return {
    tasks,
    unfinished: await history.unfinished(),
    recipes: await Promise.all(ids.map((id) => history.recipe(id))),
    makings: await Promise.all(ids.map((id) => history.making(id))),
    stars: [...(await history.starredAmong(ids))].sort(),
    keyed: await history.keyed("mine\0", 0),
    deliveries: await history.deliveries(),
    body: await history.deliveryBody("msg_1"),
    names: await history.usedNames(),
    found: (await history.search({ words: "schon 1", limit: 99 })).map(({ id }) => id),
    settled: await history.countSettled(),
    input: await history.namesInput(input),
    unwanted: await history.unwanted(9),
    seq: await history.counter("seq"),
  };
}

describe.skipIf(noPostgres !== "")(`taking a history in SQLite over into Postgres${noPostgres}`, () => {
  let postgres: OwnPostgres;
  const root = mkdtempSync(join(tmpdir(), "fooocusd-take-over-"));
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  }, 60_000);
  afterAll(async () => {
    rmSync(root, { recursive: true, force: true });
    await postgres.close();
  });

  test("both tell the same afterwards, done once or twice", async () => {
    const path = join(root, "db.sqlite3");
    const old = openHistory(path);
    const count = 250;
    for (let n = 0; n < count; n += 1) {
      await old.insert(
        fresh(n),
        `recipe ${n}`,
        n === 5 ? { key: "mine\0", fingerprint: "f", forgetBefore: 0 } : undefined,
      );
      if (n % 3 !== 0) await old.settle(idOf(n), ended);
    }
    await old.settle(idOf(0), ended, { id: "msg_1", url: "http://x/", body: "{}\0", attempts: 0, nextAt: 7 });
    await old.reschedule("msg_1", 3, 700);
    await old.keepMaking(idOf(1), '{"made":"schön"}');
    for (const n of [1, 9]) await old.star(idOf(n), true);
    await old.remove([idOf(2)], { outputs: [{ folder: "2026-11-23", name: "b.png" }], inputs: true, at: 3 });
    await old.reorder([idOf(9), idOf(3), idOf(6)]);
    await old.started(idOf(12), 1);
    await old.stopping(idOf(12));
    await old.imageSaved(idOf(12), ended.images);
    await old.setCounter("seq", 4_000_000_000);
    const before = await told(old, count);
    await old.close();
    const address = await postgres.database();
    const steps: number[] = [];
    const first = await takeOver(path, address, (done, all) => steps.push(done, all));
    expect(first).toEqual({ written: count - 1, there: 0, left: [] });
    expect(steps).toEqual([100, 249, 200, 249, 249, 249]);
    expect(await takeOver(path, address, () => undefined)).toEqual({
      written: 0,
      there: count - 1,
      left: [],
    });
    const history = await openPostgresHistory(address);
    const numberless = (all: Awaited<ReturnType<typeof told>>) => ({
      ...all,
      tasks: all.tasks.map((task) => ({ ...task, row: 0 })),
      unfinished: all.unfinished.map((task) => ({ ...task, row: 0 })),
    });
    expect(numberless(await told(history, count))).toEqual(numberless(before));
    expect(await history.insert({ ...fresh(2) })).toBeGreaterThan(count - 1);
    await history.close();
  });

  test("however much there is, no step is long, and few statements are: the way to a database may be", async () => {
    const path = join(root, "many", "db.sqlite3");
    await openHistory(path).close();
    const database = new Database(path);
    database.transaction(() => {
      for (let n = 0; n < 950; n += 1) {
        database.run("INSERT INTO fooocusd_key VALUES (?, ?, 'f', '[]', 1)", [`key ${n}`, idOf(n)]);
        const request = JSON.stringify({ prompt: `number ${n}`, style_selections: ["a", "b"] });
        // A name that comes twice is one task.
        const id = idOf(n - (n % 10 === 7 ? 1 : 0));
        database.run("INSERT INTO generate_record (task_id, req_params, in_queue_mills) VALUES (?, ?, ?)", [
          id,
          request,
          n,
        ]);
      }
    })();
    database.close();
    const address = await postgres.database();
    expect(await takeOver(path, address, () => undefined)).toEqual({ written: 855, there: 95, left: [] });
    for (const [table, rows, most] of [
      ["task", 855, 10],
      ["searched", 855, 10],
      ["named", 1710, 10],
      ["key", 950, 10],
    ] as const) {
      const [told] = await postgres.ask(
        address,
        `SELECT count(*)::int AS rows, count(DISTINCT xmin::text)::int AS steps,
          count(DISTINCT (xmin::text, cmin::text))::int AS statements FROM fooocusd.${table}`,
      );
      expect([table, told]).toEqual([table, { rows, steps: most, statements: most }]);
    }
    const [first] = await postgres.ask(
      address,
      `SELECT array_agg(in_queue_mills ORDER BY id)::text AS times FROM fooocusd.task WHERE in_queue_mills < 9`,
    );
    expect(first).toEqual({ times: "{0,1,2,3,4,5,6,8}" });
  });

  test("what others left in the file is taken as far as it can be, and told", async () => {
    const path = join(root, "odd", "db.sqlite3");
    const old = openHistory(path);
    await old.insert(fresh(1));
    await old.close();
    const database = new Database(path);
    const insert = database.query(
      "INSERT INTO generate_record (task_id, req_params, in_queue_mills, task_status, progress) VALUES (?, ?, ?, ?, ?)",
    );
    insert.run("lost", '{"prompt":"x"}', 5, null, null);
    insert.run("odd", Buffer.from([1, 2]), "soon", "finished", "half");
    insert.run("", "{}", 1, null, null);
    insert.run(Buffer.from([1]), "{}", 1, null, null);
    database.close();
    const address = await postgres.database();
    const taken = await takeOver(path, address, () => undefined);
    expect(taken).toEqual({ written: 3, there: 0, left: [4, 5] });
    const history = await openPostgresHistory(address);
    expect((await history.find("lost" as TaskId))?.state).toMatchObject({
      outcome: "failed",
      error: { message: "The old history does not say how this task ended." },
    });
    expect((await history.find("odd" as TaskId))?.warnings).toEqual([expect.stringContaining("req_params")]);
    expect((await history.unfinished()).map(({ id }) => id)).toEqual([idOf(1)]);
    await history.close();
  });
});
