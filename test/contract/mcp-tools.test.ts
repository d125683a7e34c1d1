import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import sharp from "sharp";
import type { JsonObject } from "#/api/json.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";
import { putModel } from "../support/task-bench.ts";

type Content = Readonly<{ type: string; [key: string]: unknown }>;
type Result = Readonly<{
  content: readonly Content[];
  structuredContent: Readonly<Record<string, unknown>>;
  isError?: boolean;
}>;

/** Asks as programs of the older revisions do; digits beyond JavaScript's are written as they are. */
async function ask(
  bench: Pick<ServedBench, "url">,
  method: string,
  params: string,
  headers: Record<string, string> = {},
): Promise<Readonly<{ result: Result; error?: Readonly<{ code: number; message: string }> }>> {
  const answer = await fetch(`${bench.url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", "mcp-protocol-version": "2025-11-25", ...headers },
    body: `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`,
  });
  const text = await answer.text();
  return JSON.parse(
    text
      .match(/^data: .*$/gm)
      ?.at(-1)
      ?.slice(6) ?? text,
  );
}

const call = async (
  bench: Pick<ServedBench, "url">,
  name: string,
  given: Readonly<Record<string, unknown>> | string,
  headers: Record<string, string> = {},
): Promise<Result> => {
  const text = typeof given === "string" ? given : JSON.stringify(given);
  return (await ask(bench, "tools/call", `{"name":"${name}","arguments":${text}}`, headers)).result;
};

const small = { prompt: "a circle", size: "64x64", steps: 4, styles: [] };
const textOf = ({ content }: Result): unknown => content[0]?.["text"];
const pictureOf = ({ structuredContent }: Result): Readonly<Record<string, unknown>> =>
  (structuredContent["pictures"] as Record<string, unknown>[])[0] ?? {};
const requestOf = async (bench: ServedBench): Promise<JsonObject> =>
  (await bench.tasks.history({ page: 0, pageSize: 1 }))[0]?.request ?? {};
const warningsOf = ({ structuredContent }: Result): string =>
  (structuredContent["warnings"] as string[]).join(" ");

test("arguments of generate are fields of a request", async () => {
  await using bench = await serveBench();
  putModel(bench.folder, "loras/mine.safetensors");
  const result = await call(bench, "generate", {
    ...small,
    negative_prompt: "text",
    performance: "Speed",
    number: 2,
    model: "base.safetensors",
    loras: [{ name: "mine.safetensors", weight: 0.25 }],
    guidance_scale: 5,
    sharpness: 3,
    sampler: "euler",
    scheduler: "normal",
    output_format: "webp",
    // What models write for what they leave out.
    preset: null,
    advanced: { clip_skip: 1, prompt: "another", require_base64: true, nonsense: 7 },
    colour: "red",
  });
  expect(await requestOf(bench)).toMatchObject({
    prompt: "a circle",
    negative_prompt: "text",
    performance_selection: "Speed",
    image_number: 2,
    base_model_name: "base.safetensors",
    loras: expect.arrayContaining(["mine.safetensors", 0.25]),
    guidance_scale: 5,
    sharpness: 3,
    sampler_name: "euler",
    scheduler_name: "normal",
    output_format: "webp",
    aspect_ratios_selection: "64×64",
    overwrite_step: 4,
    clip_skip: 1,
  });
  expect(result.content.map(({ type }) => type)).toEqual([
    "text",
    "image",
    "image",
    "resource_link",
    "resource_link",
  ]);
  expect(pictureOf(result)).toMatchObject({ mime_type: "image/webp" });
  const told = warningsOf(result);
  const expected = [
    "There is no argument colour; it was passed over.",
    "There is no field nonsense; it was passed over.",
    "advanced.prompt took no part: it is said by the argument itself.",
    "advanced.require_base64 took no part: how a call is answered is for wait and inline_pictures to say.",
  ];
  for (const sentence of expected) expect(told).toContain(sentence);
});

test("every digit of a seed comes in, as a number and as a text, and goes out as a text", async () => {
  await using bench = await serveBench();
  for (const seed of ["9007199254740993", '"9007199254740993"']) {
    const given = `{"prompt":"x","size":"64x64","steps":4,"styles":[],"seed":${seed}}`;
    expect(pictureOf(await call(bench, "generate", given))["seed"]).toBe("9007199254740993");
  }
});

test("a size is one in pixels, or the nearest to an aspect ratio, or refused by its name", async () => {
  await using bench = await serveBench({ engine: new ScriptedEngine() });
  const sizeOf = async (size: string) => {
    const result = await call(bench, "generate", { ...small, size, inline_pictures: "none", wait: false });
    return result.isError === true ? textOf(result) : (await requestOf(bench))["aspect_ratios_selection"];
  };
  await bench.tasks.pause(true);
  const pending = async (size: string) => {
    const said = await sizeOf(size);
    return bench.tasks.pending().at(-1)?.request["aspect_ratios_selection"] ?? said;
  };
  expect(await pending("640 x 512")).toBe("640×512");
  expect(await pending("16:9")).toBe("1344×768");
  expect(await pending("1:1")).toBe("1024×1024");
  expect(await pending("2:3")).toBe("832×1216");
  await bench.tasks.cancelWaiting();
  expect(await sizeOf("large")).toBe(
    'size: "large" is no size; write 1152x896, or an aspect ratio such as 16:9.',
  );
  expect(await sizeOf("0:0")).toContain("size:");
  expect(await sizeOf("9999x64")).toContain("size: A side of 9999 pixels cannot be drawn");
});

test("an edit is asked of a picture that was made, sent or named, and says what it lacks", async () => {
  await using bench = await serveBench();
  const uri = String(pictureOf(await call(bench, "generate", { ...small, number: 1 }))["uri"]);
  const white = await sharp({ create: { width: 64, height: 64, channels: 3, background: "white" } })
    .png()
    .toBuffer();
  const edited = async (given: Readonly<Record<string, unknown>>) =>
    await call(bench, "edit", { image: uri, steps: 4, styles: [], inline_pictures: "none", ...given });
  const varied = await edited({
    operation: "vary",
    variation: "strong",
    strength: 0.5,
    mask: "x",
    factor: 3,
  });
  expect(await requestOf(bench)).toMatchObject({ uov_method: "Vary (Strong)", overwrite_vary_strength: 0.5 });
  expect(varied.structuredContent["status"]).toBe("finished");
  expect(warningsOf(varied)).toContain("mask took no part: vary does not use it.");
  expect(warningsOf(varied)).toContain("factor took no part: vary does not use it.");
  // Base64 and a data URI; what else it lacks is another matter, and told by this tool's names.
  for (const image of [white.toString("base64"), `data:image/png;base64,${white.toString("base64")}`])
    expect((await edited({ image, operation: "vary" })).structuredContent["status"]).toBe("finished");
  expect(textOf(await edited({ operation: "inpaint" }))).toContain("mask: inpaint needs a mask");
  expect(textOf(await edited({ operation: "outpaint" }))).toContain("expand: outpaint needs the pixels");
  expect(textOf(await edited({ operation: "paint" }))).toContain("operation: Input should be 'inpaint'");
  expect(textOf(await edited({ operation: "vary", image: "" }))).toContain("image: vary needs the picture");
  expect(textOf(await edited({ operation: "vary", image: "bm90IGEgcGljdHVyZQ==" }))).toMatch(/^image/);
  expect(textOf(await call(bench, "edit", {}))).toBe("image: Field required. operation: Field required.");
  const gone = uri.replace(/[^/]+$/, "gone.png");
  expect(textOf(await edited({ operation: "vary", image: gone }))).toContain("in image is this server's");
});

test("what an edit becomes", async () => {
  await using bench = await serveBench();
  const uri = String(pictureOf(await call(bench, "generate", { ...small }))["uri"]);
  // Whether there are files for it is another matter: what is looked at is what was asked.
  const asked = async (given: Readonly<Record<string, unknown>>) => {
    await bench.tasks.pause(true);
    const result = await call(bench, "edit", { image: uri, steps: 4, styles: [], wait: false, ...given });
    const request = bench.tasks.pending().at(-1)?.request ?? {};
    await bench.tasks.cancelWaiting();
    return { result, request };
  };
  const outpainted = await asked({
    operation: "outpaint",
    expand: { left: 64, bottom: 32 },
    advanced: { inpaint_engine: "None" },
  });
  expect(outpainted.request).toMatchObject({
    outpaint_selections: ["Left", "Bottom"],
    outpaint_distance: [64, 0, 0, 32],
  });
  const inpainted = await asked({
    operation: "inpaint",
    mask: uri,
    invert_mask: true,
    strength: 0.75,
    prompt: "a square",
    advanced: { inpaint_engine: "None" },
  });
  expect(inpainted.request).toMatchObject({
    prompt: "a square",
    inpaint_strength: 0.75,
    invert_mask_checkbox: true,
  });
  expect(inpainted.request["inpaint_mask_image_upload"]).toContain("/inputs/");
  const enlarged = await asked({ operation: "upscale", factor: 3, fast: true });
  expect(textOf(enlarged.result)).toContain("upscal");
});

test("a number that would be taken for another one is refused by its name", async () => {
  await using bench = await serveBench();
  for (const seed of ["-2", '"-2"', "9223372036854775808", '"99999999999999999999"'])
    expect(textOf(await call(bench, "generate", `{"prompt":"x","seed":${seed}}`))).toBe(
      "seed: one from 0 to 9223372036854775807, or -1 for one that is drawn.",
    );
  const uri = String(pictureOf(await call(bench, "generate", { ...small }))["uri"]);
  for (const goal of [{ operation: "vary" }, { operation: "upscale" }, { operation: "inpaint", mask: uri }])
    expect(textOf(await call(bench, "edit", { image: uri, strength: 0, ...goal }))).toBe(
      "strength: 0 would change nothing; say more than 0, up to 1.",
    );
  const largest = { ...small, seed: "9223372036854775807" };
  expect(pictureOf(await call(bench, "generate", largest))["seed"]).toBe("9223372036854775807");
});

test("warnings and refusals speak of a tool's own arguments", async () => {
  await using bench = await serveBench();
  const uri = String(pictureOf(await call(bench, "generate", { ...small }))["uri"]);
  const given = { image: uri, steps: 4, styles: [], inline_pictures: "none" };
  const outpainted = await call(bench, "edit", {
    ...given,
    operation: "outpaint",
    expand: { right: 64 },
    invert_mask: true,
    advanced: { inpaint_engine: "None" },
  });
  const told = "invert_mask took no part: there is no mask in mask.";
  expect(warningsOf(outpainted)).toContain(told);
  const { job_id } = outpainted.structuredContent;
  expect(warningsOf(await call(bench, "job_status", { job_id }))).toContain(told);
  // A task of another door is told of in that door's names.
  const other = await bench.tasks.submit(
    {
      prompt: "x",
      uov_input_image: uri,
      style_selections: [],
      overwrite_step: 4,
      overwrite_width: 64,
      overwrite_height: 64,
    },
    { warnings: ["uov_input_image took no part."] },
  );
  const seen = await call(bench, "job_status", { job_id: other.id, wait_seconds: 50 });
  expect(warningsOf(seen)).toContain("uov_input_image");
});

test("a picture that hosts would refuse comes as a copy, and the answer says so", async () => {
  await using bench = await serveBench({ engine: new ScriptedEngine() });
  const made = await call(bench, "generate", { ...small, wait: true });
  const uri = String(pictureOf(made)["uri"]);
  const { pathname } = new URL(uri);
  // Noise is what PNG cannot pack.
  const noise = randomBytes(640 * 640 * 3);
  const large = await sharp(noise, { raw: { width: 640, height: 640, channels: 3 } })
    .png()
    .toBuffer();
  await Bun.write(`${bench.folder}${decodeURIComponent(pathname)}`, large);
  const job = { job_id: made.structuredContent["job_id"] };
  const looked = async (inline_pictures: string) =>
    await call(bench, "job_status", { ...job, inline_pictures });
  const { content } = await looked("auto");
  expect(
    content.map(({ type, text, mimeType }) => [type, type === "text" ? text : mimeType]).slice(1),
  ).toEqual([
    ["text", "Here picture 1 is a JPEG copy; the files are at their links."],
    ["image", "image/jpeg"],
    ["resource_link", "image/png"],
  ]);
  const original = (await looked("original")).content[1];
  expect([original?.["mimeType"], Buffer.from(String(original?.["data"]), "base64").equals(large)]).toEqual([
    "image/png",
    true,
  ]);
  expect((await looked("none")).content.map(({ type }) => type)).toEqual(["text", "resource_link"]);
});

test("pictures are resources, and nothing else is", async () => {
  await using bench = await serveBench();
  const result = await call(bench, "generate", { ...small });
  const { uri } = pictureOf(result);
  const listed = await ask(bench, "resources/list", "{}");
  expect(listed.result).toMatchObject({ resources: [{ uri, mimeType: "image/png" }] });
  const read = await ask(bench, "resources/read", JSON.stringify({ uri }));
  const [{ blob }] = (read.result as unknown as { contents: [{ blob: string }] }).contents;
  expect(blob).toBe(String(result.content[1]?.["data"]));
  const others = [
    "file:///etc/passwd",
    `${bench.url}/outputs/../db.sqlite3`,
    `${bench.url}/outputs/%2e%2e/db.sqlite3`,
    `${bench.url}/outputs/2026-01-01/gone.png`,
    "outputs/x/y.png",
    "",
  ];
  for (const other of others) {
    const { error } = await ask(bench, "resources/read", JSON.stringify({ uri: other }));
    expect(error?.code).toBe(-32602);
  }
});

test("links are under the name by which the client reached the server, and taken back under it", async () => {
  const at = { url: "" };
  await using bench = await serveBench({ addresses: { listening: () => at.url, named: () => undefined } });
  at.url = bench.url;
  const headers = { host: "pictures.example:99" };
  const result = await call(bench, "generate", { ...small }, headers);
  const uri = String(pictureOf(result)["uri"]);
  expect(uri).toStartWith("http://pictures.example:99/outputs/");
  const edited = await call(bench, "edit", { image: uri, operation: "vary", steps: 4, styles: [] }, headers);
  expect(edited.structuredContent["status"]).toBe("finished");
});

test("a client of before there were links gets none", async () => {
  await using bench = await serveBench();
  const kinds = async (revision: string) => {
    const { content } = await call(bench, "generate", small, { "mcp-protocol-version": revision });
    return content.map(({ type }) => type);
  };
  expect(await kinds("2025-03-26")).toEqual(["text", "image"]);
  expect(await kinds("2025-06-18")).toEqual(["text", "image", "resource_link"]);
});

test("what there is to choose from is what is there", async () => {
  await using bench = await serveBench();
  putModel(bench.folder, "checkpoints/other.safetensors");
  const { structuredContent: choices } = await call(bench, "list_models", {});
  expect(choices).toMatchObject({
    models: ["base.safetensors", "other.safetensors"],
    loras: ["sdxl_lightning_4step_lora.safetensors"],
    sizes: expect.arrayContaining(["1152*896"]),
    samplers: expect.arrayContaining(["euler"]),
    defaults: { model: "base.safetensors", performance: "Speed" },
  });
  const modes = choices["performances"] as Record<string, unknown>[];
  expect(modes.find(({ name }) => name === "Lightning")).toEqual({
    name: "Lightning",
    steps: 4,
    usable: true,
    lacks: "",
  });
  expect(modes.find(({ name }) => name === "Hyper-SD")).toMatchObject({ usable: false });
  const unknown = await call(bench, "list_models", { preset: "nobody's" });
  expect([unknown.isError, String(textOf(unknown)).includes("preset")]).toEqual([true, true]);
  const noModel = await call(bench, "list_models", { model: "other" });
  expect([noModel.isError, String(textOf(noModel)).includes("other.safetensors")]).toEqual([true, true]);
});

test("arguments that nobody knows are told by the tools that make nothing, too", async () => {
  await using bench = await serveBench();
  const made = await call(bench, "generate", { prompt: "a circle" });
  const { job_id } = made.structuredContent;
  const sentence = "There is no argument wait_second (here: wait_seconds); it was passed over.";
  const status = await call(bench, "job_status", { job_id, wait_second: 50, inline_pictures: null });
  expect(status.structuredContent["warnings"]).toEqual([sentence]);
  const cancelled = await call(bench, "cancel_job", { job_id, reason: "enough" });
  expect(cancelled.structuredContent["warnings"]).toEqual([
    "There is no argument reason; it was passed over.",
  ]);
  const choices = await call(bench, "list_models", { modle: "base.safetensors" });
  expect(choices.structuredContent["warnings"]).toEqual([
    "There is no argument modle (here: model); it was passed over.",
  ]);
});
