import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import type { Fleet } from "#/fleet/fleet.ts";
import type { ModelFile } from "#/fleet/jobs.ts";
import type { Asking, Question, TakenQuestion } from "#/fleet/questions.ts";
import { AppError, EngineError } from "#/lib/errors.ts";
import { join, until } from "../../support/fleet-bench.ts";
import { noRedis, type OwnRedis, ownRedis } from "../../support/own-redis.ts";

setDefaultTimeout(60_000);
if (noRedis !== undefined) console.warn(`Questions of a fleet are not tested: ${noRedis}.`);

const tagger: ModelFile = { kind: "clip_vision", name: "tagger.onnx", bytes: 7 };

const question = (more: Partial<Question> = {}): Question => ({
  text: '{"tool":"describe","as":"tags"}',
  needs: [tagger],
  picture: new Uint8Array([1, 2, 3]),
  ...more,
});

const asking = (more: Partial<Asking> = {}): Asking => ({
  signal: new AbortController().signal,
  check: () => undefined,
  ring: () => undefined,
  ...more,
});

const all = (): boolean => true;

/** The code and the sentence that a promise fails with. */
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "it did not fail",
    (thrown: unknown) => (thrown instanceof AppError ? `${thrown.code}: ${thrown.message}` : String(thrown)),
  );

