import { expect, setDefaultTimeout, test } from "bun:test";
import { liveClient } from "../support/live-client.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

setDefaultTimeout(300_000);

const steer = async (bench: ServedBench, body: unknown) => {
  const answer = await fetch(`${bench.url}/v1/queue`, { method: "POST", body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
};

test("the queue is paused, put in another order, resumed and emptied over HTTP", async () => {
  const held = gate();
  await using bench = await serveBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  const ids: string[] = [];
  for (let n = 0; n < 4; n += 1) ids.push((await bench.tasks.submit(small)).id);
  const [running, a, b, c] = ids;
  const queue = async () => await (await fetch(`${bench.url}/v1/queue`)).json();
  expect(await queue()).toEqual({ pending: [a, b, c], paused: false });
  const client = await liveClient(bench.url);
  await client.ask({ type: "subscribe", tasks: "all" });
  expect((await steer(bench, { action: "pause" })).body).toEqual({ pending: [a, b, c], paused: true });
  expect((await steer(bench, { action: "move", task_id: c, before: a })).body.pending).toEqual([c, a, b]);
  expect((await steer(bench, { action: "move", task_id: c })).body.pending).toEqual([a, b, c]);
  expect((await steer(bench, { action: "resume" })).body.paused).toBe(false);
  const cleared = await steer(bench, { action: "clear" });
  expect(cleared).toEqual({ status: 200, body: { pending: [], paused: false } });
  await client.until(
    ({ type, pending }) => type === "queue" && Array.isArray(pending) && pending.length === 0,
  );
  const ended = client.heard.filter(({ type }) => type === "settled");
  expect(ended.map(({ task_id, status }) => [task_id, status])).toEqual([
    [a, "cancelled"],
    [b, "cancelled"],
    [c, "cancelled"],
  ]);
  // Three for each of the four commands before: nobody is told a place in a line that shrinks one by one.
  expect(client.heard.filter(({ type }) => type === "queued")).toHaveLength(12);
  expect(bench.tasks.current()?.id).toBe(running as never);
  held.open();
});

test("the live channel empties the queue too", async () => {
  const held = gate();
  await using bench = await serveBench({ engine: new ScriptedEngine({ beforeStep: () => held.passed }) });
  for (let n = 0; n < 3; n += 1) await bench.tasks.submit(small);
  const client = await liveClient(bench.url);
  expect(await client.ask({ type: "queue", action: "clear" })).toMatchObject({ type: "queue", pending: [] });
  held.open();
});

test("what cannot be done with the queue is refused by the field", async () => {
  await using bench = await serveBench();
  await bench.tasks.pause(true);
  const { id } = await bench.tasks.submit(small);
  const nobody = "0".repeat(32);
  for (const [body, status, said] of [
    [{ action: "dance" }, 422, "action"],
    [{}, 422, "action"],
    [{ action: "move" }, 422, "task_id"],
    [{ action: "move", task_id: 7 }, 422, "task_id"],
    [{ action: "move", task_id: nobody, before: id }, 409, "task_id"],
    [{ action: "move", task_id: id, before: nobody }, 409, "before"],
  ] as const) {
    const answer = await steer(bench, body);
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([status, expect.stringContaining(said)]);
  }
  expect((await fetch(`${bench.url}/v1/queue`, { method: "POST", body: "{" })).status).toBe(422);
});
