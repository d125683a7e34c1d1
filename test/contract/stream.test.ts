import { expect, test } from "bun:test";
import { connect } from "node:net";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

const request = { ...small, image_seed: 7 };

/** Holds the engine in its second step until the test lets it go. */
async function heldBench() {
  const held = Promise.withResolvers<void>();
  const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 2 ? held.promise : undefined) });
  return { bench: await serveBench({ engine }), release: held.resolve };
}

const post = (url: string, flags: object, signal?: AbortSignal) =>
  fetch(`${url}/v1/engine/generate/`, {
    method: "POST",
    body: new TextEncoder().encode(JSON.stringify({ ...request, ...flags })),
    ...(signal === undefined ? {} : { signal }),
  });

/** Lets the engine go on only when the client has read of the step before. */
function readAlong() {
  let read = "";
  const engine = new ScriptedEngine({
    beforeStep: async ({ image, step }) => {
      if (step > 1) await soon(() => read.includes(`Sampling step ${step - 1}/4, image ${image + 1}/`));
    },
  });
  return { engine, saw: (text: string) => void (read += text) };
}

test("the stream, byte for byte: each message when it happens, previews with the steps, Finished last", async () => {
  const { engine, saw } = readAlong();
  await using bench = await serveBench({ engine });
  const answer = await post(bench.url, { stream_output: true, image_number: 2 });
  expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("x-accel-buffering")).toBe("no");
  expect(answer.headers.get("transfer-encoding")).toBe("chunked");
  let text = "";
  for await (const part of textsOf(answer)) {
    text += part;
    saw(part);
  }
  expect(text.endsWith("\r\ndata: \r\n\r\n")).toBe(true);
  const events = text.slice(0, -4).split("\r\n\r\n");
  for (const event of events)
    expect(event).toMatch(
      /^data: \{"progress": \d+, "preview": (null|"data:image\/png;base64,[\w+/=]+"), "message": "[^"]+", "images": \[[^\]]*\]\}\r\ndata: $/,
    );
  const said = events.map((event) => JSON.parse(event.slice(6, event.indexOf("\r\n"))));
  const told = said.map(
    ({ progress, message, preview }) => `${progress} ${message}${preview === null ? "" : " +"}`,
  );
  // Two pictures of four steps, without expansion: http-api sections 9 and 10.
  // The last step gives way to what comes right after it.
  expect(told.filter((line) => line.includes("Sampling") && !line.includes("step 4/4"))).toEqual([
    "16 Sampling step 1/4, image 1/2 ... +",
    "28 Sampling step 2/4, image 1/2 ... +",
    "40 Sampling step 3/4, image 1/2 ... +",
    "63 Sampling step 1/4, image 2/2 ... +",
    "75 Sampling step 2/4, image 2/2 ... +",
    "87 Sampling step 3/4, image 2/2 ... +",
  ]);
  expect(told[0]).toBe("1 Loading control models ...");
  expect(told.at(-1)).toBe("100 Finished");
  expect(said.slice(0, -1).every(({ images }) => images.length === 0)).toBe(true);
  expect(said.at(-1).images).toHaveLength(2);
});

/** What each read of the body brings. */
async function* textsOf({ body }: Response) {
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) yield decoder.decode(bytes, { stream: true });
}

test("FooocusAPI's sample page, which takes one read for one event, showed no picture of a fast engine", async () => {
  await using bench = await serveBench();
  const answer = await post(bench.url, { stream_output: true, image_number: 2, overwrite_step: 30 });
  const told: { progress: number; images: string[] }[] = [];
  const times: number[] = [];
  let unread = "";
  // As that page reads: from the first brace to the last one of what has come so far.
  for await (const text of textsOf(answer)) {
    unread += text;
    const [from, to] = [unread.indexOf("{"), unread.lastIndexOf("}")];
    if (from < 0 || to < from) continue;
    told.push(JSON.parse(unread.slice(from, to + 1)));
    times.push(performance.now());
    unread = unread.slice(to + 1);
  }
  const { progress, images = [] } = told.at(-1) ?? {};
  expect([progress, images.length]).toEqual([100, 2]);
  expect((await fetch(images[1] ?? "")).status).toBe(200);
  // 60 steps in a moment: what waited was replaced by what was newer.
  expect(told.length).toBeLessThan(30);
  expect(told.map(({ progress }) => progress)).toEqual(
    told.map(({ progress }) => progress).toSorted((a, b) => a - b),
  );
  const all = (times.at(-1) ?? 0) - (times[0] ?? 0);
  expect(all).toBeGreaterThan((told.length - 1) * 200 - 100);
});

