import { afterAll, describe, expect, test } from "bun:test";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import { png } from "../support/claiming-pictures.ts";
import { serveBench } from "../support/served-bench.ts";

const decoding = new DecodeGate(300);
const bench = await serveBench({ decoding });
await bench.tasks.pause(true);
const bomb = png([], 32_769, 1);
const base64 = Buffer.from(bomb).toString("base64");
const elsewhere = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(Buffer.from(bomb)) });
afterAll(async () => {
  await elsewhere.stop(true);
  await bench.close();
});

const json = (path: string, body: unknown) =>
  fetch(`${bench.url}${path}`, { method: "POST", body: JSON.stringify(body) });
const form = (path: string, field: string) => {
  const data = new FormData();
  data.set(field, new Blob([Buffer.from(bomb)]), "a.png");
  data.set("uov_method", "Disabled");
  return fetch(`${bench.url}${path}`, { method: "POST", body: data });
};
const generate = "/v1/engine/generate/";
const enhance = { style_selections: [], inpaint_mask_image_upload: "" };

describe("a picture that claims too much is refused at every door, by its field", () => {
  const doors: Readonly<Record<string, readonly [() => Promise<Response>, string]>> = {
    "base64 in a request": [() => json(generate, { ...enhance, uov_input_image: base64 }), "uov_input_image"],
    "a data URI": [
      () => json(generate, { ...enhance, inpaint_mask_image_upload: `data:image/png;base64,${base64}` }),
      "inpaint_mask_image_upload",
    ],
    "an address": [
      () => json(generate, { ...enhance, uov_input_image: elsewhere.url.href }),
      "uov_input_image",
    ],
    "a form of the legacy API": [
      () => form("/v1/generation/image-upscale-vary", "input_image"),
      "input_image",
    ],
    "read-metadata, the body": [
      () => fetch(`${bench.url}/v1/tools/read-metadata`, { method: "POST", body: Buffer.from(bomb) }),
      "image",
    ],
    "read-metadata, a form": [() => form("/v1/tools/read-metadata", "image"), "image"],
    "read-metadata, JSON": [() => json("/v1/tools/read-metadata", { image: base64 }), "image"],
    "a mask": [() => json("/v1/tools/generate_mask", { image: base64, mask_model: "u2net" }), "image"],
    "a description": [() => json("/v1/tools/describe-image", { image: elsewhere.url.href }), "image"],
    "a description by the legacy API": [() => form("/v1/tools/describe-image", "image"), "image"],
  };
  for (const [what, [ask, field]] of Object.entries(doors)) {
    test(what, async () => {
      const answer = await ask();
      const { detail } = await answer.json();
      expect([answer.status, detail[0]]).toMatchObject([
        422,
        {
          type: "too_large",
          msg: `The image in ${field} has 32769 pixels on a side; 32768 is the limit: send it smaller.`,
        },
      ]);
      expect(decoding.state.highest).toBe(0);
    });
  }
});

test("all doors wait at one gate", async () => {
  const small = Buffer.from(
    await encodeImage({ width: 6, height: 6, data: new Uint8Array(108) }, "png"),
  ).toString("base64");
  const asks = Array.from({ length: 6 }, () => [
    json(generate, { ...enhance, async_process: true, uov_input_image: small }),
    json("/v1/tools/generate_mask", { image: small, mask_model: "u2net" }),
    json("/v1/tools/describe-image", { image: small }),
  ]).flat();
  await Promise.all(asks);
  expect(decoding.state).toEqual({ bytes: 0, highest: 288, waiting: 0 });
});
