import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import type { GenerateParams } from "#/api/generate.ts";
import { CommonRequest } from "#/api/generate.ts";
import { decodeImage } from "#/image/decode.ts";
import { encodeImage } from "#/image/encode.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { ownFileOf, publicBase } from "#/tasks/intake/base-url.ts";
import type { InputOptions } from "#/tasks/intake/image-source.ts";
import { takeInputs } from "#/tasks/intake/inputs.ts";
import { loadInputs } from "#/tasks/intake/load-inputs.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-inputs-"));
const png = await encodeImage({ width: 3, height: 2, data: new Uint8Array(18).fill(40) }, "png");
const base64 = Buffer.from(png).toString("base64");
const server = Bun.serve({
  port: 0,
  fetch: (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/moved.png") return Response.redirect("/a.png", 302);
    if (pathname === "/a.png") return new Response(Buffer.from(png));
    return pathname === "/page" ? new Response("<html></html>") : new Response("gone", { status: 404 });
  },
});
afterAll(async () => {
  await server.stop(true);
  rmSync(root, { recursive: true, force: true });
});

const there = `http://127.0.0.1:${server.port}`;
const images = folderImages(join(root, "outputs"), join(root, "inputs"), Math.random);
const options: InputOptions = {
  images,
  baseUrl: "https://draw.example/api",
  otherBases: ["http://localhost:7866"],
  limits: { maxBytes: 10_000, milliseconds: 3000, redirects: 3, allowPrivate: true },
};

const defaults = Object.fromEntries(
  Object.entries(CommonRequest.properties).map(([field, schema]) => [field, schema.default]),
) as unknown as GenerateParams;
const request = (more: Partial<GenerateParams>): GenerateParams => ({ ...defaults, ...more });
const take = async (value: string, more: Partial<InputOptions> = {}): Promise<string | null> =>
  (await takeInputs(request({ uov_input_image: value }), { ...options, ...more })).params.uov_input_image;

test("one picture has one address, however it came", async () => {
  const first = await take(base64);
  expect(first).toMatch(/^https:\/\/draw\.example\/api\/inputs\/[0-9a-f]{64}\.png$/);
  const ways = [`data:image/png;base64,${base64}`, `${there}/a.png`, `${there}/moved.png`, first ?? ""];
  for (const way of [...ways, (first ?? "").replace(options.baseUrl, "http://localhost:7866")])
    expect(await take(way)).toBe(first);
  expect(readdirSync(join(root, "inputs")).filter((name) => name.endsWith(".png"))).toHaveLength(1);
});

test("every spelling of base64 is the same picture", async () => {
  const first = await take(base64);
  const bare = base64.replace(/=+$/, "");
  expect(bare).not.toBe(base64);
  const lines = base64.replaceAll(/(.{20})/g, "$1\r\n");
  const ways = [
    ...["data:;base64,", "data:image/jpeg;base64,", "data:application/octet-stream;charset=x;base64,"].map(
      (head) => head + base64,
    ),
    `DATA:IMAGE/PNG;BASE64, ${base64}`,
    bare,
    `data:image/png;base64,${bare}`,
    lines,
    `\n ${lines}\t`,
    base64.replaceAll("+", "-").replaceAll("/", "_"),
  ];
  for (const way of ways) expect([way, await take(way)]).toEqual([way, first]);
});

test("a picture that was sent before is named by its hash, or by its address at whatever host", async () => {
  const first = (await take(base64)) ?? "";
  const name = first.slice(first.lastIndexOf("/") + 1);
  const closed = { limits: { ...options.limits, allowPrivate: false } };
  for (const way of [
    name,
    name.replace(".png", ""),
    name.toUpperCase().replace(".PNG", ".png"),
    `https://elsewhere.example/x/inputs/${name}`,
    `http://127.0.0.1:1/inputs/${name}?y=1`,
  ])
    expect(await take(way, closed)).toBe(first);
});

test("a kept picture keeps its name, whichever encoder wrote the file", async () => {
  const other = await sharp(png).png({ compressionLevel: 1 }).toBuffer();
  const name = await images.putInput(other);
  expect(await take(name)).toEndWith(`/inputs/${name}`);
});

test("what is transparent is kept: white under a picture, black under a mask", async () => {
  const sent = await sharp(Uint8Array.of(255, 0, 0, 128, 255, 255, 255, 0), {
    raw: { width: 2, height: 1, channels: 4 },
  })
    .png()
    .toBuffer();
  const image = Buffer.from(sent).toString("base64");
  const both = request({ inpaint_input_image: image, inpaint_mask_image_upload: image });
  const { params } = await takeInputs(both, options);
  expect(params.inpaint_mask_image_upload).toBe(params.inpaint_input_image);
  const name = params.inpaint_input_image?.split("/").at(-1) ?? "";
  const inputFields = ["inpaint_input_image", "inpaint_mask_image_upload"];
  const loaded = await loadInputs({ recipe: { inputs: [name, name] }, inputFields }, { images });
  expect(loaded.map(({ data }) => [...data])).toEqual([
    [255, 126, 126, 255, 255, 255],
    [128, 0, 0, 0, 0, 0],
  ]);
});

