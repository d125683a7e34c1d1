import { afterAll, describe, expect, test } from "bun:test";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench();
afterAll(() => bench.close());

const small = { style_selections: [], overwrite_step: 1, overwrite_width: 64, overwrite_height: 64 };
const made = await (
  await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(small) })
).json();
const [url] = made.result;
const legacy = url.replace("/outputs/", "/files/");
const ask = (headers: Record<string, string> = {}, method = "GET", from = url) =>
  fetch(from, { headers, method });
const whole = await (await ask()).bytes();
const first = await ask();
const [etag, modified] = [first.headers.get("etag") ?? "", first.headers.get("last-modified") ?? ""];
const earlier = new Date(Date.parse(modified) - 60_000).toUTCString();

describe("HEAD on a file was a 405", () => {
  for (const from of [url, legacy]) {
    test(`${from.replace(/.*(\/outputs|\/files).*/, "$1")}: what GET says, without the bytes`, async () => {
      const [head, get] = [await ask({}, "HEAD", from), await ask({}, "GET", from)];
      expect([head.status, await head.text()]).toEqual([200, ""]);
      for (const name of ["content-type", "content-length", "etag", "last-modified", "accept-ranges"])
        expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
      expect(head.headers.get("content-length")).toBe(String(whole.length));
    });
  }
  test("one that is not there is a 404", async () => {
    expect((await ask({}, "HEAD", `${bench.url}/outputs/2026-01-01/a.png`)).status).toBe(404);
    expect((await ask({}, "HEAD", `${bench.url}/inputs/a.png`)).status).toBe(404);
  });
});

describe("a file that the client has was sent again", () => {
  const rows: readonly (readonly [string, Record<string, string>, number])[] = [
    ["its etag", { "if-none-match": etag }, 304],
    ["one of several, a weak one", { "if-none-match": `"x", W/${etag}` }, 304],
    ["anything", { "if-none-match": "*" }, 304],
    ["another etag", { "if-none-match": '"x"' }, 200],
    ["its date", { "if-modified-since": modified }, 304],
    ["an earlier date", { "if-modified-since": earlier }, 200],
    ["no date at all", { "if-modified-since": "yesterday" }, 200],
    ["an etag goes before a date", { "if-none-match": '"x"', "if-modified-since": modified }, 200],
    ["wanted: its etag", { "if-match": etag }, 200],
    ["wanted: another", { "if-match": '"x"' }, 412],
    ["wanted: a weak one is never sure", { "if-match": `W/${etag}` }, 412],
    ["wanted: unmodified since its date", { "if-unmodified-since": modified }, 200],
    ["wanted: unmodified since an earlier one", { "if-unmodified-since": earlier }, 412],
  ];
  for (const [name, headers, status] of rows) {
    for (const method of ["GET", "HEAD"]) {
      test(`${method}, ${name}: ${status}`, async () => {
        const answer = await ask(headers, method);
        expect(answer.status).toBe(status);
        expect(answer.headers.get("etag")).toBe(etag);
        expect((await answer.bytes()).length).toBe(status === 200 && method === "GET" ? whole.length : 0);
      });
    }
  }

  test("encoded anew it has an etag of its own", async () => {
    const answer = await ask({ accept: "image/webp" });
    const own = answer.headers.get("etag") ?? "";
    expect([answer.headers.get("content-type"), answer.headers.get("vary")]).toEqual([
      "image/webp",
      "Accept",
    ]);
    expect(own).not.toBe(etag);
    expect((await ask({ accept: "image/webp", "if-none-match": own })).status).toBe(304);
    expect((await ask({ accept: "image/webp", "if-none-match": etag })).status).toBe(200);
  });
});

describe("ranges", () => {
  const range = { range: "bytes=4-7" };
  test("a part, and the whole where the client holds a part of another state", async () => {
    const part = await ask(range);
    expect([part.status, await part.bytes()]).toEqual([206, whole.slice(4, 8)]);
    for (const condition of [etag, modified]) {
      const same = await ask({ ...range, "if-range": condition });
      expect([same.status, (await same.bytes()).length]).toEqual([206, 4]);
    }
    for (const condition of ['"x"', `W/${etag}`, earlier]) {
      const other = await ask({ ...range, "if-range": condition });
      expect([other.status, (await other.bytes()).length]).toEqual([200, whole.length]);
      expect(other.headers.get("content-type")).toBe("image/png");
    }
  });
});
