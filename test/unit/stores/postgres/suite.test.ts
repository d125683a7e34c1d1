import { afterAll, beforeAll, describe } from "bun:test";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { historySuite } from "../../../support/history-suite.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../../../support/own-postgres.ts";

describe.skipIf(noPostgres !== "")(`the history in Postgres${noPostgres}`, () => {
  let postgres: OwnPostgres;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  }, 60_000);
  afterAll(() => postgres.close());

  historySuite("postgres", async () => openPostgresHistory(await postgres.database()));
});
