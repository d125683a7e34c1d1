import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Heard, liveClient } from "../support/live-client.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

// On a busy machine everything takes its time; nothing here is about how long.
setDefaultTimeout(300_000);

/** A small request as JSON can say it. */
const request = { ...small, image_seed: 7 };
const holding = (passed: Promise<void>) => new ScriptedEngine({ beforeStep: () => passed });
const seqs = (heard: readonly Heard[]) =>
  heard.flatMap(({ seq, task_id }) => (typeof task_id === "string" && typeof seq === "number" ? [seq] : []));

describe("coming in", () => {
  test("a server without keys greets at once, with version, device and the newest number", async () => {
    await using bench = await serveBench();
    const { id } = await bench.tasks.submit(small);
    await bench.tasks.settled(id, AbortSignal.timeout(120_000));
    const client = await liveClient(bench.url);
    const hello = await client.until(({ type }) => type === "hello");
    expect(hello).toEqual({ type: "hello", version: "0.1.0", device: "cpu", seq: bench.tasks.seq });
  });

  test("with keys: by header, or by a first message; anything else is shown the door", async () => {
    await using bench = await serveBench({ keys: ["one", "secret"] });
    const byHeader = await liveClient(bench.url, { "x-api-key": "secret" });
    await byHeader.until(({ type }) => type === "hello");
    const byMessage = await liveClient(bench.url);
    const hello = await byMessage.ask({ type: "auth", key: "secret" });
    expect(hello.type).toBe("hello");
    expect(byMessage.heard).toHaveLength(1);
    expect((await byMessage.ask({ type: "ping" })).type).toBe("pong");
    expect((await byMessage.ask({ type: "auth", key: "one" })).type).toBe("authenticated");
    for (const right of [
      { authorization: "bearer one" },
      { "x-api-key": "guess", authorization: "Bearer one" },
    ])
      await (await liveClient(bench.url, right)).until(({ type }) => type === "hello");
    const wrong = await liveClient(bench.url, { "x-api-key": "guess" });
    expect([(await wrong.ended).code, wrong.heard]).toEqual([4401, []]);
    for (const first of [{ type: "auth", key: "guess" }, { type: "status" }, "nonsense", ""]) {
      const client = await liveClient(bench.url);
      client.say(first);
      expect([(await client.ended).code, client.heard]).toEqual([4401, []]);
    }
  });

  test("a bearer's token that is no key may be a proxy's: the key may still come in a message", async () => {
    await using bench = await serveBench({ keys: ["secret"] });
    const headers = { authorization: "Bearer a-proxys" };
    const right = await liveClient(bench.url, headers);
    expect((await right.ask({ type: "auth", key: "secret" })).type).toBe("hello");
    for (const first of [{ type: "auth", key: "guess" }, { type: "status" }]) {
      const wrong = await liveClient(bench.url, headers);
      wrong.say(first);
      expect([(await wrong.ended).code, wrong.heard]).toEqual([4401, []]);
    }
  });

  test("who says no key within five seconds is shown the door", async () => {
    await using bench = await serveBench({ keys: ["secret"] });
    const from = Date.now();
    const client = await liveClient(bench.url);
    expect((await client.ended).code).toBe(4401);
    expect(Date.now() - from).toBeGreaterThanOrEqual(5000);
  });

  test("origins: the allow-list, our own pages always, null only where nothing is protected", async () => {
    const comesIn = async (url: string, origin: string) =>
      await liveClient(url, { origin, "x-api-key": "secret" }).then(
        () => true,
        () => false,
      );
    await using open = await serveBench();
    await using listed = await serveBench({ corsOrigins: ["https://page.example"] });
    await using keyed = await serveBench({ keys: ["secret"] });
    const answers = async (url: string) =>
      Promise.all(["https://page.example", "https://evil.example", "null", url].map((o) => comesIn(url, o)));
    expect(await answers(open.url)).toEqual([true, true, true, true]);
    expect(await answers(listed.url)).toEqual([true, false, false, true]);
    expect(await answers(keyed.url)).toEqual([true, true, false, true]);
    const refused = await fetch(`${listed.url}/v1/live`, { headers: { origin: "https://evil.example" } });
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { detail: "Pages of https://evil.example may not connect; cors_origins lists who may." },
    ]);
  });

  test("a plain request is told what this is", async () => {
    await using bench = await serveBench();
    const answer = await fetch(`${bench.url}/v1/live`);
    expect(answer.status).toBe(426);
    expect((await fetch(`${bench.url}/v1/live`, { method: "POST" })).status).toBe(405);
  });
});

