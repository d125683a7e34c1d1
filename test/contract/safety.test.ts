import { afterAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench();
afterAll(() => bench.close());

/** Asks with a path exactly as it is written: fetch would tidy it up. */
function ask(path: string): Promise<Readonly<{ status: number; text: string }>> {
  const { port } = new URL(bench.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () =>
      socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`),
    );
    const chunks: Buffer[] = [];
    socket.on("data", (bytes) => chunks.push(Buffer.from(bytes)));
    socket.on("error", reject);
    socket.on("close", () => {
      const text = Buffer.concat(chunks).toString("latin1");
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text });
    });
  });
}

const secret = "what nobody may read";
for (const path of [
  "secret.png",
  "outputs/secret.png",
  "outputs/day/.hidden.png",
  "outputs/day/deep/secret.png",
]) {
  mkdirSync(join(bench.folder, path, ".."), { recursive: true });
  writeFileSync(join(bench.folder, path), secret);
}
writeFileSync(
  join(bench.folder, "outputs/day/open.png"),
  await sharp({ create: { width: 2, height: 2, channels: 3, background: "red" } })
    .png()
    .toBuffer(),
);

test("no spelling of a path leaves the day folders", async () => {
  const dots = [
    "..",
    "%2e%2e",
    ".%2e",
    "%2e.",
    "%252e%252e",
    "..%00",
    "day",
    "day%2f..",
    "..%5c",
    ".drafts",
    "",
    ".",
  ];
  const names = [
    "secret.png",
    "..%2fsecret.png",
    "%2e%2e%2fsecret.png",
    "..%5csecret.png",
    "deep%2fsecret.png",
  ];
  const more = [".hidden.png", "db.sqlite3", "%00", "open.png%00.png", "%ff%fe.png", "x".repeat(4000)];
  const tried: string[] = [];
  for (const dir of dots)
    for (const name of [...names, ...more])
      tried.push(
        `/outputs/${dir}/${name}`,
        `/files/${dir}/${name}`,
        `/inputs/${dir}/${name}`,
        `/inputs/${name}`,
      );
  const part = fc.string({
    unit: fc.constantFrom(".", "/", "%2e", "%2f", "%5c", "%00", "day", "secret.png", "~"),
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("outputs", "inputs", "files"), part, part, async (root, a, b) => {
      const { status, text } = await ask(`/${root}/${a}/${b}`);
      expect([a, b, status < 500, text.includes(secret)]).toEqual([a, b, true, false]);
    }),
    { numRuns: 1000 },
  );
  for (const path of tried) {
    const { status, text } = await ask(path);
    expect([path, status === 404 || status === 307 || status === 400, text.includes(secret)]).toEqual([
      path,
      true,
      false,
    ]);
  }
  expect((await ask("/outputs/day/open.png")).status).toBe(200);
}, 300_000);

test("each of several keys opens, and nothing that is nearly one", async () => {
  await using locked = await serveBench({ keys: ["first-key", "second key", "schlüssel"] });
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${locked.url}/v1/engines/styles`, { headers })).status;
  expect(await status({ "x-api-key": "first-key" })).toBe(200);
  expect(await status({ "X-API-KEY": "second key" })).toBe(200);
  for (const wrong of ["first-ke", "first-key2", "FIRST-KEY", "first-key,second key", "", "*"])
    expect([wrong, await status({ "x-api-key": wrong })]).toEqual([wrong, 403]);
  expect(await status({})).toBe(403);
});

test("a key may come as Authorization: Bearer, in any case of the word; with both headers, one that fits is enough", async () => {
  await using locked = await serveBench({ keys: ["first-key", "second key"] });
  const status = async (headers: Record<string, string>, path = "/v1/engines/styles") =>
    (await fetch(`${locked.url}${path}`, { headers })).status;
  for (const right of ["Bearer first-key", "bearer first-key", "BEARER  first-key", "Bearer second key"])
    expect([right, await status({ authorization: right })]).toEqual([right, 200]);
  for (const path of ["/tasks", "/ping", "/v1/generation/job-queue"])
    expect([path, await status({ authorization: "Bearer first-key" }, path)]).toEqual([path, 200]);
  const wrongs = ["Bearer first-ke", "Bearer FIRST-KEY", "Bearer", "Bearer ", "first-key", "Basic first-key"];
  for (const wrong of [...wrongs, "Bearerfirst-key", "Bearer first-key, second key"])
    expect([wrong, await status({ authorization: wrong })]).toEqual([wrong, 403]);
  // A proxy may use either header for itself.
  expect(await status({ authorization: "Bearer a-proxy's", "x-api-key": "first-key" })).toBe(200);
  expect(await status({ authorization: "Bearer first-key", "x-api-key": "a-proxy's" })).toBe(200);
  expect(await status({ authorization: "Bearer guess", "x-api-key": "guess" })).toBe(403);
});

test("a body that is too large is told so, with the limit and the way out", async () => {
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    body: new Uint8Array(130 * 1024 ** 2).fill(65),
  });
  expect(answer.status).toBe(413);
  const { detail } = await answer.json();
  expect(detail).toContain("134217728 is the limit");
  expect((await fetch(`${bench.url}/v1/engines/styles`)).status).toBe(200);
});
