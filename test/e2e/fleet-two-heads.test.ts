import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Redis } from "ioredis";
import sharp from "sharp";
import { ask, ended, give, hearEnds, isDrawing, readEvents, small, soon } from "../support/fleet-client.ts";
import { type FleetBench, type FleetProcess, openFleetBench } from "../support/fleet-processes.ts";
import { noPostgres, type OwnPostgres, startOwnPostgres } from "../support/own-postgres.ts";
import { noRedis, type OwnRedis, ownRedis } from "../support/own-redis.ts";
import { readEvents as sentEvents } from "../support/read-events.ts";

setDefaultTimeout(180_000);
const lacking = [noRedis ?? [], noPostgres === "" ? [] : noPostgres].flat();
if (lacking.length > 0) process.stderr.write(`fleet heads: skipped, ${lacking.join(", ")}\n`);

let postgres: OwnPostgres;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type Heads = Readonly<{ redis: OwnRedis; bench: FleetBench; one: FleetProcess; two: FleetProcess }>;

async function twoHeads(): Promise<Heads> {
  const redis = await ownRedis("maxmemory-policy", "noeviction", "appendonly", "yes");
  closing.push(redis.close);
  const bench = openFleetBench(redis.url);
  closing.push(bench.close);
  const history = await postgres.database();
  const [one, two] = [
    await bench.head("one", "--history", history),
    await bench.head("two", "--history", history),
  ];
  return { redis, bench, one, two };
}

