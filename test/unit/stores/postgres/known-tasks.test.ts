import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../../../support/own-postgres.ts";

describe.skipIf(noPostgres !== "")(`tasks of a Postgres that are remembered${noPostgres}`, () => {
  let postgres: OwnPostgres;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  }, 60_000);
  afterAll(() => postgres.close());

  test("a page with more rows than are remembered is whole however often it is read, and with rows that are new", async () => {
    const address = await postgres.database();
    const history = await openPostgresHistory(address);
    const add = (from: number, to: number) =>
      postgres.ask(
        address,
        `INSERT INTO fooocusd.task (task_id, req_params, in_queue_mills, door)
        SELECT lpad(to_hex(n), 32, '0'), '{}', n, 'fooocus-api' FROM generate_series(${from}, ${to}) AS n`,
      );
    const times = async (pageSize: number) =>
      (await history.page({ page: 0, pageSize, without: [] })).map(({ queuedAt }) => queuedAt);
    const newest = (last: number, count: number) => Array.from({ length: count }, (_, at) => last - at);
    await add(1, 1500);
    for (const _ of [1, 2, 3]) expect(await times(5000)).toEqual(newest(1500, 1500));
    // What was read longest ago makes room for what is new, also where it is asked for with that.
    expect(await times(100)).toEqual(newest(1500, 100));
    await add(1501, 1550);
    for (const size of [100, 1100, 100, 2000])
      expect(await times(size)).toEqual(newest(1550, Math.min(size, 1550)));
    await history.close();
  });
});
