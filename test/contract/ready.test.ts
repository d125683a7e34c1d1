import { expect, setDefaultTimeout, test } from "bun:test";
import { notClosing } from "#/routes/ready-checks.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";

// On a busy machine everything takes its time; nothing here is about how long.
setDefaultTimeout(300_000);

const body = async (answer: Response) => [answer.status, await answer.json()];

test("a server is ready without a key, and not with an engine that cannot be opened; it is again when that works", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine, keys: ["k"] });
  const ask = (init: RequestInit = {}) => fetch(`${bench.url}/readyz`, init);
  const first = await ask();
  expect(first.headers.get("cache-control")).toBe("no-store");
  expect(await body(first)).toEqual([200, { status: "ready" }]);
  const { state } = engine;
  engine.change({ ...state, state: "failed" });
  const reason = "The engine cannot work; its tasks fail, and say why.";
  expect(await body(await ask())).toEqual([503, { status: "not ready", check: "engine", reason }]);
  expect((await ask({ method: "HEAD" })).status).toBe(503);
  // One that died is started by the next task.
  engine.change({ ...state, state: "restarting" });
  expect(await body(await ask())).toEqual([200, { status: "ready" }]);
  expect((await ask({ method: "HEAD" })).status).toBe(200);
  expect(await body(await fetch(`${bench.url}/healthz`))).toEqual([200, { status: "ok" }]);
});

test("the first check that fails is told, with its reason", async () => {
  let closing = false;
  const disk = { name: "disk", failing: () => "The disk is full." };
  await using bench = await serveBench({ readyChecks: [notClosing(() => closing), disk] });
  const ask = async () => (await fetch(`${bench.url}/readyz`)).json();
  expect(await ask()).toEqual({ status: "not ready", check: "disk", reason: "The disk is full." });
  closing = true;
  expect(await ask()).toMatchObject({ check: "closing", reason: expect.stringContaining("shutting down") });
});
