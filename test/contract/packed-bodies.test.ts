import { afterAll, expect, test } from "bun:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench({ keys: ["secret"] });
afterAll(() => bench.close());
await bench.tasks.pause(true);

const send = async (path: string, body: Uint8Array, coding: string, key = "secret") => {
  const answer = await fetch(bench.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": coding, "x-api-key": key },
    body: new Uint8Array(body),
  });
  return { status: answer.status, body: await answer.json(), headers: answer.headers };
};
const wanted = Buffer.from(
  JSON.stringify({ prompt: "a packed cat", async_process: true, style_selections: [] }),
);
const generate = "/v1/engine/generate/";

const packers = [
  ["gzip", gzipSync],
  ["GZIP", gzipSync],
  ["x-gzip", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["br", brotliCompressSync],
  ["identity", (bytes: Buffer) => bytes],
] as const;
for (const [coding, pack] of packers) {
  test(`a body packed with ${coding} (${pack.name}) was no JSON`, async () => {
    const { status, body } = await send(generate, pack(wanted), coding);
    expect([status, body.task_status]).toEqual([200, "pending"]);
    const legacy = await send("/v1/generation/text-to-image", pack(wanted), coding);
    expect([legacy.status, legacy.body.job_stage]).toEqual([200, "WAITING"]);
    const read = await send("/v1/tools/read-metadata", pack(Buffer.from('{"image": "bm8="}')), coding);
    expect([read.status, read.body.detail[0].type]).toEqual([422, "bad_image"]);
  });
}

test("another coding is a 415 that names ours, broken bytes are a 400", async () => {
  const other = await send(generate, wanted, "zstd");
  expect([other.status, other.headers.get("accept-encoding")]).toEqual([415, "gzip, deflate, br"]);
  expect((await send(generate, gzipSync(gzipSync(wanted)), "gzip, gzip")).status).toBe(415);
  for (const coding of ["gzip", "deflate", "br"]) {
    expect([coding, (await send(generate, wanted, coding)).status]).toEqual([coding, 400]);
  }
  expect((await send(generate, gzipSync(wanted).subarray(0, -12), "gzip")).status).toBe(400);
});

test("a small body that unpacks to more than a body may have is a 413, and a stranger's is not unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(129 * 1024 ** 2, " "));
  expect(bomb.length).toBeLessThan(200_000);
  expect((await send(generate, bomb, "gzip")).status).toBe(413);
  expect((await send(generate, bomb, "gzip", "guess")).status).toBe(403);
});
