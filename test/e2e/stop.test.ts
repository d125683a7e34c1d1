import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openHistory } from "#/stores/history/sqlite.ts";
import { liveClient } from "../support/live-client.ts";
import { startMain } from "../support/main-process.ts";
import { childrenOf } from "../support/process-tree.ts";
import { readEvents } from "../support/read-events.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-stop-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const models = join(import.meta.dir, "../../models");

/** Starts the program, and a picture that takes long; returns when it is being drawn. */
async function drawing(outputs: string, ...args: readonly string[]) {
  const main = await startMain(
    folder,
    ...["--port", "0", "--models", models, "--outputs", outputs, "--threads", "1"],
    ...args,
  );
  const { url } = main;
  const post = (body: unknown) =>
    fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) });
  const long = { prompt: "a red circle", performance_selection: "Quality", image_number: 4 };
  const events = () => fetch(`${url}/v1/events`);
  const { task_id } = await (await post({ ...long, async_process: true })).json();
  while ((await (await fetch(`${url}/tasks/${task_id}`)).json()).task_status !== "running")
    await Bun.sleep(20);
  return { main, post, task_id, events, url };
}

async function unfinished(outputs: string) {
  const history = openHistory(join(outputs, "db.sqlite3"));
  const rows = (await history.unfinished()).map(({ id, attempt }) => ({ id: String(id), attempt }));
  await history.close();
  return rows;
}

test("one Ctrl-C that comes twice waits for the picture; a second one hands it back, and it counts as no crash", async () => {
  const outputs = join(folder, "twice");
  const { main, task_id } = await drawing(outputs);
  main.child.kill("SIGINT");
  main.child.kill("SIGINT");
  await Bun.sleep(1200);
  expect(main.child.exitCode).toBe(null);
  expect(main.output.text).toContain("stopping when the picture at hand is finished");
  main.child.kill("SIGINT");
  expect(await main.child.exited).toBe(1);
  expect(await unfinished(outputs)).toEqual([{ id: task_id, attempt: 0 }]);
}, 60_000);

test("who waits for a picture is told that it is kept when the time is over", async () => {
  const outputs = join(folder, "waiting");
  const { main, post } = await drawing(outputs, "--shutdown-seconds", "0");
  const answer = post({ prompt: "b", performance_selection: "Lightning" });
  while ((await unfinished(outputs)).length < 2) await Bun.sleep(20);
  main.child.kill("SIGINT");
  const { status } = await answer;
  const { detail } = await (await answer).json();
  expect([status, detail]).toEqual([503, expect.stringContaining("is kept and goes on")]);
  expect(await main.child.exited).toBe(0);
  expect((await unfinished(outputs)).map(({ attempt }) => attempt)).toEqual([0, 0]);
}, 60_000);

test("a stream and the live channel just broke off when the server was told to stop, and at a second signal too", async () => {
  for (const signals of [1, 2]) {
    const outputs = join(folder, `told-${signals}`);
    const seconds = signals === 1 ? ["--shutdown-seconds", "0"] : [];
    const { main, url, events } = await drawing(outputs, ...seconds);
    const stream = await events();
    const live = await liveClient(url);
    await live.until(({ type }) => type === "hello");
    main.child.kill("SIGTERM");
    if (signals === 2) {
      await Bun.sleep(1200);
      main.child.kill("SIGTERM");
    }
    const told = await Array.fromAsync(readEvents(stream));
    expect(told.at(-1)?.event).toBe("closing");
    expect(await live.until(({ type }) => type === "closing")).toMatchObject({ type: "closing" });
    expect((await live.ended).code).toBe(1001);
    expect(await main.child.exited).toBe(signals - 1);
    expect((await unfinished(outputs)).map(({ attempt }) => attempt)).toEqual([0]);
  }
}, 120_000);

test("Ctrl-C reaches an engine process too, and killed it with the picture at hand", async () => {
  const outputs = join(folder, "group");
  const flags = ["--isolation", "process", "--shutdown-seconds", "0"];
  const { main, task_id, url } = await drawing(outputs, ...flags);
  while ((await (await fetch(`${url}/tasks/${task_id}`)).json()).progress < 2) await Bun.sleep(20);
  const engines = childrenOf(main.child.pid);
  expect(engines.length).toBeGreaterThan(0);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) for (const pid of engines) process.kill(pid, signal);
  await Bun.sleep(500);
  expect(main.output.text).not.toContain("a task failed");
  main.child.kill("SIGINT");
  expect(await main.child.exited).toBe(0);
  // It ran until it was handed back: no crash of the engine is counted, and none is told.
  expect(await unfinished(outputs)).toEqual([{ id: task_id, attempt: 0 }]);
  expect(main.output.text).not.toContain("a task failed");
  for (const pid of engines) expect(() => process.kill(pid, 0)).toThrow();
}, 60_000);

test("a terminal that was closed ended the server on the spot; who was started to outlive it does", async () => {
  const outputs = join(folder, "closed-terminal");
  const { main, task_id } = await drawing(outputs, "--shutdown-seconds", "0");
  main.child.kill("SIGHUP");
  expect(await main.child.exited).toBe(0);
  expect(await unfinished(outputs)).toEqual([{ id: task_id, attempt: 0 }]);

  const nohup = join(folder, "nohup");
  const program = [process.execPath, "run", join(import.meta.dir, "../../src/main.ts"), "--port", "0"];
  const child = Bun.spawn(["sh", "-c", `trap "" HUP; exec "$@"`, "sh", ...program, "--outputs", nohup], {
    cwd: folder,
    env: { HOME: folder, PATH: "/usr/bin:/bin" },
    stdout: "pipe",
    stderr: "ignore",
  });
  let text = "";
  for await (const bytes of child.stdout) {
    text += new TextDecoder().decode(bytes);
    if (text.includes("is ready")) break;
  }
  child.kill("SIGHUP");
  await Bun.sleep(1000);
  expect(child.exitCode).toBe(null);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}, 60_000);
