import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { TaskId } from "#/lib/task-id.ts";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../../../support/own-postgres.ts";

describe.skipIf(noPostgres !== "")(
  `files of a history in Postgres that are to be deleted${noPostgres}`,
  () => {
    let postgres: OwnPostgres;
    beforeAll(async () => {
      postgres = await startOwnPostgres();
    }, 90_000);
    afterAll(() => postgres.close());

    test("are noted and forgotten in one step each, however many they are", async () => {
      const history = await openPostgresHistory(await postgres.database());
      const outputs = Array.from({ length: 25_000 }, (_, n) => ({
        folder: "2026-11-23",
        name: `ä\0 ${String(n).padStart(5, "0")}.png`,
      }));
      const files = await history.remove(["1".padStart(32, "0") as TaskId], { outputs, inputs: true, at: 7 });
      expect(files).toHaveLength(25_000);
      expect(await history.unwanted(30_000)).toEqual(files);
      await history.forgetFiles(files.slice(1));
      expect(await history.unwanted(30_000)).toEqual(files.slice(0, 1));
      await history.forgetFiles([]);
      expect(await history.unwanted(30_000)).toHaveLength(1);
      await history.forgetFiles(files);
      expect(await history.unwanted(30_000)).toEqual([]);
      await history.close();
    });
  },
);
