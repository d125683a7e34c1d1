import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { EngineError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { isBusy } from "#/stores/history/failures.ts";
import type { HistoryStore, NewTask, Settlement } from "#/stores/history.ts";
import { readAddress, shownSetting } from "#/stores/postgres/address.ts";
import { Connection } from "#/stores/postgres/connection.ts";
import { migrate } from "#/stores/postgres/migrate.ts";
import { openPostgresHistory } from "#/stores/postgres/postgres.ts";
import { addressOf, noPostgres, type OwnPostgres, startOwnPostgres } from "../../../support/own-postgres.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

const fresh = (n: number, more: Partial<NewTask> = {}): NewTask => ({
  id: idOf(n),
  request: { prompt: "x" },
  webhookUrl: "",
  label: null,
  door: { name: "fooocus-api", word: "" },
  warnings: [],
  queuedAt: 1,
  ...more,
});

const ended: Settlement = {
  outcome: "finished",
  startedAt: 1,
  finishedAt: 2,
  percent: 100,
  images: [],
  error: null,
};

const secret = "tief&geheim";

/** What an opening fails with. */
async function refusal(address: string): Promise<EngineError> {
  const thrown = await failureOf(openPostgresHistory(address, { patience: 0 }));
  return thrown;
}

async function failureOf(work: Promise<unknown>): Promise<EngineError> {
  const thrown = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(thrown instanceof EngineError)) throw new Error(`no error of ours: ${String(thrown)}`);
  for (const text of [
    thrown.message,
    JSON.stringify(thrown.details),
    String(thrown.cause),
    Bun.inspect(thrown),
  ])
    for (const password of [secret, encodeURIComponent(secret), "own&password", "own%26password"])
      expect(text).not.toContain(password);
  return thrown;
}

