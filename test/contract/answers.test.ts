import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

const bench = await serveBench();
const failing = await serveBench({
  engine: new ScriptedEngine({
    beforeStep: () => {
      throw new Error("the engine broke");
    },
  }),
});
afterAll(async () => {
  await bench.close();
  await failing.close();
});

const body = { ...small, image_seed: 7, overwrite_step: 1 };

/** Without an Accept header only over a bare socket: `fetch` adds one. */
async function post(accept: string | undefined, flags: Readonly<Record<string, unknown>>, url = bench.url) {
  const text = JSON.stringify({ ...body, ...flags });
  const { port } = new URL(url);
  const head = accept === undefined ? "" : `accept: ${accept}\r\n`;
  const request = `POST /v1/engine/generate/ HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n${head}content-length: ${text.length}\r\n\r\n${text}`;
  const chunks: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(port),
    socket: {
      data: (_socket, data) => void chunks.push(Buffer.from(data)),
      close: () => closed.resolve(),
    },
  });
  socket.write(request);
  await closed.promise;
  const all = Buffer.concat(chunks);
  const end = all.indexOf("\r\n\r\n");
  const [first = "", ...lines] = all.subarray(0, end).toString().split("\r\n");
  const headers = new Headers(
    lines.map((line): [string, string] => [line.split(": ")[0] ?? "", line.split(": ")[1] ?? ""]),
  );
  return { status: Number(first.split(" ")[1]), headers, content: all.subarray(end + 4) };
}

const kinds = [
  "image/png",
  "image/jpeg",
  "image/webp",
  "application/json",
  "text/event-stream; charset=utf-8",
] as const;
type Kind = (typeof kinds)[number];

const none = {};
const bothFalse = { stream_output: false, async_process: false };
const cases: readonly (readonly [
  accept: string | undefined,
  flags: Readonly<Record<string, unknown>>,
  kind: Kind,
])[] = [
  ["image/png", none, "image/png"],
  ["image/jpeg", none, "image/jpeg"],
  ["image/webp", none, "image/webp"],
  ["IMAGE/WEBP", none, "image/webp"],
  ["image/jpg", none, "image/jpeg"],
  ["image/*", none, "image/png"],
  ["image/gif", none, "image/png"],
  ["image", none, "image/png"],
  ["image/webp;q=0.8", none, "image/webp"],
  ["image/png, image/webp;q=0.9", none, "image/png"],
  ["image/png;q=0.5, image/webp", none, "image/webp"],
  ["image/avif,image/webp", none, "image/webp"],
  ["image/png, */*;q=0", none, "image/png"],
  ["image/png,*/*", none, "application/json"],
  ["image/avif,image/webp,*/*", none, "application/json"],
  ["image/png, application/json;q=0.1", none, "application/json"],
  ["text/html, image/png", none, "application/json"],
  ["image/png/x", none, "application/json"],
  ["*/*", none, "application/json"],
  ["application/json", none, "application/json"],
  ["text/event-stream", none, "application/json"],
  ["foo", none, "application/json"],
  [undefined, none, "application/json"],
  // The Accept header before the flags, the stream before the asynchronous task.
  ["image/png", { stream_output: true, async_process: true }, "image/png"],
  ["*/*", { stream_output: true, async_process: true }, "text/event-stream; charset=utf-8"],
  [undefined, { stream_output: true }, "text/event-stream; charset=utf-8"],
  // Both flags named as false ask for the picture, unless JSON is asked for.
  [undefined, bothFalse, "image/png"],
  ["*/*", bothFalse, "image/png"],
  ["text/html, */*", bothFalse, "image/png"],
  ["application/json", bothFalse, "application/json"],
  ["text/html, application/json;q=0.5", bothFalse, "application/json"],
  ["image/webp", bothFalse, "image/webp"],
  ["*/*", { async_process: false }, "application/json"],
  ["*/*", { stream_output: false }, "application/json"],
];

describe("which answer a request gets", () => {
  for (const [accept, flags, kind] of cases) {
    test(`Accept ${accept ?? "absent"} with ${JSON.stringify(flags)}: ${kind}`, async () => {
      const { status, headers, content } = await post(accept, flags);
      expect([status, headers.get("content-type")]).toEqual([200, kind]);
      if (!kind.startsWith("image/")) return;
      expect(headers.get("content-length")).toBe(String(content.length));
      const { format, width, height, exif } = await sharp(content).metadata();
      expect(`image/${format}`).toBe(kind);
      expect([width, height, exif]).toEqual([64, 64, undefined]);
    });
  }

  test("a picture is one, however many were asked for, and is kept in the format that was asked for", async () => {
    const { content } = await post("image/jpeg", { image_number: 3, output_format: "webp" });
    expect((await sharp(content).metadata()).format).toBe("jpeg");
    const { history } = await (await fetch(`${bench.url}/tasks?query=history&page_size=1`)).json();
    expect(history[0]).toMatchObject({ req_params: { image_number: 1, output_format: "webp" } });
    expect(history[0].result).toEqual([expect.stringMatching(/\.webp$/)]);
  });
});

