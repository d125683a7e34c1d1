import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import sharp from "sharp";
import type { TaskId } from "#/lib/task-id.ts";
import { liveClient } from "../support/live-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";

/** Closed, it holds the engine before each step. */
const gate = { held: false, broken: false };
const hold = async (): Promise<void> => {
  while (gate.held) await Bun.sleep(2);
  if (gate.broken) throw new Error("The engine broke.");
};
const time = { now: Date.now() };
let bench: ServedBench;
beforeAll(async () => {
  bench = await serveBench({
    engine: new ScriptedEngine({ beforeStep: hold }),
    config: { queue_limit: 3, idempotency_hours: 2 },
    clock: () => time.now,
  });
});
afterEach(async () => {
  Object.assign(gate, { held: false, broken: false });
  expect(
    await soon(() => bench.tasks.current() === undefined && bench.tasks.queue.pending.length === 0),
  ).toBe(true);
});
afterAll(() => bench.close());

const path = "/v1/engine/generate/";
const small = {
  prompt: "a circle",
  style_selections: [],
  overwrite_step: 2,
  overwrite_width: 64,
  overwrite_height: 64,
};
const uuid = (): string => `"${crypto.randomUUID()}"`;
const send = (key: string, body: unknown, { to = path, ...headers }: Record<string, string> = {}) =>
  fetch(bench.url + to, {
    method: "POST",
    headers: { "idempotency-key": key, ...headers },
    body: body instanceof FormData ? body : JSON.stringify(body),
  });
const later = (body: object = {}) => ({ ...small, async_process: true, ...body });
const isReplay = ({ headers }: Response): boolean => headers.get("idempotent-replayed") === "true";
const rows = async (): Promise<number> =>
  (await bench.history.range({ from: 0, to: Number.MAX_SAFE_INTEGER })).length;
const settled = (id: string) => bench.tasks.settled(id as TaskId, AbortSignal.timeout(60_000));

