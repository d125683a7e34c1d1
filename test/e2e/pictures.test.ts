import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { decodeImage } from "#/image/decode.ts";
import { type RunningBinary, startBinary } from "../support/binary.ts";
import { goldenPath } from "../support/golden.ts";

setDefaultTimeout(300_000);

let server: RunningBinary;
beforeAll(async () => {
  server = await startBinary();
});
afterAll(() => server?.close());

/** One of each decoder in the binary, and of what is not left to it. */
const kinds = [
  ...["png-palette-transparent", "png-16-bit", "jpeg-orientation-6", "jpeg-cmyk", "webp-lossless-alpha"],
  ...["webp-lossy", "gif-transparent", "bmp-palette", "tiff-lzw", "tiff-deflate", "tiff-cmyk", "avif"],
];

test("the binary reads every kind of picture, with the same pixels as Pillow", async () => {
  const { cases } = await Bun.file(goldenPath("decoding.json")).json();
  for (const kind of kinds) {
    const { file, picture, width, height } = cases[kind];
    const answer = await fetch(`${server.url}/v1/engine/generate/`, {
      method: "POST",
      // It is kept, and not used: what is made of it is no matter here.
      body: JSON.stringify({ uov_input_image: file, uov_method: "Disabled", async_process: true }),
    });
    const { task_id } = await answer.json();
    await fetch(`${server.url}/tasks/${task_id}/cancel`, { method: "POST" });
    const { req_params } = await (await fetch(`${server.url}/tasks/${task_id}`)).json();
    const kept = await (await fetch(req_params.uov_input_image)).bytes();
    const { data, ...size } = await decodeImage(kept, kind);
    expect([kind, size.width, size.height]).toEqual([kind, width, height]);
    const expected = Buffer.from(picture, "base64");
    const furthest = data.reduce((most, v, i) => Math.max(most, Math.abs(v - (expected[i] ?? 999))), 0);
    expect([kind, furthest]).toEqual([kind, kind === "avif" ? 1 : 0]);
  }
});
