import { afterAll, expect, test } from "bun:test";
import { newTaskId } from "#/lib/task-id.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

/** Records in lists are kept written: what they tell must be what the task is now, for whoever asks. */

let release = Promise.withResolvers<void>();
const engine = new ScriptedEngine({ beforeStep: () => release.promise });
const bench: ServedBench = await serveBench({
  engine,
  addresses: { listening: () => bench.url, named: () => undefined },
});
afterAll(async () => {
  release.resolve();
  await bench.close();
});

const text = async (path: string, host?: string): Promise<string> =>
  await (await fetch(bench.url + path, { headers: host === undefined ? {} : { host } })).text();
/** All records of a list, each as its own JSON, by the task's id. */
const records = async (host?: string) => {
  const { history, pending } = JSON.parse(await text("/tasks?page_size=50", host));
  return new Map<string, object>(
    [...history, ...pending].map((record: { task_id: string }) => [record.task_id, record]),
  );
};
const single = async (id: string, host?: string): Promise<{ result: readonly string[] }> =>
  JSON.parse(await text(`/tasks/${id}`, host));
const submit = async (more: object = {}): Promise<string> => {
  const body = JSON.stringify({ ...small, async_process: true, image_seed: "9223372036854775807", ...more });
  return (await (await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body })).json()).task_id;
};

test("each state of a task is in the list at once, and every digit of it", async () => {
  release = Promise.withResolvers();
  const [first, second] = [
    await submit({ prompt: "schön" }),
    await submit({ prompt: "月", image_number: 2 }),
  ];
  await soon(() => bench.tasks.current()?.id === first);
  expect(await text("/tasks")).toContain('"image_seed":9223372036854775807');
  expect((await records()).get(second)).toEqual(await single(second));
  expect((await records()).get(second)).toMatchObject({ task_status: null, result: null });
  release.resolve();
  await bench.tasks.settled(second as never, AbortSignal.timeout(120_000));
  for (const id of [first, second]) {
    expect((await records()).get(id)).toEqual(await single(id));
    expect((await records()).get(id)).toMatchObject({ task_status: "finished", progress: 100 });
  }
  const cancelled = await (async () => {
    release = Promise.withResolvers();
    const [, waiting] = [await submit(), await submit()];
    expect((await records()).get(waiting)).toMatchObject({ task_status: null });
    await fetch(`${bench.url}/tasks/${waiting}/cancel`, { method: "POST" });
    release.resolve();
    return waiting;
  })();
  expect((await records()).get(cancelled)).toMatchObject({ task_status: "cancelled" });
  await fetch(`${bench.url}/tasks/${first}`, { method: "DELETE" });
  expect((await records()).has(first)).toBe(false);
  expect((await records()).has(second)).toBe(true);
});

test("what is written into a row afterwards is in the list: warnings, its pictures, its end", async () => {
  release.resolve();
  // A row that another server of this history would write to.
  const id = newTaskId();
  const door = { name: "fooocus-api", word: "" };
  const asked = { id, request: { prompt: "a hill" }, webhookUrl: "", label: null, door, queuedAt: 1 };
  await bench.history.insert({ ...asked, warnings: [] });
  expect((await records()).get(id)).not.toHaveProperty("warnings");
  await bench.history.warned(id, ["Told late."]);
  expect((await records()).get(id)).toMatchObject({ warnings: ["Told late."] });
  const end = {
    outcome: "stopped",
    startedAt: 2,
    finishedAt: 3,
    percent: 7,
    images: [],
    error: null,
  } as const;
  expect(await bench.history.settle(id, end)).toBe(true);
  expect((await records()).get(id)).toMatchObject({ task_status: "stop", progress: 7, result: [] });
  expect((await records()).get(id)).toEqual(await single(id));
});

test("clients that ask under other names are each given theirs, in turns", async () => {
  release.resolve();
  const id = await submit();
  await bench.tasks.settled(id as never, AbortSignal.timeout(120_000));
  const hosts = ["a.lan:1", "b.lan:2", "c.lan:3", "a.lan:1", "b.lan:2"];
  for (const host of hosts) {
    const own = await single(id, host);
    expect(own.result).toEqual([expect.stringMatching(new RegExp(`^http://${host}/outputs/`))]);
    expect((await records(host)).get(id)).toEqual(own);
  }
});