describe.skipIf(noPostgres !== "")(`what can be the matter with a history in Postgres${noPostgres}`, () => {
  let postgres: OwnPostgres;
  const admin = (statement: string) => postgres.ask(addressOf(postgres.port, "postgres", "admin"), statement);
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  }, 60_000);
  afterAll(() => postgres.close());

  /** Another user's address of a database, who may do what the statements say. */
  async function otherUser(name: string, address: string): Promise<string> {
    await admin(`CREATE ROLE ${name} LOGIN PASSWORD '${secret}'`);
    return addressOf(postgres.port, new URL(address).pathname.slice(1), name, secret);
  }

  test("a wrong password, a user or a database that is not there, and a port where nobody answers are told", async () => {
    const cases = [
      [
        addressOf(postgres.port, "postgres", "fooocusd", secret),
        /let fooocusd in; correct user and password/,
      ],
      [addressOf(postgres.port, "postgres", "nobody", secret), /let nobody in/],
      [addressOf(postgres.port, "nowhere"), /no database nowhere; create it \(createdb nowhere\)/],
      [
        addressOf(1, "nowhere", "me", secret),
        /me@127\.0\.0\.1:1\/nowhere cannot be used: Postgres does not answer; start it/,
      ],
      [`${addressOf(postgres.port, "postgres")}?sslmode=require`, /does not speak TLS as sslmode/],
    ] as const;
    for (const [address, words] of cases) {
      const error = await refusal(address);
      const isAway = error.message.includes("does not answer");
      const code = isAway ? "storage-away" : "storage-failed";
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
      expect(error.message).toContain("history");
      expect(isBusy(error)).toBe(isAway);
    }
  });

  test("what is no address is refused as a setting, and never shown", async () => {
    for (const setting of [
      "postgres",
      "mysql://a:tief%26geheim@b/c",
      "postgres://host/db",
      "postgres://u:%zz@h/d",
    ]) {
      const error = await failureOf(openPostgresHistory(setting));
      expect(error.code).toBe("bad-setting");
    }
    const odd = await failureOf(openPostgresHistory("postgres://u:tief%26geheim@h/d?sslmode=perhaps"));
    expect([odd.code, odd.message]).toEqual(["bad-setting", expect.stringContaining("sslmode")]);
    expect(shownSetting("postgres://u:tief%26geheim@h:1/d?sslmode=require&password=tief")).toBe(
      "postgres://u@h:1/d?sslmode=require",
    );
    expect(shownSetting("postgres:/u:tief@h")).toBe("postgres:/…");
    expect(shownSetting("")).toBe("");
  });

  test("a database that cannot be used as it is says what is missing, and stays unchanged", async () => {
    const address = await postgres.database();
    const user = await otherUser("guest", address);
    expect((await refusal(user)).message).toMatch(
      /guest may not do that; .*CREATE SCHEMA fooocusd AUTHORIZATION guest; or GRANT CREATE ON DATABASE/,
    );
    // As the sentence says.
    await postgres.ask(
      addressOf(postgres.port, new URL(address).pathname.slice(1), "admin"),
      "CREATE SCHEMA fooocusd AUTHORIZATION guest",
    );
    const history = await openPostgresHistory(user);
    await history.insert(fresh(1));
    await history.close();
    await admin("ALTER ROLE guest SET default_transaction_read_only = on");
    expect((await refusal(user)).message).toMatch(/can only be read \(a replica\); name the primary/);
    const narrow = await postgres.database("ENCODING 'LATIN1' TEMPLATE template0");
    expect((await refusal(narrow)).message).toMatch(/encoding is LATIN1.*ENCODING 'UTF8'/);
    const tables = await postgres.ask(narrow, "SELECT nspname FROM pg_namespace WHERE nspname = 'fooocusd'");
    expect(tables).toHaveLength(0);
  });

  test("a history of a newer version is refused unchanged; one of an older is brought up, once", async () => {
    const address = await postgres.database();
    const history = await openPostgresHistory(address);
    await history.insert(fresh(1));
    const connections = [1, 2, 3].map(() => new Connection(readAddress(address), silentLog));
    const added = ["ALTER TABLE fooocusd.task ADD COLUMN later integer"];
    await Promise.all(connections.map((one) => migrate(one, [[], added])));
    expect(await postgres.ask(address, "SELECT version, later FROM fooocusd.version, fooocusd.task")).toEqual(
      [{ version: 2, later: null }],
    );
    // A version that fails in the middle leaves what there was.
    const [one] = connections;
    if (one === undefined) throw new Error("no connection");
    const broken = ["ALTER TABLE fooocusd.task ADD COLUMN third integer", "SELECT 1/0"];
    await failureOf(migrate(one, [[], added, broken]));
    const columns = "SELECT 1 FROM information_schema.columns WHERE column_name = 'third'";
    expect(await postgres.ask(address, columns)).toHaveLength(0);
    for (const connection of connections) await connection.close();
    expect((await refusal(address)).message).toMatch(
      /written by a newer version of fooocusd \(2 > 1\)\. Start that version, or name another database/,
    );
    // Who has it open goes on.
    expect((await history.find(idOf(1)))?.id).toBe(idOf(1));
    await history.close();
  });

  async function opened(run: (history: HistoryStore, address: string) => Promise<void>): Promise<void> {
    const address = await postgres.database();
    const history = await openPostgresHistory(address);
    await history.insert(fresh(1));
    try {
      await run(history, address);
    } finally {
      await history.close();
    }
  }

  test("what the server says in the middle is told by what can be done, and what passes is busy", async () => {
    await opened(async (history, address) => {
      const cases = [
        ["53100", /disk of Postgres is full; make room/, false],
        ["40001", /another server wrote the same/, true],
        ["40P01", /another server wrote the same/, true],
        ["53300", /no connection left; raise its max_connections/, true],
        ["25006", /only be read/, false],
        ["XX001", /damaged or gone; restore its backup/, false],
        ["57P03", /is starting or ending/, true],
      ] as const;
      for (const [code, words, busy] of cases) {
        await postgres.ask(
          address,
          `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'said' USING ERRCODE = '${code}'; END $$`,
        );
        await postgres.ask(
          address,
          "CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON fooocusd.task FOR EACH ROW EXECUTE FUNCTION refuse()",
        );
        const error = await failureOf(history.settle(idOf(1), ended));
        const kind = busy ? "storage-away" : code === "53100" ? "disk-full" : "storage-failed";
        expect([error.code, error.message]).toEqual([kind, expect.stringMatching(words)]);
        expect([code, isBusy(error)]).toEqual([code, busy]);
      }
      await postgres.ask(address, "DROP TRIGGER refuse ON fooocusd.task");
      expect(await history.settle(idOf(1), ended)).toBe(true);
      await postgres.ask(address, "DROP SCHEMA fooocusd CASCADE");
      expect((await failureOf(history.find(idOf(1)))).message).toMatch(
        /are gone or changed; restore a backup/,
      );
    });
  });

  test("connections that are ended under way are made anew without a word to anybody", async () => {
    await opened(async (history) => {
      const end = () =>
        admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'fooocusd'");
      for (let n = 2; n < 30; n += 1) {
        const [inserted, , found] = await Promise.all([
          history.insert(fresh(n)),
          end(),
          history.find(idOf(1)),
          history.setCounter("seq", n),
        ]);
        expect(inserted).toBeGreaterThan(0);
        expect(found?.id).toBe(idOf(1));
      }
      expect(await history.unfinished()).toHaveLength(29);
    });
  });

  test("a server that is stopped is busy, and answers again when it is there again", async () => {
    await opened(async (history) => {
      for (const signal of ["SIGINT", "SIGKILL"] as const) {
        await postgres.stop(signal);
        const error = await failureOf(history.find(idOf(1)));
        expect(error.message).toMatch(/^The history cannot be read: Postgres does not answer; (?!.*127)/);
        expect(isBusy(error)).toBe(true);
        await postgres.start();
        expect((await history.find(idOf(1)))?.id).toBe(idOf(1));
      }
    });
  }, 60_000);

  test("a start waits for a Postgres that starts at the same time", async () => {
    const address = await postgres.database();
    await postgres.stop();
    const waits = Promise.withResolvers<string>();
    const opening = openPostgresHistory(address, {
      log: { ...silentLog, warn: waits.resolve },
      patience: 60_000,
    });
    expect(await waits.promise).toBe("the history's Postgres does not answer yet; it is waited for");
    await postgres.start();
    const history = await opening;
    expect(await history.countSettled()).toBe(0);
    await history.close();
  }, 60_000);

  test("a server that says nothing is given up, and its connections with it", async () => {
    const address = await postgres.database();
    // Also a busy machine answers within that.
    const history = await openPostgresHistory(address, { answerWithin: 4000 });
    await history.insert(fresh(1));
    postgres.freeze(true);
    try {
      const error = await failureOf(history.imageSaved(idOf(1), []));
      expect(error.message).toMatch(/the connection to Postgres was lost/);
      expect(isBusy(error)).toBe(true);
    } finally {
      postgres.freeze(false);
    }
    expect((await history.find(idOf(1)))?.id).toBe(idOf(1));
    await history.close();
  }, 60_000);

  test("a text that Postgres cannot keep is kept all the same, and found", async () => {
    await opened(async (history) => {
      const odd = "a\0b \ud800 \ufffe0000";
      const task = fresh(2, {
        label: odd,
        webhookUrl: `http://${odd}`,
        request: { prompt: odd, n: 9007199254740993n },
      });
      await history.insert(task, odd, { key: odd, fingerprint: odd, forgetBefore: 0 });
      expect(await history.find(idOf(2))).toMatchObject({
        label: odd,
        webhookUrl: `http://${odd}`,
        request: task.request,
      });
      expect(await history.recipe(idOf(2))).toBe(odd);
      expect(await history.keyed(odd, 0)).toMatchObject({ taskId: idOf(2), fingerprint: odd });
      await history.settle(idOf(2), { ...ended, outcome: "failed" });
      for (const words of ["b", "a"]) expect(await history.search({ words, limit: 9 })).toHaveLength(1);
    });
  });

  test("a damaged row is told, once in the log, and nothing throws", async () => {
    const address = await postgres.database();
    const logged: string[] = [];
    const log = { ...silentLog, error: (sentence: string) => void logged.push(sentence) };
    const history = await openPostgresHistory(address, { log });
    await history.insert(fresh(1));
    await postgres.ask(address, "UPDATE fooocusd.task SET req_params = '{\"', images = 'x'");
    expect((await history.find(idOf(1)))?.warnings).toEqual([expect.stringContaining("req_params")]);
    expect((await history.unfinished())[0]?.fault).toContain("damaged");
    expect(await history.page({ page: 0, pageSize: 5, without: [] })).toHaveLength(1);
    expect(logged).toEqual(["a row of the history is damaged; it stays as it is"]);
    await history.close();
  });
});
