import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type App, startApp } from "#/app.ts";
import { parseFlags } from "#/config/flags.ts";
import { loadConfig } from "#/config/load.ts";
import { EngineError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import { temporaryFolder } from "#/lib/temporary-folder.ts";
import { noRedis, type OwnRedis, ownRedis } from "../../support/own-redis.ts";

if (noRedis !== undefined) console.warn(`Heads that start at once are not tested: ${noRedis}.`);

describe.skipIf(noRedis !== undefined)("heads of a fleet that start", () => {
  let redis: OwnRedis;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    redis = await ownRedis("maxmemory-policy", "noeviction");
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
  });
  afterAll(() => redis.close());

  const folder = temporaryFolder("heads");
  afterAll(() => folder.remove());
  let folders = 0;

  /** A head with folders of its own, and so another history and other places than all others. */
  function head(name: string) {
    folders += 1;
    const outputs = join(folder.path, `outputs-${folders}`);
    const words = ["--outputs", outputs, "--inputs", join(folder.path, `inputs-${folders}`)];
    const flags = parseFlags(["--fleet", redis.url, "--port", "0", "--member-name", name, ...words]);
    const { config } = loadConfig({ flags, env: { HOME: folder.path } });
    return {
      outputs,
      started: startApp(config, [], silentLog).then((app) => {
        closing.push(app.close);
        return app;
      }),
    };
  }

  const refusalOf = async (started: Promise<App>): Promise<string> =>
    await started.then(
      () => "it started",
      (thrown: unknown) =>
        thrown instanceof EngineError ? `${thrown.code}: ${thrown.message}` : String(thrown),
    );

  test("of several that start in one moment, each with a history and places of its own, one does", async () => {
    for (let round = 0; round < 3; round += 1) {
      const heads = ["a", "b", "c", "d"].map(head);
      const refusals = await Promise.all(heads.map(({ started }) => refusalOf(started)));
      const refused = refusals.filter((said) => said !== "it started");
      expect(refused).toHaveLength(3);
      for (const said of refused)
        expect(said).toMatch(
          /^bad-setting: The outputs folder .* is not that of the other heads of this fleet/,
        );
      for (const [i, { outputs }] of heads.entries())
        expect(existsSync(join(outputs, "db.sqlite3"))).toBe(refusals[i] === "it started");
      for (const close of closing.splice(0)) await close();
    }
  });

  test("one that is refused leaves nothing but its lock, and may be started where it belongs", async () => {
    await head("a").started;
    const other = head("b");
    expect(await refusalOf(other.started)).toContain("is not that of the other heads of this fleet");
    expect(readdirSync(other.outputs)).toEqual(["server.lock"]);
    for (const close of closing.splice(0)) await close();
    expect(await refusalOf(head("b").started)).toBe("it started");
  });

  test("of two that start in one moment under one name, one does", async () => {
    const refusals = await Promise.all([head("a"), head("a")].map(({ started }) => refusalOf(started)));
    expect(refusals.filter((said) => said === "it started")).toHaveLength(1);
  });
});