test("of an animation the first picture is taken, which is told", async () => {
  const frames = Buffer.alloc(2 * 2 * 2 * 3);
  frames.fill(200, 0, 12);
  const gif = await sharp(frames, { raw: { width: 2, height: 4, channels: 3, pageHeight: 2 } })
    .gif({ loop: 0, delay: [100, 100] })
    .toBuffer();
  const { warnings, params } = await takeInputs(
    request({ inpaint_input_image: Buffer.from(gif).toString("base64") }),
    options,
  );
  expect(warnings).toEqual([
    "The file in inpaint_input_image holds 2 pictures, as animations and scans do; the first one is used.",
  ]);
  const kept = (await images.input(params.inpaint_input_image?.split("/").at(-1) ?? "")) ?? "";
  expect([...(await decodeImage(await Bun.file(kept).bytes(), "f")).data]).toEqual(Array(12).fill(200));
});

test("a picture a hundred times as long as wide is refused with the limit, its mask and what is not used are not", async () => {
  const lineOf = async (width: number, height: number) =>
    Buffer.from(
      await sharp({ create: { width, height, channels: 3, background: "red" } })
        .png()
        .toBuffer(),
    ).toString("base64");
  for (const [width, height] of [
    [2000, 4],
    [1024, 1],
    [1500, 8],
    [8, 1500],
  ] as const)
    for (const field of ["uov_input_image", "inpaint_input_image"] as const) {
      const asked = request({
        [field]: await lineOf(width, height),
        uov_method: "Vary (Subtle)",
        // Without a mask or a side a picture is for nothing.
        ...(field === "inpaint_input_image" ? { outpaint_selections: ["Left"] } : {}),
      });
      await expect(takeInputs(asked, options)).rejects.toMatchObject({
        code: "invalid-value",
        details: { field },
        message: expect.stringContaining(
          `${width}×${height} pixels large; its longer side may be at most 100`,
        ),
      });
    }
  const line = await lineOf(2000, 4);
  await takeInputs(request({ inpaint_input_image: base64, inpaint_mask_image_upload: line }), options);
  await takeInputs(request({ uov_input_image: line, uov_method: "Disabled" }), options);
  await takeInputs(request({ uov_input_image: await lineOf(800, 8), uov_method: "Vary (Subtle)" }), options);
});

test("our own outputs are read from disk, also by the old path", async () => {
  const kept = await images.put(png, "png", new Date());
  const first = await take(base64);
  const closed = { limits: { ...options.limits, allowPrivate: false } };
  for (const path of ["outputs", "files"])
    expect(await take(`http://localhost:7866/${path}/${kept.folder}/${kept.name}`, closed)).toBe(first);
});

test("every spelling of no image stays none", async () => {
  for (const none of ["", "None", "null", "string", "none"]) expect(await take(none)).toBe(none);
});

test("what is no image, too large, unreachable or private is refused by the field's name", async () => {
  const refused = async (value: string, code: string, more: Partial<InputOptions> = {}) =>
    expect(take(value, more)).rejects.toMatchObject({ code, details: { field: "uov_input_image" } });
  await refused("bm8gcGljdHVyZQ==", "bad-image");
  for (const [value, why] of [
    ["!!!", 'character 1 is "!"'],
    ["iVBOR🐈", 'character 6 is "🐈"'],
    ["iVBOR", "cut off"],
    ["data:image/png,iVBO", "does not say ;base64"],
    ["data:image/png;base64", "without a comma"],
    ["C:\\\\cat.png", 'character 2 is ":"'],
    [`${"0".repeat(64)}.png`, "inputs folder"],
  ] as const)
    await expect(take(value)).rejects.toMatchObject({
      message: expect.stringContaining(why),
      details: { field: "uov_input_image" },
    });
  await refused("A".repeat(20_000), "too-large");
  await refused(`${there}/page`, "bad-image");
  await refused(`${there}/missing`, "unreachable-url");
  await refused("http://127.0.0.1:1/x.png", "unreachable-url");
  await refused(`${there}/a.png`, "unreachable-url", { limits: { ...options.limits, allowPrivate: false } });
});

test("the slot of a control image is named by its number", async () => {
  const slot = { cn_img: "bm8=", cn_stop: 0.5, cn_weight: 0.5, cn_type: "ImagePrompt" } as const;
  const controls = request({ controlnet_image: [{ ...slot, cn_img: base64 }, slot] });
  await expect(takeInputs(controls, options)).rejects.toMatchObject({
    details: { field: "controlnet_image.1.cn_img" },
  });
});

test("the base of our addresses, in every form an operator may give it", () => {
  const base = (base_url: string, host = "127.0.0.1", port = 7866) => publicBase({ base_url, host, port });
  expect([base("https://a.example/x/"), base("a.example:80"), base("a.example"), base("::1")]).toEqual([
    "https://a.example/x",
    "http://a.example:80",
    "http://a.example:7866",
    "http://[::1]:7866",
  ]);
  expect([
    base(""),
    base("", "0.0.0.0", 1),
    base("", "::", 1),
    base("", "::1", 1),
    base("", "10.0.0.7"),
  ]).toEqual([
    "http://127.0.0.1:7866",
    "http://127.0.0.1:1",
    "http://127.0.0.1:1",
    "http://[::1]:1",
    "http://10.0.0.7:7866",
  ]);
});

test("what of ours an address means", () => {
  const own = (url: string) => ownFileOf(url, ["http://h:1/p", "http://h:1"]);
  expect([own("http://h:1/p/inputs/a.png?x=1"), own("http://h:1/files/d/a%20b.png")]).toEqual([
    { kind: "input", name: "a.png" },
    { kind: "output", folder: "d", name: "a b.png" },
  ]);
  const others = [
    "http://h:12/inputs/a.png",
    "http://h:1/tasks",
    "http://h:1/outputs/a.png",
    "http://h:1/inputs/a/b",
  ];
  expect(others.map(own)).toEqual(others.map(() => undefined));
});
