import { expect, setDefaultTimeout, test } from "bun:test";
import { liveClient } from "../support/live-client.ts";
import { readEvents } from "../support/read-events.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

setDefaultTimeout(300_000);

const goodbye =
  "The server is shutting down; what waits or runs is kept and goes on when it is started again.";

/** A server that draws one picture and is held at it, and the requests that wait for it and for another. */
async function held() {
  const door = gate();
  const engine = new ScriptedEngine({ beforeStep: () => door.passed });
  const bench = await serveBench({ engine });
  const running = (await bench.tasks.submit(small)).id;
  await soon(() => bench.tasks.current()?.state.status === "running");
  const waiting = (await bench.tasks.submit(small)).id;
  const generate = (more: object, headers: Record<string, string> = {}) =>
    fetch(`${bench.url}/v1/engine/generate/`, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...small, image_seed: 7, ...more }),
    });
  return { door, bench, running, waiting, generate };
}

const lastBlock = async (answer: Response): Promise<string> =>
  (await answer.text()).trim().split("\r\n\r\n").at(-1) ?? "";

test("a waiting stream just ended when the server was told to stop", async () => {
  const { door, bench, running, waiting, generate } = await held();
  const { url, tasks } = bench;
  const stream = await generate({ stream_output: true });
  const story = await fetch(`${url}/tasks/${waiting}/events`);
  const runningStory = await fetch(`${url}/tasks/${running}/events`);
  const everything = await fetch(`${url}/v1/events`);
  const record = fetch(`${url}/tasks/${waiting}?wait=60`);
  const synchronous = generate({});
  const picture = generate({}, { accept: "image/png" });
  const legacy = fetch(`${url}/v1/generation/text-to-image`, {
    method: "POST",
    body: JSON.stringify({ prompt: "a circle", style_selections: [] }),
  });
  const live = await liveClient(url);
  await live.until(({ type }) => type === "hello");
  await soon(() => tasks.queue.pending.length === 5);

  const closed = tasks.close(60_000);
  // Who waits for a task that only waits hears it while the picture at hand is still being drawn.
  const block = await lastBlock(stream);
  expect(JSON.parse(/^data: (.*)\r\n/.exec(block)?.[1] ?? "")).toEqual({
    progress: 0,
    preview: null,
    message: goodbye,
    images: [],
    error: "interrupted",
  });
  const told = await Array.fromAsync(readEvents(story));
  expect(told.map(({ event }) => event)).toEqual(["queued", "closing"]);
  expect(told.at(-1)?.data).toMatchObject({ type: "closing", task_id: null, message: goodbye });
  expect(await (await record).json()).toMatchObject({ task_id: waiting, task_status: null });
  for (const answer of [await synchronous, await picture, await legacy]) {
    expect(answer.status).toBe(503);
    expect((await answer.json()).detail).toContain("is kept and goes on when it is started again");
  }
  // Who comes now is told the same at once, without a place among the numbers.
  const late = await Array.fromAsync(readEvents(await fetch(`${url}/tasks/${waiting}/events`)));
  expect(late.at(-1)?.event).toBe("closing");
  expect(tasks.current()?.id).toBe(running);
  expect(live.heard.some(({ type }) => type === "closing")).toBe(false);

  door.open();
  await closed;
  const drawn = await Array.fromAsync(readEvents(runningStory));
  expect(drawn.at(-1)?.event).toBe("settled");
  const all = await Array.fromAsync(readEvents(everything));
  expect(all.at(-1)).toMatchObject({ event: "closing", data: { task_id: null, message: goodbye } });
  expect(await live.until(({ type }) => type === "closing")).toMatchObject({ message: goodbye });
  expect(await live.ended).toEqual({ code: 1001, reason: "the server is shutting down" });
  await bench.close();
});

test("who follows a picture that is handed back is told so, with what was reached", async () => {
  const { door, bench, running } = await held();
  const { url, tasks } = bench;
  const story = await fetch(`${url}/tasks/${running}/events`);
  const record = fetch(`${url}/tasks/${running}?wait=60`);
  await Bun.sleep(100);
  await tasks.close(0);
  const told = await Array.fromAsync(readEvents(story));
  expect(told.at(-1)?.event).toBe("closing");
  expect(await (await record).json()).toMatchObject({ task_id: running, task_status: "running" });
  const again = await Array.fromAsync(readEvents(await fetch(`${url}/v1/events`)));
  expect(again.map(({ event }) => event)).toEqual(["closing"]);
  door.open();
  await bench.close();
});

test("a reader that comes back with the number of the last event has missed nothing", async () => {
  const { door, bench, waiting } = await held();
  const { url, tasks, history } = bench;
  const story = await fetch(`${url}/tasks/${waiting}/events`);
  await tasks.close(0);
  const last = (await Array.fromAsync(readEvents(story))).at(-1)?.id ?? 0;
  expect(await history.counter("seq")).toBeGreaterThanOrEqual(last);
  door.open();
  await bench.close();
});