describe("making and following", () => {
  test("generate: accepted, then the whole story, then nothing more", async () => {
    await using bench = await serveBench();
    const client = await liveClient(bench.url);
    const accepted = await client.ask({ type: "generate", request, label: "mine" });
    expect(accepted).toEqual({ type: "accepted", id: "ask-1", task_id: expect.any(String), position: 0 });
    const { task_id: id } = accepted;
    await client.until(({ type }) => type === "settled");
    const story = client.heard.filter(({ task_id, seq }) => task_id === id && seq !== undefined);
    expect([...new Set(story.map(({ type }) => type))]).toEqual([
      "queued",
      "started",
      "progress",
      "image",
      "settled",
    ]);
    expect(story[0]).toMatchObject({ position: 1, ahead: 0, label: "mine" });
    const kept = await Array.fromAsync(bench.tasks.watch(id as never, AbortSignal.timeout(120_000)));
    expect(seqs(story)).toEqual(kept.map(({ seq }) => seq));
    expect(client.frames).toEqual([]);
  });

  test("a seed beyond a JavaScript number keeps its last digit in and out", async () => {
    await using bench = await serveBench();
    const client = await liveClient(bench.url);
    const texts: string[] = [];
    const raw = new WebSocket(`${bench.url.replace("http", "ws")}/v1/live`);
    raw.addEventListener("message", ({ data }) => texts.push(String(data)));
    await new Promise((resolve) => raw.addEventListener("open", resolve));
    raw.send('{"type":"subscribe","tasks":"all","id":9223372036854775807}');
    client.say(JSON.stringify({ type: "generate", request }).replace(":7", ":9223372036854775807"));
    await client.until(({ type }) => type === "settled");
    expect(await soon(() => texts.some((text) => text.includes('"type":"image"')))).toBe(true);
    expect(texts.find((text) => text.includes("subscribed"))).toContain('"id":9223372036854775807');
    expect(texts.find((text) => text.includes('"type":"image"'))).toContain('"seed":9223372036854775807');
    raw.close();
  });

  test("a second task waits, says where, and moves up", async () => {
    const held = gate();
    await using bench = await serveBench({ engine: holding(held.passed) });
    const client = await liveClient(bench.url);
    await client.ask({ type: "generate", request });
    const second = await client.ask({ type: "generate", request });
    const third = await client.ask({ type: "generate", request });
    expect([second["position"], third["position"]]).toEqual([1, 2]);
    const cancelled = await client.ask({ type: "control", task_id: second["task_id"], action: "cancel" });
    expect(cancelled["outcome"]).toBe("cancelled_pending");
    const moved = await client.until(
      ({ type, task_id, position }) => type === "queued" && task_id === third["task_id"] && position === 1,
    );
    expect(moved["ahead"]).toBe(1);
    held.open();
  });

  test("the sender that leaves leaves the task alone", async () => {
    const held = gate();
    await using bench = await serveBench({ engine: holding(held.passed) });
    const client = await liveClient(bench.url);
    const { task_id: id } = await client.ask({ type: "generate", request });
    client.close();
    await client.ended;
    held.open();
    const task = await bench.tasks.settled(id as never, AbortSignal.timeout(120_000));
    expect(task?.state).toMatchObject({ status: "settled", outcome: "finished" });
  });

  test("subscribe to all, to some, to none again", async () => {
    const held = gate();
    await using bench = await serveBench({ engine: holding(held.passed) });
    const one = await bench.tasks.submit(small);
    const two = await bench.tasks.submit(small);
    const all = await liveClient(bench.url);
    const some = await liveClient(bench.url);
    const none = await liveClient(bench.url);
    expect(await all.ask({ type: "subscribe", tasks: "all", since: 0 })).toMatchObject({
      type: "subscribed",
      tasks: "all",
      since: 0,
      previews: false,
    });
    const unknown = "0".repeat(32);
    expect(await some.ask({ type: "subscribe", tasks: [two.id, unknown] })).toMatchObject({
      tasks: [two.id],
      unknown: [unknown],
    });
    await none.ask({ type: "subscribe", tasks: "all", since: 0 });
    expect(await none.ask({ type: "unsubscribe", tasks: "all" })).toEqual({
      type: "unsubscribed",
      id: "ask-2",
      tasks: "all",
    });
    const quiet = none.heard.length;
    await all.ask({ type: "unsubscribe", tasks: [one.id] });
    held.open();
    for (const client of [all, some])
      await client.until(({ type, task_id }) => type === "settled" && task_id === two.id);
    expect(all.heard.some(({ type, task_id }) => type === "settled" && task_id === one.id)).toBe(false);
    expect(all.heard.some(({ type, task_id }) => type === "queue" && task_id === null)).toBe(true);
    expect(new Set(some.heard.flatMap(({ seq, task_id }) => (seq === undefined ? [] : [task_id])))).toEqual(
      new Set([two.id, undefined]),
    );
    expect(none.heard).toHaveLength(quiet);
  });

  test("what a reader hears is in order, and each event once", async () => {
    await using bench = await serveBench();
    const client = await liveClient(bench.url);
    await client.ask({ type: "subscribe", tasks: "all" });
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push((await client.ask({ type: "generate", request }))["task_id"]);
    for (const id of ids) await client.until(({ type, task_id }) => type === "settled" && task_id === id);
    const heard = seqs(client.heard);
    expect(heard).toEqual([...new Set(heard)].toSorted((a, b) => a - b));
  });
});

