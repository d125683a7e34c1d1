import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type FleetBench, type FleetProcess, openFleetBench } from "../support/fleet-processes.ts";
import { noRedis, type OwnRedis, ownRedis } from "../support/own-redis.ts";

setDefaultTimeout(180_000);
if (noRedis !== undefined) process.stderr.write(`fleet: skipped, ${noRedis}\n`);

const small = {
  style_selections: [],
  performance_selection: "Lightning",
  overwrite_width: 64,
  overwrite_height: 64,
  async_process: true,
};

type Row = Readonly<{
  task_id: string;
  task_status: string | null;
  result: readonly string[] | null;
  error?: Readonly<{ code: string; message: string }>;
  warnings: readonly string[];
}>;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function fleet(...redisOptions: readonly string[]): Promise<{ redis: OwnRedis; bench: FleetBench }> {
  const redis = await ownRedis("maxmemory-policy", "noeviction", "appendonly", "yes", ...redisOptions);
  closing.push(redis.close);
  const bench = openFleetBench(redis.url);
  closing.push(bench.close);
  return { redis, bench };
}

const ask = async ({ url }: Pick<FleetProcess, "url">, path: string, init?: RequestInit) => {
  const answer = await fetch(url + path, init);
  return { status: answer.status, body: await answer.json() };
};

