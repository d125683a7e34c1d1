import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWebFolder } from "#/web/web-folder.ts";
import { serveBench } from "../support/served-bench.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-web-"));
const folder = join(root, "page");
mkdirSync(join(folder, "sub", ".git"), { recursive: true });
mkdirSync(join(folder, "empty"));
mkdirSync(join(root, "page-of-another"));
const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
put("index.html", "<p>mine");
put("app.js", "0123456789");
put("sub/index.html", "<p>below");
put("sub/a b.txt", "blank");
put("ü%41.txt", "odd");
put(".env", "hidden");
put("sub/.git/config", "hidden");
writeFileSync(join(root, "outside.txt"), "outside");
writeFileSync(join(root, "page-of-another", "x.txt"), "outside");
symlinkSync("../outside.txt", join(folder, "link.txt"));
symlinkSync("..", join(folder, "up"));
symlinkSync("app.js", join(folder, "same.js"));

const bench = await serveBench({ keys: ["secret"], webFolder: openWebFolder(folder) });
const ours = await serveBench();
afterAll(async () => {
  await bench.close();
  await ours.close();
  rmSync(root, { recursive: true, force: true });
});

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${bench.url}${path}`, { redirect: "manual", ...init });

/** Status and body for a path that reaches the server as it is written; a client would tidy it up. */
function askRaw(path: string): Promise<string> {
  const { hostname, port } = new URL(bench.url);
  const { promise, resolve } = Promise.withResolvers<string>();
  let said = "";
  const socket = connect(Number(port), hostname, () =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`),
  );
  socket.on("data", (bytes) => {
    said += bytes.toString();
  });
  socket.on("close", () => resolve(said));
  return promise;
}

describe("a page of one's own", () => {
  test("is at /dashboard/, where /dashboard leads, without a key", async () => {
    const moved = await ask("/dashboard?a=1");
    expect([moved.status, moved.headers.get("location")]).toEqual([307, `${bench.url}/dashboard/?a=1`]);
    const answer = await ask("/dashboard/");
    expect([answer.status, await answer.text()]).toEqual([200, "<p>mine"]);
    expect(answer.headers.get("content-type")).toBe("text/html;charset=utf-8");
    expect((await ask("/tasks")).status).toBe(403);
  });

  const found: readonly (readonly [string, string])[] = [
    ["/dashboard/index.html", "<p>mine"],
    ["/dashboard/app.js?v=2", "0123456789"],
    ["/dashboard/sub/", "<p>below"],
    ["/dashboard/sub/a%20b.txt", "blank"],
    ["/dashboard/%C3%BC%2541.txt", "odd"],
    ["/dashboard/same.js", "0123456789"],
  ];
  for (const [path, text] of found)
    test(`${path} is found`, async () => {
      expect(await (await ask(path)).text()).toBe(text);
    });

  const hidden = [
    "nope",
    "nope/",
    "sub",
    "empty/",
    ".env",
    "sub/.git/config",
    "%2eenv",
    "link.txt",
    "up/outside.txt",
    "..%2foutside.txt",
    "%2e%2e%2foutside.txt",
    "sub/..%2f..%2foutside.txt",
    "..%2fpage-of-another%2fx.txt",
    "..%5coutside.txt",
    "app.js%00",
    "app.js/",
    "/app.js",
    "%2fapp.js",
  ];
  for (const name of hidden)
    test(`${name} is a 404 without a body`, async () => {
      expect(await askRaw(`/dashboard/${name}`)).toMatch(/^HTTP\/1\.1 404 [\s\S]*\r\n\r\n$/);
    });

  test("what leaves /dashboard is another address of the server", async () => {
    for (const path of ["/dashboard/../tasks", "/dashboard/%2e%2e/tasks"])
      expect(await askRaw(path)).toMatch(/^HTTP\/1\.1 403 /);
    expect(await askRaw("/dashboard/%ff")).toEndWith('{"detail":"Not Found"}');
  });

  test("only GET and HEAD", async () => {
    const answer = await ask("/dashboard/app.js", { method: "POST" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("its files", () => {
  test("HEAD, a range, and 304 to who has it", async () => {
    const whole = await ask("/dashboard/app.js");
    const etag = whole.headers.get("etag") ?? "";
    const modified = whole.headers.get("last-modified") ?? "";
    expect(etag).toMatch(/^"[0-9a-f]+"$/);
    const head = await ask("/dashboard/app.js", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "10", ""]);
    const part = await ask("/dashboard/app.js", { headers: { range: "bytes=2-4" } });
    expect([part.status, await part.text()]).toEqual([206, "234"]);
    const headers: readonly Record<string, string>[] = [
      { "if-none-match": etag },
      { "if-none-match": `"x", W/${etag}` },
      { "if-modified-since": modified },
    ];
    for (const known of headers) {
      const again = await ask("/dashboard/app.js", { headers: known });
      expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
    }
  });

  test("what comes, changes and goes is seen at once", async () => {
    expect((await ask("/dashboard/late.html")).status).toBe(404);
    put("late.html", "one");
    const first = await ask("/dashboard/late.html");
    expect([await first.text(), first.headers.get("cache-control")]).toEqual(["one", "no-cache"]);
    put("late.html", "another and longer");
    const known = { "if-none-match": first.headers.get("etag") ?? "" };
    const second = await ask("/dashboard/late.html", { headers: known });
    expect([second.status, await second.text()]).toEqual([200, "another and longer"]);
    rmSync(join(folder, "late.html"));
    expect((await ask("/dashboard/late.html")).status).toBe(404);
  });

  test("a picture is not encoded anew, whatever is accepted", async () => {
    put("dot.png", "not even a picture");
    const answer = await ask("/dashboard/dot.png", { headers: { accept: "image/webp" } });
    expect([answer.headers.get("content-type"), await answer.text()]).toEqual([
      "image/png",
      "not even a picture",
    ]);
  });

  test("a file larger than all memory is not read whole", async () => {
    put("huge.bin", "");
    truncateSync(join(folder, "huge.bin"), 2 ** 40);
    const end = await ask("/dashboard/huge.bin", { headers: { range: "bytes=-3" } });
    expect([end.status, [...(await end.bytes())]]).toEqual([206, [0, 0, 0]]);
    expect(end.headers.get("content-range")).toEndWith(`/${2 ** 40}`);
  });

  test("other origins may read them, and no page may frame them, as ours", async () => {
    const { headers } = await ask("/dashboard/", { headers: { origin: "http://elsewhere.example" } });
    expect(headers.get("access-control-allow-origin")).toBe("*");
    const own = (await fetch(`${ours.url}/dashboard`)).headers;
    for (const name of ["content-security-policy", "x-frame-options", "x-content-type-options"])
      expect([name, headers.get(name)]).toEqual([name, own.get(name) ?? "nothing"]);
  });
});

test("a folder without a page stops the start", () => {
  for (const wrong of [join(folder, "empty"), join(root, "nowhere"), join(folder, "app.js")])
    expect(() => openWebFolder(wrong)).toThrow(
      `web_dir names the folder ${wrong}, which holds no index.html`,
    );
});

test("without one, nothing is below /dashboard", async () => {
  const answer = await fetch(`${ours.url}/dashboard/index.html`);
  expect([answer.status, await answer.text()]).toEqual([404, '{"detail":"Not Found"}']);
});
