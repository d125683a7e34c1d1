import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { type RunningBinary, startBinary } from "../support/binary.ts";

setDefaultTimeout(300_000);

let server: RunningBinary;
beforeAll(async () => {
  server = await startBinary();
});
afterAll(() => server?.close());

const request = {
  prompt: "a red circle on a blue background",
  performance_selection: "Lightning",
  overwrite_width: 256,
  overwrite_height: 256,
  image_seed: 7,
};

const generate = (body: object, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/v1/engine/generate/`, { method: "POST", headers, body: JSON.stringify(body) });

test("it says where its documentation is, and the page is there", async () => {
  expect(server.output()).toContain(`${server.url}/docs`);
  const page = await fetch(`${server.url}/docs`);
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(await page.text()).toContain("<html");
});

test("a request becomes a PNG of the size asked for, and not an empty one", async () => {
  const answer = await generate(request, { accept: "image/png" });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("image/png");
  const image = sharp(Buffer.from(await answer.arrayBuffer()));
  expect(await image.metadata()).toMatchObject({ format: "png", width: 256, height: 256, channels: 3 });
  const { channels } = await image.stats();
  expect(Math.max(...channels.map(({ stdev }) => stdev))).toBeGreaterThan(10);
});

test("the record's result is a URL that serves the same picture again", async () => {
  const record = await (await generate(request)).json();
  expect(record).toMatchObject({ task_status: "finished", progress: 100 });
  const file = await fetch(record.result[0].replace(/^https?:\/\/[^/]+/, server.url));
  expect(file.status).toBe(200);
  const pixels = (bytes: ArrayBuffer) => sharp(Buffer.from(bytes)).raw().toBuffer();
  const direct = await generate(request, { accept: "image/png" });
  expect(await pixels(await file.arrayBuffer())).toEqual(await pixels(await direct.arrayBuffer()));
});

test("libraries are unpacked and LoRAs joined below the home folder, and nothing reports home from there", async () => {
  // A single LoRA, as the mode's own, is mapped where it lies.
  const neon = { enabled: true, model_name: "fooocusd-demo-neon.safetensors", weight: 0.5 };
  expect((await generate({ ...request, loras: [neon] })).status).toBe(200);
  const cache = join(server.folder, "home/.cache");
  expect(readdirSync(cache)).toEqual(["fooocusd"]);
  const folders = readdirSync(join(cache, "fooocusd")).toSorted();
  expect(folders.map((name) => name.replace(/-[0-9a-f]{16}$/, ""))).toEqual(["derived", "lib", "models"]);
  expect(existsSync(join(server.folder, "node_modules"))).toBe(false);
});

test("SIGTERM ends it cleanly, and what it made is there after a restart", async () => {
  expect(await server.terminate()).toBe(0);
  expect(existsSync(join(server.folder, "outputs/db.sqlite3"))).toBe(true);
  server = await server.restart();
  const { history } = await (await fetch(`${server.url}/tasks`)).json();
  expect(history.length).toBeGreaterThanOrEqual(3);
});

test("a page of one's own is served from its folder, and nothing of what is inside the binary", async () => {
  const page = mkdtempSync(join(tmpdir(), "fooocusd-page-"));
  writeFileSync(join(page, "index.html"), "<p>mine");
  writeFileSync(join(page, "app.js"), "0123456789");
  const own = await startBinary(["--web-dir", page]);
  try {
    const ask = (path: string, headers: Record<string, string> = {}) => fetch(own.url + path, { headers });
    expect(await (await ask("/dashboard")).text()).toBe("<p>mine");
    const part = await ask("/dashboard/app.js", { range: "bytes=2-4" });
    expect([part.status, await part.text()]).toEqual([206, "234"]);
    const etag = (await ask("/dashboard/app.js")).headers.get("etag") ?? "";
    expect((await ask("/dashboard/app.js", { "if-none-match": etag })).status).toBe(304);
    for (const path of ["fooocusd", "%2f$bunfs%2froot%2ffooocusd", "..%2f..%2f$bunfs%2froot%2ffooocusd"])
      expect([path, (await ask(`/dashboard/${path}`)).status]).toEqual([path, 404]);
  } finally {
    await own.close();
    rmSync(page, { recursive: true, force: true });
  }
});
