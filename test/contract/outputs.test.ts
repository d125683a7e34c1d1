import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";

const colors = ["red", "green", "blue"];
const bench = await serveBench({
  assets: { wildcards: (name) => (name === "color" ? colors : undefined) },
});
afterAll(() => bench.close());

const small = {
  style_selections: [],
  overwrite_step: 2,
  overwrite_width: 64,
  overwrite_height: 96,
  image_seed: 7,
};
const post = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    body: JSON.stringify({ ...small, ...Object(body) }),
    headers,
  });
const record = async (body: unknown) => (await post(body)).json();
const nameOf = (url: string): string => decodeURIComponent(url.replace(/^.*\//, ""));
const fileOf = (url: string): Buffer =>
  readFileSync(join(bench.folder, "outputs", ...url.split("/").slice(-2).map(decodeURIComponent)));
const madeBy = async (url: string) => {
  const answer = await fetch(`${bench.url}/v1/tools/read-metadata`, {
    method: "POST",
    body: JSON.stringify({ image: url }),
  });
  return (await answer.json()).values;
};

test("require_base64 puts the pictures into the record of one task, as data URIs of the very files", async () => {
  const made = await record({ require_base64: true, image_number: 2, output_format: "jpg" });
  const uris = made.result.map((url: string) => `data:image/jpeg;base64,${fileOf(url).toString("base64")}`);
  expect(made.base64).toEqual(uris);
  const one = async () => (await fetch(`${bench.url}/tasks/${made.task_id}`)).json();
  expect((await one()).base64).toEqual(uris);
  const list = await (await fetch(`${bench.url}/tasks?query=history`)).json();
  expect(Object.keys(list.history[0])).not.toContain("base64");
  expect(Object.keys(await record({}))).not.toContain("base64");
  await Bun.file(join(bench.folder, "outputs", ...made.result[0].split("/").slice(-2))).delete();
  expect((await one()).base64).toEqual([null, uris[1]]);
});

describe("output_format", () => {
  for (const [format, real] of [
    ["png", "png"],
    ["jpg", "jpeg"],
    ["jpeg", "jpeg"],
    ["webp", "webp"],
  ] as const) {
    test(`${format}: the bytes are what the name says`, async () => {
      const [url] = (await record({ output_format: format })).result;
      expect(url).toEndWith(`.${format}`);
      expect(await sharp(fileOf(url)).metadata()).toMatchObject({ format: real, width: 64, height: 96 });
      const served = await fetch(url);
      expect(served.headers.get("content-type")).toBe(`image/${real}`);
      expect(await madeBy(url)).toMatchObject({ resolution: "(64, 96)" });
    });
  }

  test("another is refused, and nothing is made", async () => {
    const answer = await post({ output_format: "bmp" });
    const { detail } = await answer.json();
    expect([answer.status, detail[0].loc]).toEqual([422, ["body", "output_format"]]);
    expect(detail[0].msg).toContain("png, jpg, jpeg, webp");
  });

  test("a picture asked for by Accept is converted, and the file stays what it was", async () => {
    const answer = await post({ output_format: "png", save_name: "binary" }, { accept: "image/webp" });
    expect(answer.headers.get("content-type")).toBe("image/webp");
    expect((await sharp(await answer.bytes()).metadata()).format).toBe("webp");
    const list = await (await fetch(`${bench.url}/tasks?query=history&page_size=1`)).json();
    const [url] = list.history[0].result;
    expect(nameOf(url)).toBe("binary-0.png");
    expect((await sharp(fileOf(url)).metadata()).format).toBe("png");
  });
});

test("a grid is one more result, of all pictures, as square as can be; one picture has none", async () => {
  const { result } = await record({ image_number: 3, generate_image_grid: true });
  expect(result).toHaveLength(4);
  const grid = sharp(fileOf(result[3]));
  expect(await grid.metadata()).toMatchObject({ width: 128, height: 192 });
  const pixel = async (left: number, top: number) => [
    ...(await grid.clone().extract({ left, top, width: 1, height: 1 }).raw().toBuffer()),
  ];
  // The scripted engine paints each picture in the grey of its seed.
  const corners = [pixel(0, 0), pixel(127, 0), pixel(0, 191), pixel(127, 191)];
  expect(await Promise.all(corners)).toEqual([7, 8, 9, 0].map((grey) => [grey, grey, grey]));
  expect((await record({ generate_image_grid: true })).result).toHaveLength(1);
});

describe("save_name", () => {
  test("names the files with their numbers, and never replaces one", async () => {
    const names = async () =>
      (await record({ save_name: "my cat ü", image_number: 2 })).result.map((url: string) => nameOf(url));
    expect(await names()).toEqual(["my cat ü-0.png", "my cat ü-1.png"]);
    expect(await names()).toEqual(["my cat ü-0-2.png", "my cat ü-1-2.png"]);
    const [url] = (await record({ save_name: "100% #1?" })).result;
    const served = await fetch(url);
    expect([served.status, (await served.bytes()).length]).toEqual([200, fileOf(url).length]);
  });

  test("is one clean name, whatever is tried", async () => {
    const bad = ["../x", "a/b", "/tmp/x", "a\\b", ".hidden", "..", "a\u0000b", "a\nb", "x".repeat(300)];
    for (const save_name of bad) {
      const answer = await post({ save_name });
      expect([save_name, answer.status]).toEqual([save_name, 422]);
      expect((await answer.json()).detail[0].loc).toEqual(["body", "save_name"]);
    }
    // Null is what a record shows where no name was given, so it is taken too.
    for (const none of [{ save_name: "" }, { save_name: null }, {}])
      expect(nameOf((await record(none)).result[0])).toMatch(/^\d{4}-\d\d-\d\d_[\d-]+_\d{4}\.png$/);
  });
});

test("disable_preview: no step has a picture", async () => {
  // The stream tells of the newest step alone, so each must last long enough to be told.
  await using slow = await serveBench({ engine: new ScriptedEngine({ beforeStep: () => Bun.sleep(400) }) });
  const previews = async (body: unknown) => {
    const answer = await fetch(`${slow.url}/v1/engine/generate/`, {
      method: "POST",
      body: JSON.stringify({ ...small, ...Object(body), stream_output: true }),
    });
    return (await answer.text()).match(/"preview": "data:image\/png/g)?.length ?? 0;
  };
  expect(await previews({})).toBeGreaterThan(0);
  expect(await previews({ disable_preview: true })).toBe(0);
});

test("disable_intermediate_results: pictures are told of at the end only", async () => {
  const told = async (body: unknown) => {
    const { task_id } = await record({ ...Object(body), image_number: 2 });
    const log = await (await fetch(`${bench.url}/tasks/${task_id}/events`)).text();
    const settled = /^data: (\{.*"type":"settled".*\})$/m.exec(log)?.[1] ?? "{}";
    return [log.match(/^event: image$/gm)?.length ?? 0, JSON.parse(settled).result.length];
  };
  expect(await told({})).toEqual([2, 2]);
  expect(await told({ disable_intermediate_results: true })).toEqual([0, 2]);
});

test("disable_seed_increment and read_wildcards_in_order", async () => {
  const made = async (body: unknown) => {
    const { result } = await record({ ...Object(body), image_number: 4, prompt: "__color__ cat" });
    return await Promise.all(result.map(madeBy));
  };
  const plain = await made({ read_wildcards_in_order: true });
  expect(plain.map(({ seed }) => seed)).toEqual(["7", "8", "9", "10"]);
  expect(plain.map(({ prompt }) => prompt)).toEqual(["red cat", "green cat", "blue cat", "red cat"]);
  const same = await made({ disable_seed_increment: true });
  expect(same.map(({ seed }) => seed)).toEqual(["7", "7", "7", "7"]);
  expect(new Set(same.map(({ prompt }) => prompt)).size).toBe(1);
});

test("save_metadata_to_images false leaves the picture without a word", async () => {
  const [url] = (await record({ save_metadata_to_images: false })).result;
  const answer = await fetch(`${bench.url}/v1/tools/read-metadata`, {
    method: "POST",
    body: JSON.stringify({ image: url }),
  });
  expect([answer.status, (await answer.json()).detail[0].type]).toEqual([422, "no_metadata"]);
});

test("created_by is written into pictures, and disable_metadata writes nothing at all", async () => {
  const valuesOf = async (config: NonNullable<Parameters<typeof serveBench>[0]>["config"]) => {
    await using own = await serveBench({ ...(config === undefined ? {} : { config }) });
    const body = JSON.stringify(small);
    const made = await (await fetch(`${own.url}/v1/engine/generate/`, { method: "POST", body })).json();
    const image = JSON.stringify({ image: made.result[0] });
    return (await fetch(`${own.url}/v1/tools/read-metadata`, { method: "POST", body: image })).json();
  };
  expect((await valuesOf({ created_by: "Ada" })).values.created_by).toBe("Ada");
  expect(Object.keys((await valuesOf({})).values)).not.toContain("created_by");
  expect((await valuesOf({ disable_metadata: true })).detail[0].type).toBe("no_metadata");
});
