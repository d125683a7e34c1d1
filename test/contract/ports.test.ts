import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMain } from "../support/main-process.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-ports-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const start = (...args: readonly string[]) => startMain(folder, ...args);

/** A port that is free now, and so is the next one; below those that the system hands out to others. */
async function freePair(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const both = await Promise.all([take(port), take(port + 1)]);
    await Promise.all(both.map((free) => free?.()));
    if (both.every((free) => free !== undefined)) return port;
  }
}

/** Listens on a port; returns the way to stop, or nothing where somebody does already. */
const take = (port: number): Promise<(() => Promise<void>) | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(() => new Promise((done) => server.close(() => done()))));
  });

test("--port N answers on N and N+1, and a second server is refused", async () => {
  const port = await freePair();
  const { stop } = await start("--port", `${port}`);
  const lists = await Promise.all(
    [port, port + 1].map(async (one) => (await fetch(`http://127.0.0.1:${one}/v1/engines/styles`)).json()),
  );
  expect(lists[0].length).toBeGreaterThan(200);
  expect(lists[1]).toEqual(lists[0]);
  // An address of ours is made with the first port; the redirect of a slash stays where the client asked.
  const moved = await fetch(`http://127.0.0.1:${port + 1}/tasks/`, { redirect: "manual" });
  expect(moved.headers.get("location")).toBe(`http://127.0.0.1:${port + 1}/tasks`);
  const second = await start("--port", `${port + 1}`, "--also-port", "0");
  expect(await second.child.exited).toBe(1);
  expect(second.output.text).toContain(`127.0.0.1:${port + 1} is busy: another program listens there`);
  await stop();
}, 300_000);

test("a taken N+1 is done without, unless it was asked for", async () => {
  const port = await freePair();
  const free = await take(port + 1);
  const { output, stop } = await start("--port", `${port}`);
  expect((await fetch(`http://127.0.0.1:${port}/v1/engines/styles`)).status).toBe(200);
  expect(output.text).toContain("the second port is taken");
  await stop();
  const asked = await start("--port", `${port}`, "--also-port", `${port + 1}`);
  expect(await asked.child.exited).toBe(1);
  expect(asked.output.text).toContain(`127.0.0.1:${port + 1} is busy: another program listens there`);
  await free?.();
}, 300_000);

test("a second server in the same folder is refused, and what cannot be written says so without a trace", async () => {
  const outputs = join(folder, "shared");
  const begin = (...args: readonly string[]) => start("--port", "0", ...args);
  const first = await begin("--outputs", outputs);
  const second = await begin("--outputs", outputs);
  expect(await second.child.exited).toBe(1);
  expect(second.output.text).toBe(
    `Another fooocusd works in the folder ${outputs}; stop it, or give this one a folder of its own with --outputs.\n`,
  );
  expect(readdirSync(outputs).filter((name) => name.startsWith("server"))).toEqual(["server.lock"]);
  // However it dies, the folder is free again.
  first.child.kill("SIGKILL");
  await first.child.exited;
  const third = await begin("--outputs", outputs);
  expect(third.output.text).toContain("is ready");
  await third.stop();
  const file = join(folder, "file");
  await Bun.write(file, "");
  for (const [args, sentence] of [
    [["--outputs", file], `The folder ${file} cannot be written`],
    [["--preset", "nope"], 'There is no preset called "nope"; --preset takes one of '],
  ] as const) {
    const { child, output } = await begin(...args);
    expect(await child.exited).toBe(1);
    expect(output.text.split("\n")).toEqual([expect.stringContaining(sentence), ""]);
  }
}, 300_000);
