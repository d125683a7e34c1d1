import { expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { liveLimits } from "#/doors/fooocus-api/live/limits.ts";
import { type Heard, liveClient } from "../support/live-client.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";
import { benchFolder, small } from "../support/task-bench.ts";

// On a busy machine everything takes its time; nothing here is about how long.
setDefaultTimeout(300_000);

/** A peer made of a plain socket, which reads when it is told to and answers no ping. */
type RawPeer = Readonly<{
  socket: Socket;
  say: (message: object) => void;
  /** Reads until the server ends the connection, or has said these words. */
  read: (last?: string) => Promise<Read>;
}>;
type Read = Readonly<{
  messages: readonly Heard[];
  frames: number;
  pings: number;
  closed: number | undefined;
}>;

async function rawPeer(url: string): Promise<RawPeer> {
  const { port } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  const key = Buffer.alloc(16).toString("base64");
  socket.write(
    `GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  const rest = await new Promise<Buffer>((resolve) => {
    socket.once("data", (data: Buffer) => {
      socket.pause();
      resolve(data.subarray(data.indexOf("\r\n\r\n") + 4));
    });
  });
  return {
    socket,
    say: (message) => socket.write(clientFrame(JSON.stringify(message))),
    read: async (last) => {
      const parts = [rest];
      socket.on("error", () => undefined);
      await new Promise((resolve) => {
        socket.once("close", resolve);
        socket.on("data", (data: Buffer) => {
          parts.push(data);
          if (last !== undefined && Buffer.concat(parts.slice(-2)).includes(last)) resolve(last);
        });
        socket.resume();
      });
      return serverFrames(Buffer.concat(parts));
    },
  };
}

/** A masked text frame; the mask is zero, so the text stays as it is. */
function clientFrame(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const head =
    bytes.length < 126 ? [0x81, 0x80 | bytes.length] : [0x81, 0xfe, bytes.length >> 8, bytes.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes]);
}

function serverFrames(data: Buffer): Read {
  const messages: Heard[] = [];
  let [frames, pings, at] = [0, 0, 0];
  let closed: number | undefined;
  while (data.length - at >= 2) {
    const short = (data[at + 1] ?? 0) & 127;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = at + 2 + extra;
    if (start > data.length) break;
    const length =
      short === 126
        ? data.readUInt16BE(at + 2)
        : short === 127
          ? Number(data.readBigUInt64BE(at + 2))
          : short;
    if (start + length > data.length) break;
    const payload = data.subarray(start, start + length);
    const kind = (data[at] ?? 0) & 15;
    if (kind === 1) messages.push(JSON.parse(payload.toString()));
    else if (kind === 2) frames += 1;
    else if (kind === 9) pings += 1;
    else if (kind === 8) closed = payload.readUInt16BE(0);
    at = start + length;
  }
  return { messages, frames, pings, closed };
}

/**
 * Makes the server send until the system takes no more: everything again and again, to a peer that does not read. Said in
 * one go: writing to a connection that the server has closed would lose what was not read.
 */
function stuff({ socket, say }: RawPeer, times: number): void {
  socket.pause();
  for (let n = 0; n < times; n += 1) say({ type: "subscribe", tasks: "all", since: 1, previews: true });
}

/** Counts the server's looks into its log. */
function looks({ tasks }: ServedBench): () => number {
  let made = 0;
  const backlog = tasks.backlog.bind(tasks);
  tasks.backlog = (of, since, look) => {
    made += 1;
    return backlog(of, since, look);
  };
  return () => made;
}

/**
 * When the only connection there is has ended for the server, which stops listening then. What it still owes must be read
 * at once: within seconds a peer that goes on not reading is dropped with all of it.
 */
function lastLeft({ tasks }: ServedBench): Promise<void> {
  const left = Promise.withResolvers<void>();
  const subscribe = tasks.subscribe.bind(tasks);
  tasks.subscribe = (listener) => {
    const stop = subscribe(listener);
    return () => {
      left.resolve();
      stop();
    };
  };
  return left.promise;
}

/** A log of some length. */
async function fill(bench: ServedBench, tasks: number): Promise<void> {
  for (let n = 0; n < tasks; n += 1) {
    const { id } = await bench.tasks.submit({ ...small, overwrite_step: 40, image_number: 4 });
    await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  }
}

test("a reader that is behind loses previews and overtaken progress, never anything else, and delays nobody", async () => {
  const crowdedBytes = 64 * 1024;
  await using bench = await serveBench({
    liveLimits: { ...liveLimits, crowdedBytes, mostBytes: 64 * 1024 ** 2 },
  });
  await fill(bench, 10);
  const slow = await rawPeer(bench.url);
  const looked = looks(bench);
  stuff(slow, 60);
  expect(await soon(() => looked() === 60)).toBe(true);
  const quick = await liveClient(bench.url);
  await quick.ask({ type: "subscribe", tasks: "all", previews: true });
  const from = bench.tasks.seq;
  const ids: unknown[] = [];
  for (let n = 0; n < 5; n += 1) {
    const reply = await quick.ask({
      type: "generate",
      request: { ...small, image_seed: 7, overwrite_step: 40 },
    });
    ids.push(reply["task_id"]);
  }
  for (const id of ids) await quick.until(({ type, task_id }) => type === "settled" && task_id === id);
  // All of it was over before the slow one read a byte. The reply to its last word is the last that it is told.
  slow.say({ type: "unsubscribe", tasks: "all" });
  const { messages, frames } = await slow.read("unsubscribed");
  slow.socket.destroy();
  const after = (heard: readonly Heard[]) =>
    heard.filter(({ seq, type }) => type !== "hello" && Number(seq) > from);
  const important = (heard: readonly Heard[]) =>
    after(heard).flatMap(({ type, seq, task_id }) =>
      ["queued", "started", "image", "settled"].includes(type)
        ? [`${String(seq)} ${type} ${String(task_id)}`]
        : [],
    );
  expect(important(messages)).toEqual(important(quick.heard));
  expect(important(messages)).toHaveLength(important(quick.heard).length);
  const steps = (heard: readonly Heard[]) => after(heard).filter(({ type }) => type === "progress").length;
  expect(steps(quick.heard)).toBeGreaterThan(200);
  expect(steps(messages)).toBeLessThan(20);
  expect([frames, quick.frames.length > 0]).toEqual([0, true]);
  const order = after(messages).map(({ seq }) => Number(seq));
  expect(order).toEqual(order.toSorted((a, b) => a - b));
});

test("a reader with 16 MiB unread is cut off with 1013, and HTTP is answered meanwhile", async () => {
  const limits = { ...liveLimits, waitingMessages: 1_000_000 };
  await using bench = await serveBench({ liveLimits: limits });
  await fill(bench, 30);
  const left = lastLeft(bench);
  const hostile = await rawPeer(bench.url);
  const reading = left.then(() => hostile.read());
  const cut = new AbortController();
  void left.then(() => cut.abort());
  stuff(hostile, 800);
  let answered = 0;
  for (; !cut.signal.aborted; answered += 1)
    expect((await fetch(`${bench.url}/v1/engines/styles`)).status).toBe(200);
  expect((await reading).closed).toBe(1013);
  expect(answered).toBeGreaterThan(3);
});

test("a flood of messages ends the connection that sends it", async () => {
  await using bench = await serveBench();
  const client = await liveClient(bench.url);
  for (let n = 0; n < 900; n += 1) client.say({ type: "ping" });
  expect((await client.ask({ type: "ping" })).type).toBe("pong");
  for (let n = 0; n < 20_000; n += 1) client.say({ type: "ping" });
  expect((await client.ended).code).toBe(1008);
});

test("a reader that takes nothing for too long is cut off with 1013, one that has nothing to take is not", async () => {
  const limits = { ...liveLimits, stalled: 400, tick: 50 };
  await using bench = await serveBench({ liveLimits: limits });
  await fill(bench, 10);
  const left = lastLeft(bench);
  const idle = await rawPeer(bench.url);
  await Bun.sleep(4 * limits.stalled);
  idle.say({ type: "ping" });
  expect((await idle.read("pong")).closed).toBeUndefined();
  idle.socket.destroy();
  await left;
  const leftAgain = lastLeft(bench);
  const stuck = await rawPeer(bench.url);
  stuff(stuck, 100);
  await leftAgain;
  expect((await stuck.read()).closed).toBe(1013);
});

test("a peer is pinged, and one that never answers is closed; one that does stays", async () => {
  const limits = { ...liveLimits, ping: 100, silent: 5000, tick: 50 };
  await using bench = await serveBench({ liveLimits: limits });
  const [silent, answering] = [await rawPeer(bench.url), await liveClient(bench.url)];
  const { pings, closed } = await silent.read();
  expect(pings).toBeGreaterThan(2);
  expect(closed).toBe(1001);
  expect((await answering.ask({ type: "ping" })).type).toBe("pong");
  expect([liveLimits.ping, liveLimits.silent, liveLimits.stalled]).toEqual([20_000, 60_000, 30_000]);
});

test("a reader that leaves and comes back has missed nothing", async () => {
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 3 ? held.passed : undefined) });
  await using bench = await serveBench({ engine });
  const leaving = await liveClient(bench.url);
  await leaving.ask({ type: "subscribe", tasks: "all" });
  const { task_id: id } = await leaving.ask({ type: "generate", request: { ...small, image_seed: 7 } });
  await leaving.until(({ type, step }) => type === "progress" && step === 2);
  leaving.close();
  await leaving.ended;
  const since = Math.max(...leaving.heard.map(({ seq, type }) => (type === "hello" ? 0 : Number(seq ?? 0))));
  held.open();
  await bench.tasks.settled(id as never, AbortSignal.timeout(120_000));
  const back = await liveClient(bench.url);
  await back.ask({ type: "subscribe", tasks: "all", since });
  await back.until(({ type }) => type === "settled");
  const ofTask = ({ heard }: { heard: readonly Heard[] }) =>
    heard.flatMap(({ seq, task_id }) => (task_id === id && seq !== undefined ? [Number(seq)] : []));
  const kept = await Array.fromAsync(bench.tasks.watch(id as never, AbortSignal.timeout(120_000)));
  expect([...ofTask(leaving), ...ofTask(back)]).toEqual(kept.map(({ seq }) => seq));
});

test("across a restart: numbers never go back, tasks of before are shown as they are, the running one is followed", async () => {
  const folder = benchFolder();
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: ({ image }) => (image === 1 ? held.passed : undefined) });
  const before = await serveBench({ folder, engine });
  const first = await liveClient(before.url);
  await first.ask({ type: "subscribe", tasks: "all" });
  const request = { ...small, image_seed: 7 };
  const { task_id: done } = await first.ask({ type: "generate", request });
  await first.until(({ type, task_id }) => type === "settled" && task_id === done);
  const since = first.heard.find(({ type, task_id }) => type === "started" && task_id === done)?.["seq"];
  const { task_id: going } = await first.ask({ type: "generate", request: { ...request, image_number: 2 } });
  await first.until(({ type, task_id }) => type === "image" && task_id === going);
  const newest = before.tasks.seq;
  before.crash();
  await first.ended;

  await using after = await serveBench({ folder });
  expect(after.tasks.seq).toBeGreaterThanOrEqual(newest);
  const back = await liveClient(after.url);
  await back.ask({ type: "subscribe", tasks: "all", since });
  await back.until(({ type, task_id }) => type === "settled" && task_id === going);
  const storyOf = (id: unknown) =>
    back.heard.filter(({ task_id, seq }) => task_id === id && seq !== undefined);
  expect(storyOf(done).map(({ type }) => type)).toEqual(["snapshot", "settled"]);
  expect(storyOf(done)[0]?.["record"]).toMatchObject({
    task_id: done,
    task_status: "finished",
    progress: 100,
  });
  const types = [...new Set(storyOf(going).map(({ type }) => type))];
  expect(types).toEqual(expect.arrayContaining(["snapshot", "started", "image", "settled"]));
  expect(storyOf(going).find(({ type }) => type === "started")?.["attempt"]).toBe(2);
  expect(storyOf(going).at(-1)?.["result"]).toHaveLength(2);
  const numbers = back.heard.flatMap(({ seq, type }) =>
    seq === undefined || type === "hello" ? [] : [Number(seq)],
  );
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  // Who comes back once more with the last number is told nothing again.
  const again = await liveClient(after.url);
  await again.ask({ type: "subscribe", tasks: "all", since: numbers.at(-1) });
  await again.ask({ type: "ping" });
  expect(again.heard.filter(({ task_id }) => task_id === done || task_id === going)).toEqual([]);
});