describe("previews", () => {
  test("are binary frames with the header that is promised, for those who ask", async () => {
    const steps = [gate(), gate(), gate(), gate()];
    const engine = new ScriptedEngine({ beforeStep: ({ step }) => steps[step - 1]?.passed });
    await using bench = await serveBench({ engine });
    const watching = await liveClient(bench.url);
    const reading = await liveClient(bench.url);
    await watching.ask({ type: "subscribe", tasks: "all", previews: true });
    await reading.ask({ type: "subscribe", tasks: "all" });
    const { task_id } = await reading.ask({ type: "generate", request });
    for (const [i, step] of steps.entries()) {
      step.open();
      if (i < 3) expect(await soon(() => watching.frames.length === i + 1)).toBe(true);
    }
    await watching.until(({ type }) => type === "settled");
    const [{ header, picture } = { header: {}, picture: new Uint8Array() }] = watching.frames;
    const { seq } = await watching.until(({ type, step }) => type === "progress" && step === 1);
    expect(header).toEqual({
      seq,
      task_id,
      image: 0,
      step: 1,
      steps: 4,
      width: 8,
      height: 8,
      mime: "image/webp",
    });
    expect(Buffer.from(picture).toString("latin1", 8, 12)).toBe("WEBP");
    expect(reading.frames).toEqual([]);
  });

  test("who comes in the middle sees the newest one at once", async () => {
    const held = gate();
    const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 3 ? held.passed : undefined) });
    await using bench = await serveBench({ engine });
    const { id } = await bench.tasks.submit(small);
    expect(
      await soon(
        async () => (await bench.tasks.backlog([id], 0, (told) => told)).at(-1)?.type === "progress",
      ),
    ).toBe(true);
    await Bun.sleep(50);
    const late = await liveClient(bench.url);
    await late.ask({ type: "subscribe", tasks: [id], previews: true });
    expect(await soon(() => late.frames.length === 1)).toBe(true);
    expect(late.frames[0]?.header).toMatchObject({ task_id: id, step: 2 });
    held.open();
  });

  test("are encoded once whoever watches, and not at all when nobody does", async () => {
    await using bench = await serveBench();
    const encoded = new Map<object, number>();
    bench.tasks.subscribe((event) => {
      if (event.type !== "progress" || event.preview === null) return;
      const { preview } = event;
      const { webp } = preview;
      encoded.set(preview, 0);
      // Counts how often the picture is asked for; the promise behind it is made once.
      const promises = new Set<Promise<Uint8Array | undefined>>();
      Object.assign(preview, {
        webp: () => {
          const promise = webp();
          promises.add(promise);
          encoded.set(preview, promises.size);
          return promise;
        },
      });
    });
    const reading = await liveClient(bench.url);
    await reading.ask({ type: "subscribe", tasks: "all" });
    await reading.ask({ type: "generate", request });
    await reading.until(({ type }) => type === "settled");
    expect([...encoded.values()]).toEqual([0, 0, 0, 0]);
    encoded.clear();
    const watching = await Promise.all(Array.from({ length: 5 }, () => liveClient(bench.url)));
    for (const client of watching) await client.ask({ type: "subscribe", tasks: "all", previews: true });
    await reading.ask({ type: "generate", request });
    for (const client of watching) {
      await client.until(({ type }) => type === "settled");
      expect(client.frames.length).toBeGreaterThan(0);
    }
    expect(Math.max(...encoded.values())).toBe(1);
  });
});