/** The last event of a stream. */
const lastOf = async (answer: Response) =>
  (await answer.text())
    .split("\r\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice("data: ".length)))
    .at(-1);

/** What the same request twice gives, and how many tasks came of it. */
async function twice(ask: () => Promise<Response>) {
  const before = await rows();
  const first = await ask();
  const texts = [await first.text()];
  const second = await ask();
  texts.push(await second.text());
  return {
    texts,
    statuses: [first.status, second.status],
    marks: [first, second].map(isReplay),
    made: (await rows()) - before,
  };
}

describe("the second request makes no task and is answered as the first", () => {
  test("asynchronously, while the task runs, and after", async () => {
    gate.held = true;
    const key = uuid();
    const body = later({ what_is_this: 1 });
    const { texts, statuses, marks, made } = await twice(() => send(key, body));
    expect([statuses, marks, made]).toEqual([[200, 200], [false, true], 1]);
    expect(texts[1]).toBe(texts[0] ?? "");
    expect(texts[0]).toContain("what_is_this");
    gate.held = false;
    const { task_id } = JSON.parse(texts[0] ?? "");
    await settled(task_id);
    // What the record was told since is not what the first answer told.
    await bench.history.warned(task_id, ["Something else."]);
    expect(await (await send(key, body)).text()).toBe(texts[0] ?? "");
  });

  test.each([200, 500])("with the finished record, whatever came of it: %d", async (status) => {
    gate.broken = status === 500;
    const key = uuid();
    const { texts, statuses, marks, made } = await twice(() => send(key, small));
    expect([texts[1], statuses, marks, made]).toEqual([texts[0] ?? "", [status, status], [false, true], 1]);
  });

  test("with the picture", async () => {
    const key = uuid();
    const ask = () => send(key, { ...small, image_number: 2 }, { accept: "image/png" });
    const { texts, marks, made } = await twice(ask);
    expect([texts[1], marks, made]).toEqual([texts[0] ?? "", [false, true], 1]);
  });

  test("with the same events", async () => {
    gate.held = true;
    const key = uuid();
    const before = await rows();
    const ask = () => send(key, { ...small, stream_output: true });
    const [one, other] = [await ask(), await ask()];
    gate.held = false;
    const heard = await Promise.all([one, other].map(lastOf));
    expect(heard[1]).toEqual(heard[0] ?? {});
    expect(heard[0]).toMatchObject({ message: "Finished" });
    expect([(await rows()) - before, isReplay(one), isReplay(other)]).toEqual([1, false, true]);
  });

  test.each([
    ["/v1/generation/text-to-image", {}],
    ["/v1/generation/text-to-image", { async_process: true }],
    ["/v2/generation/text-to-image-with-ip", { async_process: true }],
    ["/v1/generation/text-to-image?accept=image/png", {}],
  ])("by the older route %s, %j", async (to, more) => {
    const key = uuid();
    const body = {
      prompt: "x",
      style_selections: [],
      performance_selection: "Lightning",
      aspect_ratios_selection: "64*64",
      ...more,
    };
    const { texts, statuses, marks, made } = await twice(() => send(key, body, { to }));
    expect([texts[1], statuses, marks, made]).toEqual([texts[0] ?? "", [200, 200], [false, true], 1]);
  });

  test("by an older form, whose boundary is another each time", async () => {
    const key = uuid();
    const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const form = (bytes: Uint8Array<ArrayBuffer>, name: string) => {
      const made = new FormData();
      made.append("input_image", new File([bytes], name));
      made.append("uov_method", "Vary (Subtle)");
      made.append("style_selections", "");
      made.append("async_process", "true");
      return made;
    };
    const to = "/v1/generation/image-upscale-vary";
    const { texts, statuses, marks, made } = await twice(() =>
      send(key, form(new Uint8Array(picture), "a.png"), { to }),
    );
    expect([texts[1], statuses, marks, made]).toEqual([texts[0] ?? "", [200, 200], [false, true], 1]);
    const other = await send(key, form(new Uint8Array([...picture, 0]), "a.png"), { to });
    expect([other.status, (await other.json()).detail[0].type]).toEqual([422, "reused_key"]);
  });

  test("by the live channel, which shares its keys with the route", async () => {
    const client = await liveClient(bench.url);
    const idempotency_key = crypto.randomUUID();
    const before = await rows();
    const say = (request: object, label: string) =>
      client.ask({ type: "generate", request, label, idempotency_key });
    const first = await say(later(), "one");
    const { task_id } = first;
    expect(first).not.toHaveProperty("replayed");
    expect(await say(later(), "two")).toMatchObject({ type: "accepted", task_id, replayed: true });
    expect(await (await send(idempotency_key, later())).json()).toMatchObject({ task_id });
    expect(await say(later({ prompt: "y" }), "one")).toMatchObject({
      type: "error",
      code: "reused-key",
      field: "idempotency_key",
    });
    expect((await rows()) - before).toBe(1);
    client.close();
  });
});

test("a hundred requests at once under one key make one task", async () => {
  const before = await rows();
  const key = uuid();
  const ids = await Promise.all(
    Array.from({ length: 100 }, async () => (await (await send(key, later())).json()).task_id),
  );
  expect([new Set(ids).size, (await rows()) - before]).toEqual([1, 1]);
});

test("a key in quotation marks and without them is one", async () => {
  const bare = crypto.randomUUID();
  const first = await (await send(bare, later())).json();
  expect(await (await send(`"${bare}"`, later())).json()).toEqual(first);
});

describe("another request under the same key is refused, and makes nothing", () => {
  test.each([
    ["another body", later({ prompt: "another" }), {}],
    ["another answer that decides what is made", later(), { accept: "image/png" }],
    ["another route", later(), { to: "/v1/generation/text-to-image" }],
  ])("%s", async (_, body, options) => {
    const key = uuid();
    await send(key, later());
    const before = await rows();
    const answer = await send(key, body, options);
    expect(answer.status).toBe(422);
    expect((await answer.json()).detail).toEqual([
      expect.objectContaining({
        type: "reused_key",
        loc: ["header", "idempotency-key"],
        input: key.slice(1, -1),
        ctx: { error: "reused-key" },
      }),
    ]);
    expect(await rows()).toBe(before);
  });

  test("the same body in another spelling is not another", async () => {
    const key = uuid();
    const first = await (await send(key, later())).json();
    const headers = { "idempotency-key": key };
    const body = JSON.stringify(Object.fromEntries(Object.entries(later()).reverse()), undefined, 2);
    const again = await fetch(bench.url + path, { method: "POST", headers, body });
    expect(await again.json()).toEqual(first);
  });
});

describe("what was refused leaves nothing under its key", () => {
  test("a wrong body may be mended", async () => {
    const key = uuid();
    expect((await send(key, later({ sampler_name: "none such" }))).status).toBe(422);
    expect((await send(key, later({ image_number: "many" }))).status).toBe(422);
    const taken = await send(key, later());
    expect([taken.status, isReplay(taken)]).toEqual([200, false]);
  });

  test("a full queue is asked again, and a replay needs no room in it", async () => {
    gate.held = true;
    const known = uuid();
    expect((await send(known, later())).status).toBe(200);
    expect(await soon(() => bench.tasks.current() !== undefined)).toBe(true);
    for (let n = 0; n < 3; n += 1) expect((await send(uuid(), later())).status).toBe(200);
    const key = uuid();
    expect((await send(key, later())).status).toBe(429);
    const to = "/v1/generation/text-to-image";
    expect(await (await send(key, { prompt: "x" }, { to })).json()).toEqual([
      { base64: null, url: null, seed: "", finish_reason: "QUEUE_IS_FULL" },
    ]);
    expect(isReplay(await send(known, later()))).toBe(true);
    gate.held = false;
    expect(await soon(() => bench.tasks.queue.pending.length === 0)).toBe(true);
    const taken = await send(key, later());
    expect([taken.status, isReplay(taken)]).toEqual([200, false]);
  });
});

test.each(["two words", '"open', "", "x".repeat(300)])(
  "%p is no key: 400 with a sentence, and nothing is made",
  async (key) => {
    const before = await rows();
    for (const to of [path, "/v1/generation/text-to-image"]) {
      const answer = await send(key, later(), { to });
      expect([answer.status, (await answer.json()).detail]).toEqual([
        400,
        expect.stringContaining("Idempotency-Key takes"),
      ]);
    }
    expect(await rows()).toBe(before);
  },
);

test("the key of a task that was deleted is answered with 410 until its time is over", async () => {
  const key = uuid();
  const { task_id } = await (await send(key, later())).json();
  await settled(task_id);
  expect((await fetch(`${bench.url}/tasks/${task_id}`, { method: "DELETE" })).status).toBe(200);
  const answer = await send(key, later());
  expect([answer.status, (await answer.json()).detail]).toEqual([410, expect.stringContaining(task_id)]);
  expect((await send(key, later({ prompt: "other" }))).status).toBe(422);
  time.now += 2 * 3_600_000 + 1000;
  expect(isReplay(await send(key, later({ prompt: "other" })))).toBe(false);
});

test("a key is known for as long as the setting says after the end, and during the task however long that takes", async () => {
  gate.held = true;
  const key = uuid();
  const first = await (await send(key, later())).json();
  const hour = 3_600_000;
  time.now += 30 * hour;
  expect(await (await send(key, later())).json()).toEqual(first);
  gate.held = false;
  await settled(first.task_id);
  time.now += 2 * hour - 1000;
  expect(await (await send(key, later())).json()).toEqual(first);
  time.now += 2000;
  const again = await send(key, later());
  expect(isReplay(again)).toBe(false);
  expect((await again.json()).task_id).not.toBe(first.task_id);
});

test("pages of other origins may send the header and read the mark", async () => {
  const origin = "https://page.example";
  const asked = await fetch(bench.url + path, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,idempotency-key",
    },
  });
  expect(asked.headers.get("access-control-allow-headers")).toContain("idempotency-key");
  const key = uuid();
  await send(key, later(), { origin });
  const { headers } = await send(key, later(), { origin });
  expect(headers.get("access-control-expose-headers")).toBe("Idempotent-Replayed");
  expect(headers.get("access-control-allow-origin")).toBe("*");
});

test("every route that makes tasks says so in its description", async () => {
  const { paths } = await (await fetch(`${bench.url}/openapi.json`)).json();
  const makes = Object.keys(paths).filter((at) => /generation\/(?:text|image)|engine\/generate/.test(at));
  expect(makes.length).toBe(11);
  for (const at of makes)
    expect(paths[at].post.parameters).toContainEqual(
      expect.objectContaining({ name: "Idempotency-Key", in: "header" }),
    );
});
