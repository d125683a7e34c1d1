import { afterAll, describe, expect, test } from "bun:test";
import { serveBench } from "../support/served-bench.ts";

const open = await serveBench();
const keyed = await serveBench({ keys: ["secret"] });
afterAll(async () => {
  await open.close();
  await keyed.close();
});

const ask = (path: string, init: RequestInit = {}, url = open.url) =>
  fetch(url + path, { redirect: "manual", ...init });

describe("the other form of a path", () => {
  const moves: readonly (readonly [string, string, string])[] = [
    ["POST", "/v1/engine/generate", "/v1/engine/generate/"],
    ["GET", "/v1/engine/generate?a=1", "/v1/engine/generate/?a=1"],
    ["GET", "/tasks/?query=current", "/tasks?query=current"],
    ["GET", "/tasks/abc/", "/tasks/abc"],
    ["POST", "/v1/engine/control/?action=stop", "/v1/engine/control?action=stop"],
    ["GET", "/docs/", "/docs"],
    ["HEAD", "/redoc/", "/redoc"],
    ["GET", "/v1/engines/styles/", "/v1/engines/styles"],
  ];
  for (const [method, from, to] of moves) {
    test(`${method} ${from} is a 307 to ${to}, without a key and before the body is looked at`, async () => {
      const body = method === "POST" ? "{broken" : undefined;
      const answer = await ask(from, { method, ...(body === undefined ? {} : { body }) }, keyed.url);
      expect(answer.status).toBe(307);
      expect(answer.headers.get("location")).toBe(keyed.url + to);
      expect(answer.headers.get("content-length")).toBe("0");
      expect(await answer.text()).toBe("");
    });
  }

  test("the location is of the host that was asked, and keeps a proxy's TLS", async () => {
    const headers = { host: "pictures.example:99", "x-forwarded-proto": "https" };
    const answer = await ask("/docs/", { headers });
    expect(answer.headers.get("location")).toBe("https://pictures.example:99/docs");
  });

  test("a client that follows gets there with its body and its key", async () => {
    const answer = await fetch(`${keyed.url}/v1/engine/generate`, {
      method: "POST",
      headers: { "x-api-key": "secret" },
      body: JSON.stringify({ prompt: "a", style_selections: [], async_process: true }),
    });
    expect(await answer.json()).toMatchObject({ task_status: "pending" });
  });
});

describe("paths and methods that are not there", () => {
  test("an unknown path is a 404 in JSON, even without a key", async () => {
    for (const path of ["/nowhere", "/nowhere/", "/v1/engine/generate//", "/outputs/a", "/tasks/a/b/c"]) {
      const answer = await ask(path, {}, keyed.url);
      expect([path, answer.status, await answer.text()]).toEqual([path, 404, '{"detail":"Not Found"}']);
      expect(answer.headers.get("content-type")).toBe("application/json");
    }
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["HEAD", "/v1/engines/styles", /^GET$/],
    ["HEAD", "/", /^GET$/],
    ["POST", "/outputs/2026-01-01/a.png", /^GET, HEAD$/],
    ["OPTIONS", "/v1/engine/generate/", /^POST$/],
    ["GET", "/v1/engine/generate/", /^POST$/],
    ["GET", "/v1/engine/control", /^POST$/],
    ["POST", "/docs", /^GET, HEAD$/],
    ["PUT", "/tasks", /^GET, DELETE$/],
    ["PATCH", "/tasks/abc", /^GET, DELETE$/],
  ];
  for (const [method, path, allowed] of refused) {
    test(`${method} ${path} is a 405 that names what is allowed, even without a key`, async () => {
      const answer = await ask(path, { method }, keyed.url);
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toMatch(allowed);
      if (method !== "HEAD") expect(await answer.text()).toBe('{"detail":"Method Not Allowed"}');
    });
  }

  test("the pages of the documentation also answer HEAD, with the length and without a body", async () => {
    for (const path of ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/dashboard"]) {
      const head = await ask(path, { method: "HEAD" });
      const page = await ask(path);
      expect([path, head.status, await head.text()]).toEqual([path, 200, ""]);
      expect(head.headers.get("content-type")).toBe(page.headers.get("content-type"));
    }
  });

  test("the root leads to the documentation", async () => {
    const answer = await ask("/");
    expect([answer.status, answer.headers.get("location"), await answer.text()]).toEqual([307, "/docs", ""]);
  });

  test("a file that is not there is a 404 without a body", async () => {
    for (const path of ["/outputs/2026-01-01/a.png", "/inputs/a.png", "/outputs/..%2f/x.png"]) {
      const answer = await ask(path);
      expect([path, answer.status, await answer.text()]).toEqual([path, 404, ""]);
    }
  });
});

test("a request of HTTP/1.0 without a Host header is told that it needs one", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = "";
  const { hostname, port } = new URL(open.url);
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (_socket, data) => {
        received += data.toString();
      },
      close: () => resolve(received),
    },
  });
  socket.write("GET /docs/ HTTP/1.0\r\n\r\n");
  const answer = await promise;
  expect(answer).toStartWith("HTTP/1.1 400 ");
  expect(answer).toEndWith('{"detail":"A request needs a Host header."}');
});

type Operations = Readonly<Record<string, Readonly<{ responses: Readonly<Record<string, unknown>> }>>>;

describe("the order of checks", () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    ask("/v1/engine/generate/", { method: "POST", body: new TextEncoder().encode(body), headers }, keyed.url);

  test("what is no JSON is said before the key is asked for, what is wrong in it after", async () => {
    expect((await post('{"image_number": }')).status).toBe(422);
    const wrong = await post('{"image_number": "many"}');
    expect([wrong.status, await wrong.text()]).toEqual([403, '{"detail":"Forbidden"}']);
    expect((await post("")).status).toBe(403);
    expect((await post('{"image_number": "many"}', { "X-Api-Key": "secret" })).status).toBe(422);
    expect((await post("{}", { "x-api-key": "secret " })).status).not.toBe(403);
    expect((await post("{}", { "x-api-key": "Secret" })).status).toBe(403);
    expect((await post("{}", { authorization: "Bearer secret" })).status).not.toBe(403);
    expect((await post("{}", { authorization: "Bearer Secret" })).status).toBe(403);
  });

  test("every route asks for the key but the documentation, the page and the files", async () => {
    const document = await (await ask("/openapi.json", {}, keyed.url)).json();
    // The live channel asks for it by itself: a browser can only say it in a message.
    const open = /^\/$|^\/(?:healthz|readyz)$|^\/docs|^\/(outputs|inputs|files|thumbnails)\/|^\/v1\/live$/;
    for (const [path, methods] of Object.entries<Operations>(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const answer = await ask(
          path.replaceAll(/\{.*?\}/g, "x"),
          { method: method.toUpperCase() },
          keyed.url,
        );
        // Some doors' clients look for a 401, which the description says.
        const refused = operation.responses["401"] === undefined ? 403 : 401;
        if (open.test(path)) expect([path, answer.status]).not.toEqual([path, refused]);
        else expect([path, answer.status]).toEqual([path, refused]);
      }
    }
  });
});

describe("a host with a short name", () => {
  for (const host of ["a", "pc", "nas", "ai:80"])
    test(`${host} was a 404 everywhere`, async () => {
      const answer = await ask("/healthz", { headers: { host } }, open.url);
      expect(await answer.json()).toEqual({ status: "ok" });
    });
});
