import { expect } from "bun:test";
import { pythonClient } from "../support/python-client.ts";
import type { SeenLine } from "../support/seen-lines.ts";
import { type ServedBench, serveBench, soon } from "../support/served-bench.ts";
import { StoppedEngine } from "../support/stopped-engine.ts";

const tools = ["generate", "edit", "job_status", "cancel_job", "list_models"];

/** What every version sees of a server between its revision and the call that it takes back. */
const seenByAll: readonly SeenLine[] = [
  { saw: "tools", names: tools },
  { saw: "picture", kinds: ["text", "image", "resource_link"], png: true, status: "finished" },
  { saw: "progress", step: true },
  { saw: "resource", same: true },
  { saw: "error", is_error: true, text: "number: Input should be less than or equal to 32." },
];

/** How the job of two pictures ended, of which one was there when its call was taken back. */
async function endOfTwo({ tasks }: ServedBench): Promise<unknown> {
  const isTwo = async () =>
    (await tasks.history({ page: 0, pageSize: 9 })).find(({ request }) => request["image_number"] === 2);
  expect(await soon(async () => (await isTwo())?.state.status === "settled")).toBe(true);
  const state = (await isTwo())?.state;
  return state?.status === "settled" ? [state.outcome, state.images.length] : state;
}

const current = await pythonClient("mcp");

for (const [mode, revision] of [
  ["auto", "2026-07-28"],
  ["legacy", "2025-11-25"],
] as const) {
  current.test(`mcp 2.3.0, ${mode}: a key, a picture, progress, an error, a cancel and a task`, async () => {
    const engine = new StoppedEngine();
    await using bench = await serveBench({ engine, keys: ["secret"] });
    const seen = await current.run([bench.url, "secret", mode]);
    const asTask: readonly SeenLine[] = [
      { saw: "task", status: "working" },
      { saw: "finished task", status: "finished", kinds: ["text", "image", "resource_link"] },
    ];
    expect(seen).toEqual([
      { saw: "no key", failed: true },
      { saw: "revision", revision },
      ...seenByAll,
      { saw: "took back", cancelled: true },
      ...(mode === "auto" ? asTask : []),
    ]);
    expect(await endOfTwo(bench)).toEqual(["stopped", 1]);
  });
}

const first = await pythonClient("mcp-1");

first.test("mcp 1.30.0: a key, a picture, progress, an error and a cancel, without a session", async () => {
  const engine = new StoppedEngine();
  await using bench = await serveBench({ engine, keys: ["secret"] });
  const seen = await first.run([bench.url, "secret"]);
  expect(seen).toEqual([
    { saw: "no key", failed: true },
    { saw: "revision", revision: "2025-11-25", session: null },
    ...seenByAll,
    { saw: "took back", is_error: true, text: "The call was cancelled" },
  ]);
  expect(await endOfTwo(bench)).toEqual(["stopped", 1]);
});