async function give(head: FleetProcess, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const body = JSON.stringify({ ...small, prompt: "a red circle", ...more });
  const answer = await ask(head, "/v1/engine/generate/", { method: "POST", body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.task_id;
}

/** The record of a task once it has ended. */
async function ended(head: FleetProcess, id: string): Promise<Row> {
  for (let tries = 0; tries < 600; tries += 1) {
    const { body } = await ask(head, `/tasks/${id}?wait=5`).catch(() => ({ body: {} }));
    if (body.finish_mills > 0) return body;
    await Bun.sleep(100);
  }
  throw new Error(`${id} never ended:\n${head.output.text.slice(-3000)}`);
}

/** Hears every end that a head tells, by task. */
async function hearEnds({ url }: FleetProcess) {
  const ends = new Map<string, number>();
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`);
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    const message = typeof data === "string" ? JSON.parse(data) : {};
    if (message.type === "settled") ends.set(message.task_id, (ends.get(message.task_id) ?? 0) + 1);
  };
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  socket.send(JSON.stringify({ type: "subscribe", tasks: "all" }));
  return ends;
}

async function soon(isSo: () => boolean | Promise<boolean>, milliseconds = 30_000): Promise<boolean> {
  for (const until = Date.now() + milliseconds; Date.now() < until; await Bun.sleep(50))
    if (await isSo()) return true;
  return false;
}

const running = async (head: FleetProcess): Promise<boolean> =>
  (await ask(head, "/v1/engines")).body.some(({ task_id }: { task_id: string | null }) => task_id !== null);

describe.skipIf(noRedis !== undefined)("a fleet", () => {
  test("a worker makes what a head took: record, picture, progress and end are those of a single server", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    await bench.worker("west", 5);
    const id = await give(head, { image_number: 2 });
    const row = await ended(head, id);
    expect([row.task_status, row.result?.length, row.error]).toEqual(["finished", 2, undefined]);
    for (const url of row.result ?? []) {
      const picture = await fetch(url);
      expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/png"]);
    }
    const events = await (await fetch(`${head.url}/tasks/${id}/events`)).text();
    const kinds = [...events.matchAll(/^event: (.*)$/gm)].map(([, kind]) => kind);
    expect(kinds).toContain("started");
    expect(kinds.at(-1)).toBe("settled");
  });

  test("of a worker that is killed the task goes on elsewhere, with the pictures that it has, and ends once", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const west = await bench.worker("west", 300);
    const ends = await hearEnds(head);
    const id = await give(head, { image_number: 4 });
    const made = async (): Promise<number> => (await ask(head, `/tasks/${id}`)).body.result?.length ?? 0;
    expect(await soon(async () => (await made()) >= 1)).toBe(true);
    const before = (await ask(head, `/tasks/${id}`)).body.result;
    await west.kill();
    await bench.worker("east", 5);
    const row = await ended(head, id);
    expect([row.task_status, row.result?.length]).toEqual(["finished", 4]);
    expect(row.result?.slice(0, before.length)).toEqual(before);
    expect(ends.get(id)).toBe(1);
  });

  test("a worker that hangs loses its task, and tells nothing more when it wakes", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const west = await bench.worker("west", 200);
    const ends = await hearEnds(head);
    const id = await give(head);
    expect(await soon(() => running(head))).toBe(true);
    west.child.kill("SIGSTOP");
    await bench.worker("east", 5);
    expect((await ended(head, id)).task_status).toBe("finished");
    west.child.kill("SIGCONT");
    const next = await Promise.all([give(head), give(head), give(head)]);
    for (const one of next) expect((await ended(head, one)).task_status).toBe("finished");
    expect([id, ...next].map((one) => ends.get(one))).toEqual([1, 1, 1, 1]);
  });

  test("a worker that is stopped hands its task back, which is no attempt at it", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const id = await give(head, { image_number: 2 });
    for (const name of ["one", "two", "three"]) {
      const worker = await bench.worker(name, 2000, "--shutdown-seconds", "0");
      expect(await soon(() => running(head))).toBe(true);
      await worker.stop();
      expect(worker.child.exitCode).toBe(0);
    }
    await bench.worker("last", 5);
    expect((await ended(head, id)).task_status).toBe("finished");
  });

  test("a task that two workers died of fails, in a sentence", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const id = await give(head);
    for (const name of ["one", "two"]) {
      const worker = await bench.worker(name, 5000);
      expect(await soon(() => running(head))).toBe(true);
      await worker.kill();
      expect(await soon(async () => !(await running(head)))).toBe(true);
    }
    await bench.worker("last", 5);
    const row = await ended(head, id);
    expect([row.task_status, row.error?.code]).toEqual(["failed", "interrupted"]);
  });

  test("waiting tasks are cancelled, moved and paused; running ones stopped", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    const [first, second, third] = [await give(head), await give(head), await give(head)];
    const post = (path: string, body: unknown = {}) =>
      ask(head, path, { method: "POST", body: JSON.stringify(body) });
    await post("/v1/queue", { action: "pause" });
    expect((await post(`/tasks/${second}/cancel`)).status).toBe(200);
    expect((await ended(head, second)).task_status).toBe("cancelled");
    const moved = await post("/v1/queue", { action: "move", task_id: third, before: first });
    expect(moved.body).toEqual({ pending: [third, first], paused: true });
    const west = await bench.worker("west", 400);
    await Bun.sleep(1500);
    expect(await running(head)).toBe(false);
    await post("/v1/queue", { action: "resume" });
    expect(await soon(async () => (await ask(head, `/tasks/${third}`)).body.start_mills !== null)).toBe(true);
    await post(`/tasks/${third}/cancel`);
    expect((await ended(head, third)).task_status).toBe("stop");
    expect((await ended(head, first)).task_status).toBe("finished");
    await west.stop();
  });

  test("Redis is gone for a while: requests are taken all the same, and every task ends once", async () => {
    const { redis, bench } = await fleet();
    const head = await bench.head("head");
    await bench.worker("west", 100);
    const ends = await hearEnds(head);
    const before = await Promise.all(Array.from({ length: 4 }, () => give(head)));
    expect(await soon(() => running(head))).toBe(true);
    await redis.kill();
    const during = await Promise.all(Array.from({ length: 4 }, () => give(head)));
    await Bun.sleep(8000);
    await redis.start();
    for (const id of [...before, ...during]) expect((await ended(head, id)).task_status).toBe("finished");
    expect([...before, ...during].map((id) => ends.get(id))).toEqual(Array(8).fill(1));
  });

  test("a Redis that comes back empty is given all unfinished tasks again", async () => {
    const redis = await ownRedis("maxmemory-policy", "noeviction");
    closing.push(redis.close);
    const bench = openFleetBench(redis.url);
    closing.push(bench.close);
    const head = await bench.head("head");
    await bench.worker("west", 100);
    const before = await Promise.all(Array.from({ length: 4 }, () => give(head)));
    expect(await soon(() => running(head))).toBe(true);
    await redis.kill();
    await redis.start();
    for (const id of before) expect((await ended(head, id)).task_status).toBe("finished");
    const later = await give(head);
    expect((await ended(head, later)).task_status).toBe("finished");
  });

  test("a head that is killed finds its tasks again, also those that ended meanwhile", async () => {
    const { bench } = await fleet();
    const head = await bench.head("head");
    await bench.worker("west", 100);
    const ids = await Promise.all(Array.from({ length: 4 }, () => give(head)));
    expect(await soon(() => running(head))).toBe(true);
    await head.kill();
    await Bun.sleep(3000);
    const again = await bench.head("again");
    for (const id of ids) expect((await ended(again, id)).task_status).toBe("finished");
  });
});