describe("steering", () => {
  test("control says what really happened", async () => {
    const held = gate();
    await using bench = await serveBench({ engine: holding(held.passed) });
    const running = await bench.tasks.submit(small);
    const waiting = await bench.tasks.submit(small);
    const client = await liveClient(bench.url);
    const control = async (task_id: string, action: string) =>
      (await client.ask({ type: "control", task_id, action }))["outcome"];
    expect(await control(waiting.id, "stop")).toBe("cancelled_pending");
    expect(await control(waiting.id, "skip")).toBe("already_settled");
    expect(await control(running.id, "skip")).toBe("skipping");
    expect(await control(running.id, "stop")).toBe("stopping");
    expect(await control("0".repeat(32), "stop")).toBe("unknown_task");
    held.open();
    await bench.tasks.settled(running.id, AbortSignal.timeout(120_000));
    expect(await control(running.id, "cancel")).toBe("already_settled");
  });

  test("the queue is paused, rearranged and let go", async () => {
    await using bench = await serveBench();
    const client = await liveClient(bench.url);
    await client.ask({ type: "subscribe", tasks: "all" });
    expect(await client.ask({ type: "queue", action: "pause" })).toEqual({
      type: "queue",
      id: "ask-2",
      pending: [],
      paused: true,
    });
    const ids: unknown[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await client.ask({ type: "generate", request }))["task_id"]);
    const [a, b, c] = ids;
    const move = async (task_id: unknown, before?: unknown) =>
      (await client.ask({ type: "queue", action: "move", task_id, before }))["pending"];
    expect(await move(c, a)).toEqual([c, a, b]);
    expect(await move(c, null)).toEqual([a, b, c]);
    expect(await move(a)).toEqual([b, c, a]);
    const nobody = "0".repeat(32);
    for (const [task_id, before, field] of [
      [nobody, null, "task_id"],
      [a, nobody, "before"],
    ]) {
      expect(await client.ask({ type: "queue", action: "move", task_id, before })).toMatchObject({
        type: "error",
        code: "conflict",
        field,
      });
    }
    expect((await client.ask({ type: "queue", action: "resume" }))["paused"]).toBe(false);
    await client.until(({ type, task_id }) => type === "settled" && task_id === a);
    const order = client.heard.flatMap(({ type, task_id }) => (type === "started" ? [task_id] : []));
    expect(order).toEqual([b, c, a]);
  });

  test("status is the engine, the queue and the record of the task at hand", async () => {
    const held = gate();
    await using bench = await serveBench({ engine: holding(held.passed) });
    const client = await liveClient(bench.url);
    const idle = await client.ask({ type: "status" });
    expect(idle).toEqual({
      type: "status",
      id: "ask-1",
      engine: expect.objectContaining({ state: "ready", device: "cpu", loaded: [] }),
      queue: { pending: [], paused: false },
      current: null,
    });
    const running = await bench.tasks.submit(small);
    const waiting = await bench.tasks.submit(small);
    expect(await client.ask({ type: "status" })).toMatchObject({
      queue: { pending: [waiting.id] },
      current: { task_id: running.id, task_status: "running", req_params: { prompt: "a circle" } },
    });
    held.open();
  });
});

