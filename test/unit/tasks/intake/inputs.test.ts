import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateParams } from "#/api/generate.ts";
import { CommonRequest } from "#/api/generate.ts";
import { encodeImage } from "#/image/encode.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { ownFileOf, publicBase } from "#/tasks/intake/base-url.ts";
import { type InputOptions, takeInputs } from "#/tasks/intake/inputs.ts";

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
  (await takeInputs(request({ uov_input_image: value }), { ...options, ...more })).uov_input_image;

test("one picture has one address, however it came", async () => {
  const first = await take(base64);
  expect(first).toMatch(/^https:\/\/draw\.example\/api\/inputs\/[0-9a-f]{64}\.png$/);
  const ways = [`data:image/png;base64,${base64}`, `${there}/a.png`, `${there}/moved.png`, first ?? ""];
  for (const way of [...ways, (first ?? "").replace(options.baseUrl, "http://localhost:7866")])
    expect(await take(way)).toBe(first);
  expect(readdirSync(join(root, "inputs")).filter((name) => name.endsWith(".png"))).toHaveLength(1);
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
  await refused("!!!", "bad-image");
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