describe("a task that fails says so", () => {
  const problem = { task_status: "failed", result: [], error: { code: "bug" } };
  test("synchronously and instead of a picture: the record with 500", async () => {
    for (const accept of ["*/*", "image/png"]) {
      const { status, content } = await post(accept, none, failing.url);
      expect(status).toBe(500);
      const record = JSON.parse(content.toString());
      expect(record).toMatchObject(problem);
      expect(record.progress).toBeLessThan(100);
    }
  });
  test("as a stream: the reason as message, no pictures, an error beside the four keys", async () => {
    const answer = await fetch(`${failing.url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify({ ...body, stream_output: true }),
    });
    const last = (await answer.text()).trimEnd().split("\r\n\r\n").at(-1) ?? "";
    const event = JSON.parse(last.split("\r\n")[0]?.slice(6) ?? "");
    expect(Object.keys(event)).toEqual(["progress", "preview", "message", "images", "error"]);
    expect(event).toMatchObject({ progress: 100, preview: null, images: [], error: "bug" });
  });
});

describe("files", () => {
  const url = async (): Promise<string> => {
    const { content } = await post("application/json", none);
    return JSON.parse(content.toString()).result[0];
  };
  /** A transparent input picture, as a request would have left it. */
  const transparent = async (): Promise<string> => {
    const name = `${"a".repeat(64)}.png`;
    mkdirSync(join(bench.folder, "inputs"), { recursive: true });
    await sharp({
      create: { width: 4, height: 4, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    }).toFile(join(bench.folder, "inputs", name));
    return `${bench.url}/inputs/${name}`;
  };

  test("the file itself for anything but one format, with all that a browser's cache wants", async () => {
    const address = await url();
    const path = join(bench.folder, new URL(address).pathname);
    for (const accept of [
      "*/*",
      "image/*",
      "image/avif,image/webp,image/png,*/*;q=0.8",
      "image/gif",
      "image/png, image/webp",
    ]) {
      const answer = await fetch(address, { headers: { accept } });
      expect([accept, answer.status, answer.headers.get("content-type")]).toEqual([accept, 200, "image/png"]);
      expect(Buffer.from(await answer.bytes()).equals(readFileSync(path))).toBe(true);
      expect(answer.headers.get("accept-ranges")).toBe("bytes");
      expect(answer.headers.get("etag")).toMatch(/^"[0-9a-f]+"$/);
      expect(Date.parse(answer.headers.get("last-modified") ?? "")).toBeCloseTo(Date.now(), -5);
    }
  });

  test("a range of bytes is a 206, one beyond the end a 416", async () => {
    const address = await url();
    const part = await fetch(address, { headers: { range: "bytes=1-3" } });
    expect([part.status, await part.text(), part.headers.get("accept-ranges")]).toEqual([
      206,
      "PNG",
      "bytes",
    ]);
    expect(part.headers.get("content-range")).toMatch(/^bytes 1-3\/\d+$/);
    expect((await fetch(address, { headers: { range: "bytes=99999999-" } })).status).toBe(416);
  });

  for (const [accept, format] of [
    ["image/jpeg", "jpeg"],
    ["image/jpg", "jpeg"],
    ["image/webp", "webp"],
    ["image/png", "png"],
    ["text/webp", "webp"],
    ["image/webp;q=0.5", "webp"],
  ]) {
    test(`Accept ${accept}: encoded anew as ${format}, without what was written in it`, async () => {
      const answer = await fetch(await url(), { headers: { accept: accept ?? "" } });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, `image/${format}`]);
      const bytes = await answer.bytes();
      expect(answer.headers.get("content-length")).toBe(String(bytes.length));
      const metadata = await sharp(bytes).metadata();
      expect<string | undefined>(metadata.format).toBe(format);
      expect(Buffer.from(bytes).includes("parameters")).toBe(false);
    });
  }

  test("a transparent picture as JPEG is on white", async () => {
    const answer = await fetch(await transparent(), { headers: { accept: "image/jpeg" } });
    const { data } = await sharp(await answer.bytes())
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(Math.min(...data)).toBeGreaterThan(250);
  });

  test("a file is no folder", async () => {
    await Bun.write(join(bench.folder, "outputs", "file.png"), "x");
    expect((await fetch(`${bench.url}/outputs/file.png/a.png`)).status).toBe(404);
  });

  test("only pictures are served from the outputs", async () => {
    const folder = new URL(await url()).pathname.split("/")[2] ?? "";
    for (const name of ["log.html", "db.sqlite3", "a.bmp", "xpng", "png"]) {
      await Bun.write(join(bench.folder, "outputs", folder, name), "x");
      const answer = await fetch(`${bench.url}/outputs/${folder}/${name}`);
      expect([name, answer.status, await answer.text()]).toEqual([name, 404, ""]);
    }
    expect((await fetch(`${bench.url}/outputs/..%2f..%2fmodels/base.png`)).status).toBe(404);
  });
});