test("an event is a chunk of its own, for clients that read no further than that", async () => {
  const { engine, saw } = readAlong();
  await using bench = await serveBench({ engine });
  const body = JSON.stringify({ ...request, stream_output: true });
  const { hostname, port } = new URL(bench.url);
  const wire = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("data", (bytes) => {
      text += bytes.toString();
      saw(bytes.toString());
      if (text.endsWith("\r\n0\r\n\r\n")) socket.end(() => resolve(text));
    });
    socket.on("error", reject);
    socket.write(
      `POST /v1/engine/generate/ HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
  const [, ...chunks] = wire.split(/\r\n[0-9a-f]+\r\n(?=data: \{)/);
  expect(chunks.length).toBeGreaterThan(4);
  for (const chunk of chunks) expect(chunk.match(/^data: \{/gm)).toHaveLength(1);
});

test("names beyond ASCII are escaped in the stream and written as they are in a record", async () => {
  await using bench = await serveBench();
  const flags = { save_name: "猫🐈é" };
  const stream = await (await post(bench.url, { ...flags, stream_output: true })).text();
  expect(stream).toMatch(/^[\x00-\x7f]*$/);
  const record = await (await post(bench.url, flags)).text();
  expect(record).toContain('"save_name":"猫🐈é"');
});

test("a client that goes away harms no task, whatever it waited for", async () => {
  const { bench, release } = await heldBench();
  await using _ = bench;
  const leaving = new AbortController();
  const waiting = [
    post(bench.url, { stream_output: true }, leaving.signal).then((answer) => answer.text()),
    post(bench.url, {}, leaving.signal),
    post(bench.url, { async_process: false, stream_output: false }, leaving.signal),
  ].map((promise) =>
    promise.then(
      () => "answered",
      () => "left",
    ),
  );
  expect(await soon(() => bench.tasks.pending().length === 2 && bench.tasks.current() !== undefined)).toBe(
    true,
  );
  const ids = [bench.tasks.current()?.id, ...bench.tasks.pending().map(({ id }) => id)];
  leaving.abort();
  expect(await Promise.all(waiting)).toEqual(["left", "left", "left"]);
  release();
  for (const id of ids) {
    const record = await (await fetch(`${bench.url}/tasks/${id}?wait=60`)).json();
    expect(record).toMatchObject({ task_id: id, task_status: "finished", progress: 100 });
    expect((await fetch(record.result[0])).status).toBe(200);
  }
});

test("who waits while the server stops is told that the task is kept", async () => {
  const { bench, release } = await heldBench();
  const [record, picture] = [
    post(bench.url, {}),
    post(bench.url, { async_process: false, stream_output: false }),
  ];
  expect(await soon(() => bench.tasks.pending().length === 1)).toBe(true);
  const closing = bench.tasks.close(50);
  for (const answer of await Promise.all([record, picture])) {
    expect(answer.status).toBe(503);
    expect((await answer.json()).detail).toContain("is kept");
  }
  release();
  await closing;
  await bench.close();
});

test("half a minute of silence: pings every 15 s, and the silent connections are not cut", async () => {
  const { bench, release } = await heldBench();
  await using _ = bench;
  const started = Date.now();
  const streamed = (await post(bench.url, { stream_output: true })).text();
  const queued = (await post(bench.url, { stream_output: true })).text();
  const record = post(bench.url, {});
  // Bun cuts after 10 s and Elysia after 30 s what is silent, if they are left alone.
  await Bun.sleep(32_000);
  release();
  const answer = await record;
  expect(await answer.json()).toMatchObject({ task_status: "finished" });
  const pingsOf = (text: string): readonly number[] =>
    [...text.matchAll(/: ping - (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{6})\+00:00\r\n\r\n/g)].map(
      ([, day, time]) => (Date.parse(`${day}T${time?.slice(0, 12)}Z`) - started) / 1000,
    );
  const running = pingsOf(await streamed);
  expect(running.length).toBeGreaterThanOrEqual(2);
  // Never early; how late, the machine decides.
  for (const [i, second] of running.entries()) expect(second).toBeGreaterThan(15 * (i + 1) - 1);
  // One that waits hears nothing but pings until it starts, the first as soon as it is clear that there is nothing else:
  // the headers come with it.
  const waited = await queued;
  expect(pingsOf(waited)).toHaveLength(running.length + 1);
  expect(waited).toMatch(/^(: ping - [^\r]+\r\n\r\n){3,}data: /);
}, 300_000);
