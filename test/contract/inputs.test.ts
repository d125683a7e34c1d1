import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { serveBench } from "../support/served-bench.ts";

/** A web server of somebody else's. */
const others = Bun.serve({
  port: 0,
  fetch: async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/moved.png") return Response.redirect("/a.png", 302);
    if (pathname === "/a.png") return new Response(new Blob([await picture("green")]));
    if (pathname === "/page") return new Response("<html>an error page</html>");
    return new Response("gone", { status: 404 });
  },
});
const there = `http://127.0.0.1:${others.port}`;
const bench = await serveBench();
const closed = await serveBench({ config: { allow_private_fetch: false } });
afterAll(async () => {
  await others.stop(true);
  await closed.close();
  await bench.close();
});

const picture = async (background: string): Promise<Uint8Array<ArrayBuffer>> =>
  Uint8Array.from(
    await sharp({ create: { width: 6, height: 4, channels: 3, background } })
      .png()
      .toBuffer(),
  );
const base64 = async (background: string) => Buffer.from(await picture(background)).toString("base64");

const small = { style_selections: [], overwrite_step: 1, overwrite_width: 64, overwrite_height: 64 };
const post = (body: object, url = bench.url, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/engine/generate/`, {
    method: "POST",
    body: JSON.stringify({ ...small, ...body }),
    headers,
  });
const kept = (folder: string): readonly string[] =>
  existsSync(join(folder, "inputs"))
    ? readdirSync(join(folder, "inputs")).filter((name) => name.endsWith(".png"))
    : [];

test("a picture has one address, however it comes, and can be looked at there", async () => {
  const image = await base64("green");
  const first = (await (await post({ uov_input_image: image })).json()).req_params.uov_input_image;
  expect(first).toMatch(new RegExp(`^${bench.url}/inputs/[0-9a-f]{64}\\.png$`));
  const made = (await (await post({})).json()).result[0];
  const ways = [
    `data:image/png;base64,${image}`,
    `data:application/octet-stream;base64,${image}`,
    `${there}/a.png`,
    `${there}/moved.png`,
    first,
    first.replace("127.0.0.1", "localhost"),
  ];
  for (const way of ways) {
    const { req_params } = await (await post({ uov_input_image: way })).json();
    expect([way, req_params.uov_input_image]).toEqual([way, first]);
  }
  expect(kept(bench.folder)).toHaveLength(1);
  const served = await fetch(first);
  expect(await sharp(await served.bytes()).metadata()).toMatchObject({ format: "png", width: 6, height: 4 });
  // A result of ours is an input as good as any, though the server may not be fetched from.
  const own = (await (await post({}, closed.url)).json()).result[0];
  const used = await post({ inpaint_mask_image_upload: own }, closed.url);
  expect((await used.json()).req_params.inpaint_mask_image_upload).toStartWith(`${closed.url}/inputs/`);
  expect(made).toStartWith(`${bench.url}/outputs/`);
});

test("no image is shown as an empty text", async () => {
  for (const none of ["", "None", "null", "string", "none", null]) {
    const { req_params } = await (await post({ uov_input_image: none })).json();
    expect([none, req_params.uov_input_image]).toEqual([none, ""]);
  }
});

describe("a picture that cannot be had is a 422 with its field", () => {
  const refusal = async (body: object, url = bench.url, headers: Record<string, string> = {}) => {
    const answer = await post(body, url, headers);
    const { detail } = await answer.json();
    return [answer.status, detail[0].type, detail[0].loc.join(".")];
  };

  test("before any header, in every mode", async () => {
    const modes: readonly (readonly [object, Record<string, string>])[] = [
      [{}, {}],
      [{ async_process: true }, {}],
      [{ stream_output: true }, {}],
      [{ async_process: false, stream_output: false }, {}],
      [{}, { accept: "image/png" }],
    ];
    for (const [mode, headers] of modes)
      expect(await refusal({ ...mode, uov_input_image: "bm8gcGljdHVyZQ==" }, bench.url, headers)).toEqual([
        422,
        "bad_image",
        "body.uov_input_image",
      ]);
  });

  test("whatever is wrong with it", async () => {
    const wrong: readonly (readonly [string, string, string])[] = [
      ["!!!", "bad_image", bench.url],
      [`${there}/page`, "bad_image", bench.url],
      [`${there}/missing`, "unreachable_url", bench.url],
      ["http://127.0.0.1:1/x.png", "unreachable_url", bench.url],
      ["http://", "unreachable_url", bench.url],
      [`${bench.url}/inputs/${"0".repeat(64)}.png`, "unreachable_url", bench.url],
      [`${bench.url}/inputs/..%2fdb.sqlite3`, "unreachable_url", bench.url],
      [`${there}/a.png`, "unreachable_url", closed.url],
      ["http://localhost:1/x.png", "unreachable_url", closed.url],
      ["http://[::ffff:7f00:1]/x.png", "unreachable_url", closed.url],
      ["A".repeat(90_000_000), "too_large", bench.url],
    ];
    for (const [value, type, url] of wrong)
      for (const field of ["uov_input_image", "inpaint_mask_image_upload"])
        expect([value.slice(0, 60), ...(await refusal({ [field]: value }, url))]).toEqual([
          value.slice(0, 60),
          422,
          type,
          `body.${field}`,
        ]);
  }, 300_000);

  test("what is no picture is told what would be one", async () => {
    const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify({ uov_input_image: "bm8=" }),
    });
    expect(JSON.parse(await answer.text()).detail[0].msg).toMatch(
      /^uov_input_image is not an image that can be read \(.+\); it takes PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF, as a URL, base64 or a data URI\.$/,
    );
  });

  test("and nothing of such a request is kept", async () => {
    const before = kept(bench.folder).length;
    const image = await base64("purple");
    expect(await refusal({ uov_input_image: image, inpaint_mask_image_upload: "bm8=" })).toEqual([
      422,
      "bad_image",
      "body.inpaint_mask_image_upload",
    ]);
    expect(kept(bench.folder)).toHaveLength(before);
  });

  test("what a picture is for is looked at first: what is missing for that is refused whatever the picture is", async () => {
    const slot = { cn_type: "ImagePrompt" };
    for (const bad of ["bm8=", await base64("red")]) {
      expect(await refusal({ enhance_input_image: bad })).toEqual([
        422,
        "value_error",
        "body.enhance_checkbox",
      ]);
      for (const slots of [[{ ...slot, cn_img: bad }], [slot, slot, { ...slot, cn_img: bad }]])
        expect(await refusal({ controlnet_image: slots })).toEqual([
          422,
          "value_error",
          `body.controlnet_image.${slots.length - 1}.cn_type`,
        ]);
    }
  });
});
