import { afterAll, describe, expect, test } from "bun:test";
import { serveBench } from "../support/served-bench.ts";

const origin = "https://page.example";
const bench = await serveBench({ keys: ["secret"] });
const listed = await serveBench({ corsOrigins: [origin] });
afterAll(async () => {
  await bench.close();
  await listed.close();
});

const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-") || name === "vary"));
const ask = (path: string, init: RequestInit = {}, url = bench.url) =>
  fetch(url + path, { redirect: "manual", ...init });

describe("answers", () => {
  test("a page of any origin may read every answer, refusals included", async () => {
    for (const path of ["/openapi.json", "/tasks", "/tasks/", "/nowhere", "/outputs/a/b.png"]) {
      expect(corsOf(await ask(path, { headers: { origin } }))).toEqual({
        "access-control-allow-origin": "*",
        "access-control-allow-credentials": "true",
      });
    }
    const broken = await ask("/v1/engine/generate/", { method: "POST", headers: { origin }, body: "{" });
    expect([broken.status, corsOf(broken)["access-control-allow-origin"]]).toEqual([422, "*"]);
  });
  test("with a cookie the origin is named", async () => {
    expect(corsOf(await ask("/docs", { headers: { origin, cookie: "a=1" } }))).toEqual({
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
      vary: "Origin",
    });
  });
  test("without an origin there is nothing to say", async () =>
    expect(corsOf(await ask("/docs"))).toEqual({}));
  test("where origins are listed, only they may read", async () => {
    expect(
      corsOf(await ask("/tasks", { headers: { origin } }, listed.url))["access-control-allow-origin"],
    ).toBe(origin);
    expect(corsOf(await ask("/tasks", { headers: { origin: "https://other.example" } }, listed.url))).toEqual(
      {},
    );
  });
});

describe("the question beforehand", () => {
  const preflight = (method: string, headers: Record<string, string> = {}, url = bench.url) =>
    ask(
      "/v1/engine/generate/",
      { method: "OPTIONS", headers: { origin, "access-control-request-method": method, ...headers } },
      url,
    );

  test("is answered without a key, to the byte", async () => {
    const answer = await preflight("POST", { "access-control-request-headers": "x-api-key, content-type" });
    expect([answer.status, await answer.text(), answer.headers.get("content-type")]).toEqual([
      200,
      "OK",
      "text/plain; charset=utf-8",
    ]);
    expect(corsOf(answer)).toEqual({
      "access-control-allow-methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
      "access-control-max-age": "600",
      "access-control-allow-credentials": "true",
      "access-control-allow-origin": origin,
      "access-control-allow-headers": "x-api-key, content-type",
      vary: "Origin",
    });
  });
  test("either header of the key may be sent", async () => {
    const answer = await preflight("POST", { "access-control-request-headers": "authorization, x-api-key" });
    expect(answer.headers.get("access-control-allow-headers")).toBe("authorization, x-api-key");
  });
  test("a method nobody knows, an origin that is not listed", async () => {
    const method = await preflight("TRACE");
    expect([method.status, await method.text()]).toEqual([400, "Disallowed CORS method"]);
    const other = await preflight("POST", { origin: "https://other.example" }, listed.url);
    expect([other.status, await other.text()]).toEqual([400, "Disallowed CORS origin"]);
  });
  test("without its two headers, OPTIONS is a method like another", async () => {
    expect((await ask("/tasks", { method: "OPTIONS", headers: { origin } })).status).toBe(405);
  });
});
