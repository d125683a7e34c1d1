import { expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import type { TaskId } from "#/lib/task-id.ts";
import { readEvents, type SentEvent } from "../support/read-events.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

// On a busy machine everything takes its time; nothing here is about how long.
setDefaultTimeout(300_000);

const storyOf = async (url: string, init: RequestInit = {}): Promise<readonly SentEvent[]> =>
  Array.fromAsync(readEvents(await fetch(url, init)));
const typesOf = (story: readonly SentEvent[]): readonly string[] => [
  ...new Set(story.map(({ event }) => event)),
];

test("a task's story: numbers rise, every event has the shape the live channel promises, settled is last", async () => {
  await using bench = await serveBench();
  const { id } = await bench.tasks.submit({ ...small, image_number: 2 }, { label: "mine" });
  const answer = await fetch(`${bench.url}/tasks/${id}/events`);
  expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const story = await Array.fromAsync(readEvents(answer));
  expect(typesOf(story)).toEqual(["queued", "started", "progress", "image", "settled"]);
  const numbers = story.map(({ id: seq }) => seq);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  for (const { id: seq, event, data } of story)
    expect(data).toMatchObject({ seq, task_id: id, at: expect.any(Number), type: event });
  const [queued] = story;
  expect(queued?.data).toMatchObject({ position: 1, ahead: 0, label: "mine" });
  const image = story.find(({ event }) => event === "image");
  expect(image?.data).toMatchObject({ index: 0, seed: 7, width: 64, height: 64, nsfw: null });
  const step = story.find(({ data }) => data["stage"] === "denoising" && data["step"] === 2);
  expect(Object.keys(step?.data ?? {})).toEqual(
    "seq task_id at type progress stage image images step steps message eta_ms".split(" "),
  );
  expect(Object.keys(story.at(-1)?.data ?? {})).toEqual(
    "seq task_id at type status result error timings".split(" "),
  );
  expect(story.at(-1)?.data).toMatchObject({ status: "finished", error: null, timings: { denoising_ms: 6 } });
});

test("the number seen last, in the header or the query, leaves out what was seen", async () => {
  await using bench = await serveBench();
  const { id } = await bench.tasks.submit(small);
  const whole = await storyOf(`${bench.url}/tasks/${id}/events`);
  const seen = whole[3]?.id ?? 0;
  const rest = whole.slice(4).map(({ id: seq }) => seq);
  const byQuery = await storyOf(`${bench.url}/tasks/${id}/events?since=${seen}`);
  expect(byQuery.map(({ id: seq }) => seq)).toEqual(rest);
  const header = { headers: { "last-event-id": `${seen}` } };
  const byHeader = await storyOf(`${bench.url}/tasks/${id}/events?since=0`, header);
  expect(byHeader.map(({ id: seq }) => seq)).toEqual(rest);
});

test("who has seen the end is told that there is nothing more, and is not called back", async () => {
  await using bench = await serveBench();
  const { id } = await bench.tasks.submit(small);
  const last = (await storyOf(`${bench.url}/tasks/${id}/events`)).at(-1)?.id;
  const again = await fetch(`${bench.url}/tasks/${id}/events`, { headers: { "last-event-id": `${last}` } });
  expect(again.status).toBe(204);
  const nobody = await fetch(`${bench.url}/tasks/0123/events`);
  expect([nobody.status, await nobody.json()]).toEqual([404, { detail: "There is no task 0123." }]);
  const wrong = await fetch(`${bench.url}/tasks/${id}/events?since=yesterday`);
  expect([wrong.status, (await wrong.json()).detail[0].loc]).toEqual([422, ["query", "since"]]);
});

test("previews come when asked for, as pictures a page can show", async () => {
  await using bench = await serveBench();
  const held = gate();
  await using slow = await serveBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const { id } = await bench.tasks.submit(small);
  expect(typesOf(await storyOf(`${bench.url}/tasks/${id}/events`))).not.toContain("preview");
  const one = await slow.tasks.submit(small);
  const story: SentEvent[] = [];
  for await (const event of readEvents(await fetch(`${slow.url}/tasks/${one.id}/events?previews=1`))) {
    story.push(event);
    held.open();
  }
  const preview = story.find(({ event }) => event === "preview");
  expect(preview?.data).toMatchObject({ task_id: one.id, step: 1, steps: 4, width: 8, mime: "image/webp" });
  const url = String(preview?.data["url"]);
  expect(url).toStartWith("data:image/webp;base64,");
  expect(Buffer.from(url.split(",")[1] ?? "", "base64").toString("latin1", 8, 12)).toBe("WEBP");
});

test("the events of everything: from now on, or from a number on", async () => {
  await using bench = await serveBench();
  const leaving = new AbortController();
  const first = await bench.tasks.submit(small);
  await bench.tasks.settled(first.id, AbortSignal.timeout(120_000));
  const since = bench.tasks.seq;
  const answer = await fetch(`${bench.url}/v1/events`, { signal: leaving.signal });
  const second = await bench.tasks.submit(small);
  const live: SentEvent[] = [];
  for await (const event of readEvents(answer)) {
    live.push(event);
    if (event.event === "settled") break;
  }
  leaving.abort();
  const tasks = new Set(live.map(({ data }) => data["task_id"]));
  expect(tasks).toEqual(new Set([second.id, null]));
  expect(typesOf(live)).toContain("queue");
  const missed: SentEvent[] = [];
  for await (const event of readEvents(await fetch(`${bench.url}/v1/events?since=${since}`))) {
    missed.push(event);
    if (event.event === "settled") break;
  }
  const ofSecond = (story: readonly SentEvent[]) =>
    story.filter(({ data }) => data["task_id"] === second.id).map(({ id }) => id);
  expect(ofSecond(missed)).toEqual(ofSecond(live));
});

test("a reader that goes away leaves the task alone and is forgotten", async () => {
  const held = gate();
  await using bench = await serveBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const { id } = await bench.tasks.submit(small);
  const leaving = new AbortController();
  const answer = await fetch(`${bench.url}/tasks/${id}/events`, { signal: leaving.signal });
  for await (const { event } of readEvents(answer)) if (event === "progress") break;
  leaving.abort();
  held.open();
  expect((await bench.tasks.settled(id, AbortSignal.timeout(120_000)))?.state.status).toBe("settled");
});

test("a stream that nobody reads holds up neither the task nor another reader", async () => {
  await using bench = await serveBench();
  const { port } = new URL(bench.url);
  const stuck = connect(Number(port), "127.0.0.1");
  stuck.pause();
  stuck.write("GET /v1/events?previews=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const answer = await fetch(`${bench.url}/v1/events`);
  let settled = 0;
  const reading = (async () => {
    for await (const { event } of readEvents(answer)) {
      if (event === "settled") settled += 1;
      if (settled === 20) return;
    }
  })();
  const ids: TaskId[] = [];
  for (let n = 0; n < 20; n += 1) ids.push((await bench.tasks.submit(small)).id);
  await reading;
  expect(await Promise.all(ids.map(async (id) => (await bench.tasks.find(id))?.state.status))).toEqual(
    ids.map(() => "settled"),
  );
  stuck.destroy();
});

test("wait answers when the task is settled, or after that many seconds as it is", async () => {
  const held = gate();
  await using bench = await serveBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const { id } = await bench.tasks.submit(small);
  const started = Date.now();
  const early = await (await fetch(`${bench.url}/tasks/${id}?wait=1`)).json();
  expect(early.task_status).toBe("running");
  expect(Date.now() - started).toBeGreaterThanOrEqual(900);
  const waiting = fetch(`${bench.url}/tasks/${id}?wait=60`);
  setTimeout(held.open, 50);
  expect(await (await waiting).json()).toMatchObject({ task_id: id, task_status: "finished" });
  expect(await (await fetch(`${bench.url}/tasks/0123?wait=60`)).json()).toEqual([]);
  const long = await fetch(`${bench.url}/tasks/${id}?wait=61`);
  expect([long.status, (await long.json()).detail[0].loc]).toEqual([422, ["query", "wait"]]);
});

test("a waiting task is cancelled, a running one stopped, an ended one left alone; each says so", async () => {
  const held = gate();
  await using bench = await serveBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const running = await bench.tasks.submit(small);
  const waiting = await bench.tasks.submit(small);
  const cancel = async (id: string) => {
    const answer = await fetch(`${bench.url}/tasks/${id}/cancel`, { method: "POST" });
    return [answer.status, await answer.json()];
  };
  expect(await cancel(waiting.id)).toEqual([200, { task_id: waiting.id, outcome: "cancelled_pending" }]);
  expect(await cancel(running.id)).toEqual([200, { task_id: running.id, outcome: "stopping" }]);
  held.open();
  await bench.tasks.settled(running.id, AbortSignal.timeout(120_000));
  expect(await cancel(running.id)).toEqual([200, { task_id: running.id, outcome: "already_settled" }]);
  expect(await cancel("0123")).toEqual([404, { detail: "There is no task 0123." }]);
});

test("a task is deleted with its pictures; one that waits or runs is refused, or stopped first", async () => {
  const held = gate();
  const engine = new ScriptedEngine({ beforeStep: ({ image }) => (image === 1 ? held.passed : undefined) });
  await using bench = await serveBench({ engine });
  const running = await bench.tasks.submit({ ...small, image_number: 2 });
  const waiting = await bench.tasks.submit(small);
  const remove = async (path: string) => {
    const answer = await fetch(`${bench.url}${path}`, { method: "DELETE" });
    return [answer.status, await answer.json()];
  };
  const refusal = (id: string, doing: string) => ({
    detail: `Task ${id} is ${doing}, and only what has ended is deleted. POST /tasks/${id}/cancel ends it; DELETE /tasks/${id}?stop=true ends and deletes it.`,
  });
  expect(await remove(`/tasks/${waiting.id}`)).toEqual([409, refusal(waiting.id, "waiting")]);
  expect(await remove(`/tasks/${running.id}?stop=false`)).toEqual([409, refusal(running.id, "running")]);
  expect((await remove(`/tasks/${running.id}?stop=maybe`))[0]).toBe(422);
  expect(await remove(`/tasks/${waiting.id}?stop=true`)).toEqual([200, { tasks: 1, images: 0 }]);
  const saved = async () => {
    const state = (await bench.tasks.find(running.id))?.state;
    return state?.status === "running" ? (state.images[0]?.url ?? "") : "";
  };
  expect(await soon(async () => (await saved()) !== "")).toBe(true);
  const file = new URL(await saved()).pathname;
  expect((await fetch(`${bench.url}${file}`)).status).toBe(200);
  const removing = remove(`/tasks/${running.id}?stop=1`);
  setTimeout(held.open, 100);
  expect(await removing).toEqual([200, { tasks: 1, images: 1 }]);
  expect((await fetch(`${bench.url}${file}`)).status).toBe(404);
  expect(await remove(`/tasks/${running.id}`)).toEqual([404, { detail: `There is no task ${running.id}.` }]);
});

test("a span of time is deleted, and only when it is named", async () => {
  await using bench = await serveBench();
  const { id } = await bench.tasks.submit(small);
  await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  const remove = async (query: string) => {
    const answer = await fetch(`${bench.url}/tasks${query}`, { method: "DELETE" });
    return { status: answer.status, body: await answer.json() };
  };
  for (const query of ["", "?end_at=2026-01-01T00:00:00", "?start_at=yesterday"]) {
    const { status, body } = await remove(query);
    expect([status, body.detail[0].loc]).toEqual([422, ["query", "start_at"]]);
  }
  expect(await bench.tasks.find(id)).toBeDefined();
  await Bun.sleep(1000);
  expect(await remove("?start_at=2001-01-01T00:00:00")).toEqual({
    status: 200,
    body: { tasks: 1, images: 1 },
  });
  expect(await bench.tasks.find(id)).toBeUndefined();
});
