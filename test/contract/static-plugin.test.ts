import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { staticPlugin } from "@elysiajs/static";
import { Elysia } from "elysia";

/*
 * Why `web_dir` is served by src/web/web-folder.ts and not by @elysiajs/static (docs/architecture.md, "The dashboard and
 * a page of one's own"). Each test is one thing a page needs and the plugin does otherwise; when one of them fails with a
 * newer version, look again.
 */

const root = mkdtempSync(join(tmpdir(), "fooocusd-static-"));
const assets = join(root, "page");
mkdirSync(assets);
const put = (name: string, text: string) => writeFileSync(join(assets, name), text);
put("index.html", "<p>page");
put("app.js", "0123456789");
put("a b.txt", "blank");

const serve = async (options: Parameters<typeof staticPlugin>[0]) =>
  new Elysia({ systemRouter: false })
    .use(await staticPlugin({ assets, prefix: "/page", ...options }))
    .listen({ hostname: "127.0.0.1", port: 0 });

const servers = {
  "file by file": await serve({ alwaysStatic: false }),
  "listed at start": await serve({ alwaysStatic: true }),
};
afterAll(async () => {
  for (const { server } of Object.values(servers)) await server?.stop(true);
  rmSync(root, { recursive: true, force: true });
});

const ask = (mode: keyof typeof servers, name: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${servers[mode].server?.port}/page/${name}`, { headers });
const [byFile, listed] = ["file by file", "listed at start"] as const;

test("file by file: a name with a blank is not found", async () => {
  expect((await ask(byFile, "a%20b.txt")).status).toBe(404);
});

test("file by file: who has a file is sent it again", async () => {
  const etag = (await ask(byFile, "app.js")).headers.get("etag") ?? "";
  expect(etag.length).toBeGreaterThan(0);
  expect((await ask(byFile, "app.js", { "if-none-match": etag })).status).toBe(200);
});

test("its etags are no etags: they lack quotes, and a list of them matches none", async () => {
  for (const mode of [byFile, listed]) {
    const etag = (await ask(mode, "app.js")).headers.get("etag") ?? "";
    expect(etag).not.toContain('"');
    expect((await ask(mode, "app.js", { "if-none-match": `"x", ${etag}` })).status).toBe(200);
  }
});

test("a page has no etag and no word on how long it holds", async () => {
  for (const mode of [byFile, listed]) {
    const { headers } = await ask(mode, "index.html");
    expect([headers.get("etag"), headers.get("cache-control")]).toEqual([null, null]);
  }
});

test("listed at start: a changed file is the old one to who has that", async () => {
  put("changing.js", "old");
  const app = await serve({ alwaysStatic: true });
  const ask = (headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${app.server?.port}/page/changing.js`, { headers });
  const etag = (await ask()).headers.get("etag") ?? "";
  put("changing.js", "new");
  expect(await (await ask()).text()).toBe("new");
  expect((await ask({ "if-none-match": etag })).status).toBe(304);
  await app.server?.stop(true);
});

test("listed at start: a new file is not found", async () => {
  put("late.js", "late");
  expect((await ask(listed, "late.js")).status).toBe(404);
});
