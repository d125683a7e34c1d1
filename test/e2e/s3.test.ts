import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { openBucket } from "#/stores/images/s3/bucket.ts";
import { startBinary } from "../support/binary.ts";
import { faultyLine } from "../support/faulty-line.ts";
import { startMainWith } from "../support/main-process.ts";
import { type S3Server, s3Keys, startS3 } from "../support/s3-server.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-s3-"));
const started = await startS3();
const server = "missing" in started ? undefined : started;
if ("missing" in started) console.log(`skipped: a server whose pictures lie in S3: ${started.missing}`);
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const models = join(import.meta.dir, "../../models");
const keys = {
  AWS_ACCESS_KEY_ID: s3Keys.all.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3Keys.all.secretAccessKey,
};
const small = {
  prompt: "a red circle",
  style_selections: [],
  performance_selection: "Lightning",
  overwrite_width: 64,
  overwrite_height: 64,
};

const flags = (endpoint: string): readonly string[] => [
  ...["--port", "0", "--models", models],
  ...["--pictures", "s3://served/here", "--s3-endpoint", endpoint],
];

if (server === undefined) test.skip("a server whose pictures lie in S3", () => undefined);
else {
  await server.makeBucket("served");
  describe("a server whose pictures lie in S3", () => tests(server));
}

function tests(of: S3Server): void {
  const bucket = openBucket({
    bucket: "served",
    prefix: "here/",
    endpoint: of.endpoint,
    region: "",
    keys: s3Keys.all,
  });
  const keysBelow = async (below: string) =>
    (await Array.fromAsync(bucket.list(below))).map(({ key }) => key);

  test("makes, shows and deletes pictures as any other, and has no file of them among its outputs", async () => {
    const main = await startBinary(["--pictures", "s3://served/here", "--s3-endpoint", of.endpoint], keys);
    const ask = (path: string, init?: RequestInit) => fetch(main.url + path, init);
    const generate = async (body: object, headers: Record<string, string> = {}) =>
      await ask("/v1/engine/generate/", { method: "POST", body: JSON.stringify(body), headers });

    const record = await (
      await generate({ ...small, image_number: 2, generate_image_grid: true, require_base64: true })
    ).json();
    expect(record.result.length).toBe(3);
    const paths: string[] = record.result.map((url: string) => new URL(url).pathname);
    expect((await keysBelow("outputs/")).toSorted()).toEqual(paths.map((path) => path.slice(1)).toSorted());
    expect(readdirSync(join(main.folder, "outputs")).filter((name) => /^\d{4}-/.test(name))).toEqual([]);

    const [path = ""] = paths;
    const whole = await ask(path);
    const png = new Uint8Array(await whole.arrayBuffer());
    expect(await bucket.get(path.slice(1))).toEqual(png);
    expect(record.base64[0]).toBe(`data:image/png;base64,${png.toBase64()}`);
    const part = await ask(path, { headers: { range: "bytes=10-19" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 10-19/${png.length}`]);
    expect(new Uint8Array(await part.arrayBuffer())).toEqual(png.subarray(10, 20));
    const validators = { "if-none-match": (await ask(path)).headers.get("etag") ?? "" };
    expect((await ask(path, { headers: validators })).status).toBe(304);
    const head = await ask(path, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, `${png.length}`]);
    const webp = await ask(path, { headers: { accept: "image/webp" } });
    expect((await sharp(await webp.arrayBuffer()).metadata()).format).toBe("webp");
    const thumbnail = await ask(path.replace("/outputs/", "/thumbnails/"));
    expect((await sharp(await thumbnail.arrayBuffer()).metadata()).format).toBe("webp");

    const image = await generate(small, { accept: "image/png" });
    expect([image.status, image.headers.get("content-type")]).toEqual([200, "image/png"]);
    // A picture that a request brings, by its address here: enlarged it starts from the bucket's file.
    const varied = await (
      await generate({ ...small, uov_input_image: main.url + path, uov_method: "Vary (Subtle)" })
    ).json();
    expect(varied.result.length).toBe(1);
    expect((await keysBelow("inputs/")).length).toBe(1);
    const form = new FormData();
    form.set("image", new File([png], "picture.png", { type: "image/png" }));
    form.set("prompt", "a circle");
    form.set("size", "64x64");
    const edited = await ask("/v1/images/edits", { method: "POST", body: form });
    expect((await edited.json()).data?.[0]?.b64_json?.length ?? 0).toBeGreaterThan(100);

    const history = await (await ask("/tasks?page=0&page_size=10")).json();
    expect(JSON.stringify(history)).toContain(path);
    for (const id of [record.task_id, varied.task_id])
      expect((await ask(`/tasks/${id}`, { method: "DELETE" })).status).toBe(200);
    expect((await ask(path)).status).toBe(404);
    const left = await keysBelow("");
    expect(left.filter((key) => paths.includes(`/${key}`))).toEqual([]);
    expect(main.output()).not.toMatch(/every-right|X-Amz/);
    await main.close();
  }, 300_000);

  test("keeps a picture that it cannot put, shows it, and puts it after a restart", async () => {
    const line = await faultyLine(of.port);
    const own = join(folder, "own");
    const main = await startMainWith(keys, folder, ...flags(line.endpoint), "--outputs", own);
    line.set("refuses");
    const body = JSON.stringify({ ...small, save_name: "kept" });
    const record = await (await fetch(`${main.url}/v1/engine/generate/`, { method: "POST", body })).json();
    const path = new URL(record.result[0]).pathname;
    const shown = new Uint8Array(await (await fetch(main.url + path)).arrayBuffer());
    expect((await sharp(shown).metadata()).width).toBe(64);
    expect(await bucket.get(path.slice(1))).toBeUndefined();
    await main.stop();
    line.set("none");
    const again = await startMainWith(keys, folder, ...flags(line.endpoint), "--outputs", own);
    for (let tries = 0; tries < 200 && (await bucket.head(path.slice(1))) === undefined; tries += 1)
      await Bun.sleep(50);
    expect(await bucket.get(path.slice(1))).toEqual(shown);
    expect(new Uint8Array(await (await fetch(again.url + path)).arrayBuffer())).toEqual(shown);
    await again.stop();
    expect(existsSync(join(own, ".pictures/spool", path))).toBe(false);
    line.close();
  }, 300_000);

  test("does not start where the bucket cannot be used, and says why in a sentence", async () => {
    const none = await startMainWith({}, folder, ...flags(of.endpoint));
    expect([none.url, none.output.text]).toEqual([
      "",
      expect.stringContaining(
        "There are no keys for the bucket served of the setting pictures; set AWS_ACCESS_KEY_ID",
      ),
    ]);
    const wrong = await startMainWith(
      { ...keys, AWS_SECRET_ACCESS_KEY: "wrong" },
      folder,
      ...flags(of.endpoint),
    );
    expect([wrong.url, wrong.output.text]).toEqual([
      "",
      expect.stringContaining("does not take the keys for the bucket served"),
    ]);
    const away = await startMainWith(keys, folder, ...flags("http://127.0.0.1:1"));
    expect([away.url, away.output.text]).toEqual([
      "",
      expect.stringContaining("cannot be reached at 127.0.0.1:1: ECONNREFUSED"),
    ]);
  }, 120_000);
}