describe.skipIf(lacking.length > 0)("two heads of a fleet", () => {
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  });
  afterAll(() => postgres?.close());

  test("what one took, the other knows: record, list, events, pictures under its own name, stop and deletion", async () => {
    const { bench, one, two } = await twoHeads();
    await bench.worker("west", 100);
    const id = await give(one, { image_number: 2 });
    expect(await soon(async () => (await ask(two, `/tasks/${id}`)).body.task_status === "running")).toBe(
      true,
    );
    const row = await ended(two, id);
    expect([row.task_status, row.result?.length]).toEqual(["finished", 2]);
    expect(row.result?.every((url) => url.startsWith(two.url))).toBe(true);
    const [first = ""] = row.result ?? [];
    expect((await fetch(first)).status).toBe(200);
    const [here, there] = await Promise.all([readEvents(one, id, 0), readEvents(two, id, 0)]);
    const numbered = (events: typeof here) =>
      events.filter(({ type }) => type !== "queued").map((one) => one.id);
    expect(numbered(there)).toEqual(numbered(here));
    expect(here.at(-1)?.type).toBe("settled");

    const long = await give(one, { image_number: 8 });
    expect(await soon(async () => (await ask(two, `/tasks/${long}`)).body.task_status === "running")).toBe(
      true,
    );
    expect((await ask(two, `/tasks/${long}/cancel`, { method: "POST" })).body.outcome).toBe("stopping");
    expect((await ended(one, long)).task_status).toBe("stop");
    expect((await ask(two, `/tasks/${id}`, { method: "DELETE" })).status).toBe(200);
    const gone = await ask(two, `/tasks/${id}`);
    expect(await soon(async () => Bun.deepEquals(await ask(one, `/tasks/${id}`), gone))).toBe(true);
    expect(gone.body.task_id).toBeUndefined();
  });

  test("a preview is seen at both heads while its task runs, and that of a legacy job when it has ended", async () => {
    const { redis, bench, one, two } = await twoHeads();
    await bench.worker("west", 300);
    const told = await Promise.all([one, two].map(hearEnds));
    const isPng = async (base64: unknown): Promise<boolean> => {
      if (typeof base64 !== "string") return false;
      const { format, width } = await sharp(Buffer.from(base64, "base64")).metadata();
      return format === "png" && width === 8;
    };
    const id = await give(one, { image_number: 8 });
    for (const head of [one, two]) {
      expect(await soon(async () => isPng((await ask(head, `/tasks/${id}`)).body.preview))).toBe(true);
      const answer = await fetch(`${head.url}/tasks/${id}/events?previews=true`);
      for await (const { event, data } of sentEvents(answer)) {
        if (event !== "preview") continue;
        expect(data["url"]).toStartWith("data:image/webp;base64,");
        break;
      }
    }
    expect((await ask(two, `/tasks/${id}/cancel`, { method: "POST" })).body.outcome).toBe("stopping");
    await ended(two, id);

    const body = JSON.stringify({
      ...{ prompt: "a red circle", style_selections: [], performance_selection: "Lightning" },
      ...{ advanced_params: { overwrite_width: 64, overwrite_height: 64 }, async_process: true },
    });
    const job = (await ask(one, "/v1/generation/text-to-image", { method: "POST", body })).body.job_id;
    const task = job.replaceAll("-", "");
    for (const ends of told) expect(await soon(() => ends.has(task))).toBe(true);
    // Each head has brought it here at the end: it is not in Redis for long.
    const client = new Redis(redis.url);
    expect(await client.del(`{fooocusd}:log:previews:${task}`)).toBe(1);
    client.disconnect();
    for (const head of [one, two]) {
      const path = `/v1/generation/query-job?job_id=${job}&require_step_preview=true`;
      const { body: ended } = await ask(head, path);
      expect([ended.job_stage, await isPng(ended.job_step_preview)]).toEqual(["SUCCESS", true]);
    }
  });

  test("a head is killed in the middle of a stream: the client goes on at the other, missing nothing and hearing nothing twice", async () => {
    const { bench, one, two } = await twoHeads();
    await bench.worker("west", 150);
    const ends = await hearEnds(two);
    const id = await give(one, { image_number: 4 });
    const reading = readEvents(one, id, 0, ({ type, data }) => type === "image" && data["index"] === 1);
    const before = await reading;
    await one.kill();
    const after = await readEvents(two, id, before.at(-1)?.id ?? 0);
    expect(after.at(-1)?.type).toBe("settled");
    const all = [...before, ...after];
    expect(all.filter(({ type }) => type === "image").map(({ data }) => data["index"])).toEqual([0, 1, 2, 3]);
    expect(all.filter(({ type }) => type === "settled")).toHaveLength(1);
    const numbers = all.map((event) => event.id);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    // Each step of each picture once, as a client that stayed would have heard it.
    const steps = all.filter(({ data }) => data["stage"] === "denoising").map(({ id: seq }) => seq);
    expect(new Set(steps).size).toBe(steps.length);
    expect(steps).toEqual(
      (await readEvents(two, id, 0))
        .filter(({ data }) => data["stage"] === "denoising")
        .map(({ id: seq }) => seq),
    );
    expect((await ended(two, id)).task_status).toBe("finished");
    expect(ends.get(id)).toBe(1);
  });

  test("one key at both heads, twenty times at once, makes one task", async () => {
    const { bench, one, two } = await twoHeads();
    await bench.worker("west", 5);
    const post = (head: FleetProcess) =>
      ask(head, "/v1/engine/generate/", {
        method: "POST",
        headers: { "Idempotency-Key": "the-same" },
        body: JSON.stringify({ ...small, prompt: "once" }),
      });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => post(n % 2 === 0 ? one : two)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.task_id)).size).toBe(1);
  });

  test("a webhook is posted once, whichever head wrote the end down", async () => {
    const posted: string[] = [];
    const receiver = Bun.serve({
      port: 0,
      fetch: (request) => {
        posted.push(request.headers.get("webhook-id") ?? "");
        return new Response("");
      },
    });
    closing.push(async () => receiver.stop(true));
    const redis = await ownRedis("maxmemory-policy", "noeviction");
    closing.push(redis.close);
    const bench = openFleetBench(redis.url);
    closing.push(bench.close);
    const history = await postgres.database();
    const flags = ["--history", history, "--allow-private-fetch"];
    const [one, two] = [await bench.head("one", ...flags), await bench.head("two", ...flags)];
    await bench.worker("west", 5);
    const webhook_url = `http://127.0.0.1:${receiver.port}/`;
    const heads = [one, two, one, two, one, two];
    const ids = await Promise.all(heads.map((head) => give(head, { webhook_url })));
    for (const id of ids) await ended(one, id);
    expect(await soon(() => posted.length >= ids.length)).toBe(true);
    await Bun.sleep(1000);
    expect(posted.toSorted()).toEqual(ids.map((id) => `msg_${id}`).toSorted());
  });

  test("Postgres is away for a while: what runs goes on, and its end is written when it is back", async () => {
    const { bench, one } = await twoHeads();
    await bench.worker("west", 150);
    const id = await give(one, { image_number: 2 });
    expect(await soon(() => isDrawing(one))).toBe(true);
    await postgres.stop();
    await Bun.sleep(6000);
    await postgres.start();
    const row = await ended(one, id);
    expect([row.task_status, row.result?.length]).toEqual(["finished", 2]);
  });
});
