import { afterAll, expect, test } from "bun:test";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench({ keys: ["secret"], config: { queue_limit: 1 } });
afterAll(() => bench.close());

const headers = { "x-api-key": "secret" };
const post = (body: unknown) =>
  fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", headers, body: JSON.stringify(body) });

test("/healthz answers without a key, to GET and HEAD, and tells nothing else", async () => {
  const answer = await fetch(`${bench.url}/healthz`);
  expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }]);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect((await fetch(`${bench.url}/healthz`, { method: "HEAD" })).status).toBe(200);
  expect((await fetch(`${bench.url}/healthz/more`)).status).toBe(404);
});

test("no page of ours may be shown in a frame of another site", async () => {
  for (const path of ["/dashboard", "/docs", "/redoc", "/docs/oauth2-redirect"]) {
    const { headers: said } = await fetch(bench.url + path);
    expect([path, said.get("content-security-policy")]).toEqual([path, "frame-ancestors 'self'"]);
    expect([path, said.get("x-frame-options")]).toEqual([path, "SAMEORIGIN"]);
  }
});

test("a queue that is full said 429 and not when to come again", async () => {
  await bench.tasks.pause(true);
  const wanted = { style_selections: [], async_process: true };
  expect((await post(wanted)).status).toBe(200);
  const full = await post(wanted);
  expect([full.status, full.headers.get("retry-after")]).toEqual([429, "10"]);
  await bench.tasks.pause(false);
});

test("the first block of an event stream is an event, with retry inside", async () => {
  const { task_id } = await (
    await post({ style_selections: [], overwrite_step: 1, overwrite_width: 64, overwrite_height: 64 })
  ).json();
  const text = await (await fetch(`${bench.url}/tasks/${task_id}/events`, { headers })).text();
  const blocks = text.split("\n\n").filter((block) => block !== "");
  expect(blocks[0]).toMatch(/^retry: 2000\nid: \d+\nevent: queued\ndata: \{/);
  expect(text.match(/retry:/g)).toHaveLength(1);
  for (const block of blocks) expect(block).toContain("\ndata: ");
});