describe.skipIf(noRedis !== undefined)("questions", () => {
  const open: Fleet[] = [];
  const servers: OwnRedis[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((fleet) => fleet.close()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function members(...ids: readonly string[]) {
    const redis = await ownRedis("maxmemory-policy", "noeviction");
    servers.push(redis);
    const fleets = await Promise.all(ids.map((id) => join(redis.url, id)));
    open.push(...fleets);
    const [head, west, east] = fleets;
    if (head === undefined || west === undefined) throw new Error("a head and a worker");
    return { redis, head, west, east: east ?? west };
  }

  async function taken({ questions }: Fleet, can: Parameters<Fleet["questions"]["next"]>[0] = all) {
    let found: TakenQuestion | undefined;
    await until(async () => {
      found = await questions.next(can);
      return found !== undefined;
    });
    if (found === undefined) throw new Error("none");
    return found;
  }

  /** What is left in Redis of all questions. */
  async function keysLeft({ url }: OwnRedis): Promise<readonly string[]> {
    const client = new Redis(url);
    try {
      return await client.keys("*question*");
    } finally {
      client.disconnect();
    }
  }

  test("one is answered by who has its files, with a picture as large as is allowed, and nothing of it is left", async () => {
    const { redis, head, west } = await members("head", "west");
    const picture = new Uint8Array(randomBytes(52 * 1024 ** 2));
    let rung = 0;
    const answer = head.questions.ask(question({ picture }), asking({ ring: () => void (rung += 1) }));
    await until(() => rung === 1);
    expect(await west.questions.next(() => false)).toBeUndefined();
    const one = await taken(west, (needs) => needs.some(({ name }) => name === tagger.name));
    expect(one.text).toBe(question().text);
    expect(Buffer.compare(await one.picture(), picture)).toBe(0);
    expect(await west.questions.next(all)).toBeUndefined();
    await one.answer({ text: '{"tags":1}', file: picture });
    const reply = await answer;
    expect(reply.text).toBe('{"tags":1}');
    expect(Buffer.compare(reply.file ?? new Uint8Array(0), picture)).toBe(0);
    await until(async () => (await keysLeft(redis)).length === 0);
  });

  test("they are taken in the order in which they were asked", async () => {
    const { head, west } = await members("head", "west");
    const answers = [];
    for (const text of ["one", "two", "three"]) {
      answers.push(head.questions.ask(question({ text }), asking()));
      await Bun.sleep(30);
    }
    const texts = [];
    for (const _ of answers) {
      const one = await taken(west);
      texts.push(one.text);
      await one.answer({ text: one.text });
    }
    expect(texts).toEqual(["one", "two", "three"]);
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(texts);
  });

  test("whoever leaves takes it back: from the line, and from a worker", async () => {
    const { redis, head, west } = await members("head", "west");
    const [waiting, working] = [new AbortController(), new AbortController()];
    const first = failure(head.questions.ask(question(), asking({ signal: waiting.signal })));
    await until(async () => (await keysLeft(redis)).length > 0);
    waiting.abort();
    expect(await first).toStartWith("interrupted: Nobody waits");
    await until(async () => (await keysLeft(redis)).length === 0);
    expect(await west.questions.next(all)).toBeUndefined();
    const second = failure(head.questions.ask(question(), asking({ signal: working.signal })));
    const one = await taken(west);
    working.abort();
    expect(await second).toStartWith("interrupted");
    await until(() => one.over.aborted, 5_000);
    await one.answer({ text: "too late" }).catch(() => undefined);
    await until(async () => (await keysLeft(redis)).length === 0, 15_000);
  });

  test("of a worker that dies another one takes it; of the second it fails, in a sentence", async () => {
    const { head, west, east } = await members("head", "west", "east");
    let rung = 0;
    const answer = head.questions.ask(question(), asking({ ring: () => void (rung += 1) }));
    await taken(west);
    await west.close();
    const one = await taken(east);
    await one.answer({ text: "from the east" });
    expect([(await answer).text, rung]).toEqual(["from the east", 2]);
    const again = failure(head.questions.ask(question(), asking()));
    await taken(east);
    await east.close();
    const third = await join(head === undefined ? "" : (servers[0]?.url ?? ""), "third");
    await taken(third);
    await third.close();
    expect(await again).toStartWith("worker-died: 2 workers were lost");
  });

  test("one that is let go is taken again at once, and no worker was lost with it", async () => {
    const { head, west, east } = await members("head", "west", "east");
    const answer = head.questions.ask(question(), asking());
    for (let tries = 0; tries < 3; tries += 1) await (await taken(west)).letGo();
    await (await taken(east)).answer({ text: "at last" });
    expect((await answer).text).toBe("at last");
  });

  test("a worker that hung and wakes finds its question gone, and its answer is not heard", async () => {
    const { head, west } = await members("head", "west");
    const answer = head.questions.ask(question(), asking());
    const one = await taken(west);
    // The lease of one that said nothing for ten seconds.
    const client = new Redis(servers[0]?.url ?? "");
    const lease = (await client.keys("*:lease"))[0] ?? "";
    const back = async (): Promise<boolean> => {
      await client.del(lease);
      return (await client.zcard("{test}:questions:v3")) === 1;
    };
    await until(back);
    client.disconnect();
    await one.answer({ text: "late" });
    expect(await west.questions.next(all)).toBeDefined();
    void failure(answer);
  });

  test("what the look for workers throws ends it", async () => {
    const { head } = await members("head", "west");
    let looks = 0;
    const check = (): void => {
      looks += 1;
      if (looks === 2) throw new EngineError("no-worker", "They all left.");
    };
    expect(await failure(head.questions.ask(question(), asking({ check })))).toBe(
      "no-worker: They all left.",
    );
  });

  test("Redis that is killed, or hangs, is an error within ten seconds", async () => {
    for (const harm of ["kill", "pause"] as const) {
      const { redis, head } = await members("head", "west");
      const answer = failure(head.questions.ask(question(), asking()));
      await until(async () => (await keysLeft(redis)).length > 0);
      const began = Date.now();
      await redis[harm]();
      expect(await answer).toStartWith("fleet-unavailable: The fleet's Redis");
      expect(Date.now() - began).toBeLessThan(11_000);
    }
  });

  test("a Redis that comes back empty is asked again", async () => {
    const { redis, head, west } = await members("head", "west");
    const answer = head.questions.ask(question(), asking());
    await taken(west);
    await redis.kill();
    await redis.start();
    await (await taken(west)).answer({ text: "again" });
    expect((await answer).text).toBe("again");
  });
});