describe("what is wrong", () => {
  const id = "0".repeat(32);
  test.each<[unknown, string | null]>([
    ["nonsense", null],
    ["[]", null],
    [{ type: "dance" }, "type"],
    [{}, "type"],
    [{ type: "subscribe" }, "tasks"],
    [{ type: "subscribe", tasks: "some" }, "tasks"],
    [{ type: "subscribe", tasks: ["short"] }, "tasks"],
    [{ type: "subscribe", tasks: "all", since: -1 }, "since"],
    [{ type: "subscribe", tasks: "all", since: "1" }, "since"],
    [{ type: "subscribe", tasks: "all", previews: 1 }, "previews"],
    [{ type: "unsubscribe", tasks: 1 }, "tasks"],
    [{ type: "control", task_id: "x", action: "stop" }, "task_id"],
    [{ type: "control", task_id: id, action: "kill" }, "action"],
    [{ type: "queue", action: "stop" }, "action"],
    [{ type: "queue", action: "move" }, "task_id"],
    [{ type: "queue", action: "move", task_id: id, before: 1 }, "before"],
    [{ type: "generate" }, "request"],
    [{ type: "generate", request: [] }, "request"],
    [{ type: "generate", request: {}, label: 1 }, "label"],
    [{ type: "ping", id: {} }, "id"],
    [{ type: "auth" }, "key"],
  ])("%j is answered with the field to blame, and the connection stays", async (message, field) => {
    await using bench = await serveBench();
    const client = await liveClient(bench.url);
    client.say(message);
    const error = await client.until(({ type }) => type === "error");
    expect(error).toMatchObject({ code: "bad-message", field, message: expect.stringMatching(/\.$/) });
    expect((await client.ask({ type: "ping" })).type).toBe("pong");
  });

  test("a request that cannot be made names its field, and the connection stays", async () => {
    await using bench = await serveBench({ config: { queue_limit: 1 } });
    const client = await liveClient(bench.url);
    const refused = async (wrong: object) => {
      const { type, code, field, id: echo } = await client.ask({ type: "generate", request: wrong });
      return [type, code, field, typeof echo];
    };
    expect(await refused({ image_number: 33 })).toEqual([
      "error",
      "bad-message",
      "request.image_number",
      "string",
    ]);
    expect(await refused({ loras: [{ enabled: true }] })).toEqual([
      "error",
      "bad-message",
      "request.loras.0.model_name",
      "string",
    ]);
    expect(await refused({ base_model_name: "nowhere.safetensors" })).toEqual([
      "error",
      "unknown-model",
      "request.base_model_name",
      "string",
    ]);
    await client.ask({ type: "queue", action: "pause" });
    await client.ask({ type: "generate", request });
    expect(await refused(request)).toEqual(["error", "queue-full", "request", "string"]);
    // None of these was a bad message, so ten of them end nothing.
    for (let n = 0; n < 12; n += 1) await refused({ image_number: 33 });
    expect((await client.ask({ type: "ping" })).type).toBe("pong");
    await client.ask({ type: "queue", action: "resume" });
  });

  test("ten bad messages in a row end the connection, nine and a good one do not", async () => {
    await using bench = await serveBench();
    const patient = await liveClient(bench.url);
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < 9; n += 1) patient.say("?");
      expect((await patient.ask({ type: "ping" })).type).toBe("pong");
    }
    const rude = await liveClient(bench.url);
    for (let n = 0; n < 10; n += 1) rude.say("?");
    expect((await rude.ended).code).toBe(1008);
    expect(rude.heard.filter(({ type }) => type === "error")).toHaveLength(10);
  });

  test("a frame larger than a body may be ends the connection", async () => {
    await using bench = await serveBench();
    const client = await liveClient(bench.url);
    await client.ask({ type: "ping" });
    client.say("x".repeat(128 * 1024 ** 2 + 1));
    expect((await client.ended).code).toBe(1009);
  });

  test("a binary frame is no message", async () => {
    await using bench = await serveBench();
    const socket = new WebSocket(`${bench.url.replace("http", "ws")}/v1/live`);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const error = new Promise((resolve) => {
      socket.addEventListener("message", ({ data }) => {
        if (String(data).includes("error")) resolve(JSON.parse(String(data)));
      });
    });
    socket.send(Uint8Array.of(1, 1, 0, 0));
    expect(await error).toMatchObject({ code: "bad-message", field: null });
    socket.close();
  });
});
