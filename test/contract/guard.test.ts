import { afterAll, describe, expect, test } from "bun:test";
import { loadConfig } from "#/config/load.ts";
import { createLog } from "#/lib/log.ts";
import { browserGuard, type GuardSettings } from "#/routes/http/guard.ts";
import { serveBench } from "../support/served-bench.ts";

const settings: GuardSettings = {
  browser_guard: "auto",
  api_keys: [],
  host: "127.0.0.1",
  base_url: "https://pictures.example/fooocus",
  allowed_hosts: ["gpu.lan"],
  cors_origins: ["https://friend.example", "null"],
};
const guarded = await serveBench({ guard: browserGuard(settings) });
const plain = await serveBench({
  guard: browserGuard({ ...settings, base_url: "", allowed_hosts: [], cors_origins: [] }),
});
afterAll(async () => {
  await guarded.close();
  await plain.close();
});

const control = (headers: Record<string, string>, url = plain.url) =>
  fetch(`${url}/v1/engine/control?action=stop`, { method: "POST", headers });
const status = async (answer: Promise<Response>): Promise<number> => (await answer).status;

test("the guard is on by itself where there is no key on a loopback address, and nowhere else", () => {
  const on = (changes: Partial<GuardSettings>) => browserGuard({ ...settings, ...changes }).on;
  expect(on({})).toBe(true);
  expect(on({ host: "localhost" })).toBe(true);
  expect(on({ host: "::1" })).toBe(true);
  expect(on({ api_keys: ["k"] })).toBe(false);
  expect(on({ host: "0.0.0.0" })).toBe(false);
  expect(on({ host: "192.168.1.5" })).toBe(false);
  expect(on({ browser_guard: "off" })).toBe(false);
  expect(on({ browser_guard: "on", host: "0.0.0.0", api_keys: ["k"] })).toBe(true);
});

describe("the Host header", () => {
  test("addresses and names of this machine are answered", async () => {
    for (const host of [
      "127.0.0.1:7866",
      "localhost",
      "LOCALHOST:1",
      "[::1]:7866",
      "a.localhost",
      "10.0.0.7",
    ])
      expect([host, await status(fetch(`${plain.url}/tasks`, { headers: { host } }))]).toEqual([host, 200]);
  });

  test("a name that somebody pointed at this machine is refused, even for reading, with the way out", async () => {
    for (const host of [
      "evil.example",
      "evil.example:7866",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
    ]) {
      const answer = await fetch(`${plain.url}/tasks`, { headers: { host } });
      expect([host, answer.status]).toEqual([host, 403]);
      expect((await answer.json()).detail).toContain("allowed_hosts");
    }
  });

  test("the names the operator gave are the server's", async () => {
    for (const host of ["pictures.example", "gpu.lan:80"])
      expect([host, await status(control({ host }, guarded.url))]).toEqual([host, 200]);
  });
});

describe("pages of other sites", () => {
  test("programs, pages of this machine and of the asked host may change things", async () => {
    for (const origin of ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:1"])
      expect([origin, await status(control({ origin }))]).toEqual([origin, 200]);
    expect(await status(control({}))).toBe(200);
    expect(await status(control({ host: "10.0.0.7:7866", origin: "http://10.0.0.7:3000" }))).toBe(200);
  });

  test("others may not: by POST, by a list that deletes, by WebSocket", async () => {
    const origin = "https://evil.example";
    const answer = await control({ origin });
    expect(answer.status).toBe(403);
    expect((await answer.json()).detail).toContain("cors_origins");
    // Its developer can read the reason.
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(await status(control({ origin: "null" }))).toBe(403);
    expect(await status(control({ origin: "https://localhost.evil.example" }))).toBe(403);
    const generate = { method: "POST", headers: { origin, "content-type": "text/plain" }, body: "{}" };
    expect(await status(fetch(`${plain.url}/v1/engine/generate/`, generate))).toBe(403);
    const address = `${plain.url}/tasks?action=delete&start_at=2020-01-01`;
    expect(await status(fetch(address, { headers: { "sec-fetch-site": "cross-site" } }))).toBe(403);
    const upgrade = { origin, upgrade: "websocket", connection: "Upgrade" };
    expect(await status(fetch(`${plain.url}/v1/live`, { headers: upgrade }))).toBe(403);
  });

  test("FooocusAPI's sample page, opened from a file, was refused without a word to the operator", async () => {
    const lines: string[] = [];
    const log = createLog("warn", { write: (line) => lines.push(line), now: () => new Date(0) });
    await using bench = await serveBench({ log, guard: browserGuard({ ...settings, cors_origins: [] }) });
    expect(await status(control({ origin: "https://evil.example" }, bench.url))).toBe(403);
    expect(lines).toEqual([]);
    const answer = await control({ origin: "null" }, bench.url);
    expect([answer.status, (await answer.json()).detail]).toEqual([
      403,
      expect.stringContaining("a file (origin null)"),
    ]);
    expect(await status(control({ origin: "null" }, bench.url))).toBe(403);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("--cors-origins null");
    // What the line says lets the page in does.
    const { config } = loadConfig({ flags: [{ flag: "--cors-origins", value: "null" }], env: {} });
    await using open = await serveBench({ guard: browserGuard(config) });
    expect(await status(control({ origin: "null" }, open.url))).toBe(200);
  });

  test("others may read, as they may with FooocusAPI", async () => {
    const answer = await fetch(`${plain.url}/tasks`, { headers: { origin: "https://evil.example" } });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
    expect(await status(fetch(`${plain.url}/tasks`, { headers: { "sec-fetch-site": "cross-site" } }))).toBe(
      200,
    );
  });

  test("origins the operator listed may change things", async () => {
    for (const origin of ["https://friend.example", "null", "https://pictures.example"])
      expect([origin, await status(control({ origin }, guarded.url))]).toEqual([origin, 200]);
    expect(await status(control({ origin: "http://friend.example" }, guarded.url))).toBe(403);
  });
});
