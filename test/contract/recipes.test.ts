import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { TaskId } from "#/lib/task-id.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";
import { putModel } from "../support/task-bench.ts";
import { writeTinyCheckpoint } from "../support/tiny-models.ts";

const gate = { held: false };
let bench: ServedBench;
let recipe: Recipe;
let picture: Uint8Array<ArrayBuffer>;

/** As it is read: tests change single values of it into whatever a client may send. */
type Recipe = Awaited<ReturnType<Response["json"]>>;

beforeAll(async () => {
  bench = await serveBench({
    engine: new ScriptedEngine({
      beforeStep: async () => {
        while (gate.held) await Bun.sleep(2);
      },
    }),
    assets: {
      styles: [{ name: "Plain", prompt: "a plain {prompt}", negative_prompt: "" }],
      wildcards: (name) => (name === "thing" ? ["tree", "house"] : undefined),
    },
  });
  putModel(bench.folder, "loras/fine.safetensors");
  picture = new Uint8Array(
    await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
      .png()
      .toBuffer(),
  );
  recipe = await told(await made({}));
});
afterAll(() => bench.close());

const small = {
  prompt: "a __thing__",
  style_selections: ["Plain"],
  loras: [{ enabled: true, model_name: "fine.safetensors", weight: 0.5 }],
  overwrite_step: 2,
  overwrite_width: 64,
  overwrite_height: 64,
  image_seed: "9223372036854775800",
  image_number: 2,
};

const ask = (path: string, init: RequestInit = {}) => fetch(bench.url + path, init);
const postText = (body: string, headers: Record<string, string> = {}) =>
  ask("/tasks/recipe", { method: "POST", headers, body });

/** Seeds may have more digits than numbers keep; everything else that is changed has few. */
const seedsAside = (text: string): string => text.replace(/\b\d{17,}\b(?=[,}\]])/g, '"#$&"');
const back = (value: Recipe): string => JSON.stringify(value).replaceAll(/"#(\d+)"/g, "$1");
const post = (value: Recipe, headers?: Record<string, string>) => postText(back(value), headers);

async function made(more: object): Promise<string> {
  const answer = await ask("/v1/engine/generate/", {
    method: "POST",
    body: JSON.stringify({ ...small, ...more }),
  });
  const { task_id } = await answer.json();
  return task_id;
}
async function told(id: string, query = ""): Promise<Recipe> {
  return JSON.parse(seedsAside(await (await ask(`/tasks/${id}/recipe${query}`)).text()));
}
const changed = (change: (copy: Recipe) => void, of: Recipe = recipe): Recipe => {
  const copy = structuredClone(of);
  change(copy);
  return copy;
};
const rows = async (): Promise<number> =>
  (await bench.history.range({ from: 0, to: Number.MAX_SAFE_INTEGER })).length;

/** What a recipe is refused with; nothing is made. */
async function refusal(value: Recipe): Promise<readonly Readonly<{ loc: unknown[]; msg: string }>[]> {
  const before = await rows();
  const answer = await post(value);
  const { detail } = await answer.json();
  expect([answer.status, await rows()]).toEqual([422, before]);
  return detail;
}

describe("the recipe", () => {
  test("says everything: values, texts as they were drawn, seeds to their last digit, files with their hashes", async () => {
    expect(Object.keys(recipe)).toEqual([
      "fooocusd_recipe",
      "program",
      "request",
      "settings",
      "recipe",
      "texts",
      "pass_texts",
      "files",
      "inputs",
      "pictures",
    ]);
    expect(recipe["program"]).toEqual({ version: "0.1.0", device: "cpu" });
    const hash = (name: string) =>
      new Bun.CryptoHasher("sha256")
        .update(require("node:fs").readFileSync(join(bench.folder, "models", name)))
        .digest("hex");
    expect(recipe["files"]).toEqual([
      { kind: "checkpoints", name: "base.safetensors", sha256: hash("checkpoints/base.safetensors") },
      { kind: "loras", name: "fine.safetensors", sha256: hash("loras/fine.safetensors") },
    ]);
    expect(recipe["recipe"].images.map(({ seed }: Recipe) => seed)).toEqual([
      "#9223372036854775800",
      "#9223372036854775801",
    ]);
    for (const { prompt, styles } of recipe["texts"]) {
      expect(["a tree", "a house"]).toContain(prompt);
      expect(styles).toEqual(["Plain"]);
    }
    expect(recipe["recipe"].images[0].positive.texts[0]).toBe(`a plain ${recipe["texts"][0].prompt}`);
    expect(recipe["pictures"]).toHaveLength(2);
    for (const field of ["webhook_url", "async_process", "preset"])
      expect(recipe["request"]).not.toHaveProperty(field);
  });

  test("has no addresses: a picture that it starts from is named by its content, and embedded where that is asked for", async () => {
    const id = await made({
      uov_input_image: Buffer.from(picture).toString("base64"),
      uov_method: "Vary (Subtle)",
    });
    const named = await told(id);
    const name = named["request"].uov_input_image;
    expect(name).toMatch(/^[0-9a-f]{64}\.png$/);
    expect(named["inputs"]).toEqual([{ name, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    const { data } = (await told(id, "?inputs=embed"))["inputs"][0];
    expect(new Bun.CryptoHasher("sha256").update(Buffer.from(data, "base64")).digest("hex")).toBe(
      named["inputs"][0].sha256,
    );
    expect((await ask(`/tasks/${id}/recipe?inputs=all`)).status).toBe(422);
  });

  test("there is none of a task that nobody knows, has not ended, or is deleted", async () => {
    expect((await ask(`/tasks/${"0".repeat(32)}/recipe`)).status).toBe(404);
    expect((await ask("/tasks/nothing/recipe")).status).toBe(404);
    gate.held = true;
    const { task_id } = await (
      await ask("/v1/engine/generate/", {
        method: "POST",
        body: JSON.stringify({ ...small, async_process: true }),
      })
    ).json();
    const early = await ask(`/tasks/${task_id}/recipe`);
    expect([early.status, (await early.json()).detail]).toEqual([
      409,
      `There is no recipe of the task ${task_id}: it has not ended.`,
    ]);
    gate.held = false;
    await bench.tasks.settled(task_id as TaskId, AbortSignal.timeout(60_000));
    expect((await ask(`/tasks/${task_id}/recipe`)).status).toBe(200);
    await ask(`/tasks/${task_id}`, { method: "DELETE" });
    expect((await ask(`/tasks/${task_id}/recipe`)).status).toBe(404);
  });
});

describe("posted back", () => {
  test("it makes an ordinary task with the same texts, and once under a key", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const before = await rows();
    const [first, again] = [await post(recipe, headers), await post(recipe, headers)];
    const { task_id } = await first.json();
    expect([first.status, (await again.json()).task_id, (await rows()) - before]).toEqual([200, task_id, 1]);
    await bench.tasks.settled(task_id as TaskId, AbortSignal.timeout(60_000));
    const own = await told(task_id);
    for (const part of ["recipe", "texts", "files", "request", "settings"])
      expect(own[part]).toEqual(recipe[part]);
    expect(own["pictures"].map(({ sha256 }: Recipe) => sha256)).toEqual(
      recipe["pictures"].map(({ sha256 }: Recipe) => sha256),
    );
  });

  test("its texts are drawn although the wildcards and styles are others", async () => {
    const value = changed((copy) => {
      copy["recipe"].images[0].positive.texts[0] = "something else";
      copy["texts"][0].styles = ["Of another machine"];
      copy["request"].style_selections = ["Plain"];
    });
    const { task_id } = await (await post(value)).json();
    await bench.tasks.settled(task_id as TaskId, AbortSignal.timeout(60_000));
    const own = await told(task_id);
    expect(own["recipe"].images[0].positive.texts).toEqual(["something else"]);
    expect(own["texts"][0].styles).toEqual(["Of another machine"]);
  });

  test("a recipe of another version or device is made, and its task says so", async () => {
    const value = changed((copy) => {
      copy["program"] = { version: "0.0.9", device: "cuda" };
    });
    const { warnings } = await (await post(value)).json();
    expect(warnings).toEqual([
      "The recipe was drawn by fooocusd 0.0.9, and this is 0.1.0: single values of the pictures may be rounded otherwise.",
      "The recipe was drawn on cuda, and this server draws on cpu: single values of the pictures may be rounded otherwise.",
    ]);
  });

  test("its pictures are taken in where they are not here, under their names", async () => {
    const id = await made({
      uov_input_image: Buffer.from(picture).toString("base64"),
      uov_method: "Vary (Subtle)",
    });
    const embedded = await told(id, "?inputs=embed");
    await ask(`/tasks/${id}`, { method: "DELETE" });
    const { name } = embedded["inputs"][0];
    require("node:fs").rmSync(join(bench.folder, "inputs", name), { force: true });
    const [problem] = await refusal(changed((copy) => delete copy["inputs"][0].data, embedded));
    expect(problem).toMatchObject({
      loc: ["body", "inputs", 0],
      msg: expect.stringContaining("?inputs=embed"),
    });
    expect((await post(embedded)).status).toBe(200);
    expect((await ask(`/inputs/${name}`)).status).toBe(200);
  });
});

describe("is refused, in a sentence that says what to mend", () => {
  test("every file that is missing or another one, all at once, with both hashes", async () => {
    const path = writeTinyCheckpoint(join(bench.folder, "models/checkpoints/mine.safetensors"));
    const own = await told(await made({ base_model_name: "mine.safetensors" }));
    const file = require("node:fs").readFileSync(path);
    file[file.length - 1] ^= 1;
    writeFileSync(path, file);
    const found = new Bun.CryptoHasher("sha256").update(file).digest("hex");
    const wanted = own["files"][0].sha256;
    const value = changed((copy) => {
      copy["files"][1].name = "gone.safetensors";
    }, own);
    const detail = await refusal(value);
    expect(detail.map(({ loc, msg }) => [loc, msg])).toEqual([
      [
        ["body", "files", 0],
        `checkpoints/mine.safetensors is another file here: its SHA-256 is ${found}, the recipe wants ${wanted}.`,
      ],
      [
        ["body", "files", 1],
        `loras/gone.safetensors is not here. The recipe wants the file whose SHA-256 is ${value["files"][1].sha256}.`,
      ],
    ]);
    expect(detail[0]).toMatchObject({ ctx: { wanted, found } });
  });

  test("a form that a newer program wrote", async () => {
    const [problem] = await refusal({ fooocusd_recipe: 2, whatever: {} });
    expect(problem?.msg).toContain(
      "has the form 2, which a newer fooocusd wrote; this one reads forms up to 1",
    );
  });

  test.each<[string, (copy: Recipe) => void, unknown[]]>([
    ["no recipe", (copy) => delete copy["recipe"], ["body", "recipe"]],
    [
      "steps that the request does not have",
      (copy) => (copy["recipe"].steps = 1),
      ["body", "recipe", "steps"],
    ],
    [
      "a size of its own",
      (copy) => (copy["recipe"].size.width = 1_000_000),
      ["body", "recipe", "size", "width"],
    ],
    [
      "a file that nobody chose",
      (copy) => (copy["recipe"].base = "../../secret"),
      ["body", "recipe", "base"],
    ],
    [
      "a part more",
      (copy) => (copy["recipe"].parts = [{ kind: "sam", name: "x" }]),
      ["body", "recipe", "parts"],
    ],
    [
      "a source of its own",
      (copy) => (copy["recipe"].source = { kind: "vary", picture: 0, working: 1024, strength: 1 }),
      ["body", "recipe", "source", "kind"],
    ],
    [
      "a seed that is not the request's",
      (copy) => (copy["recipe"].images[1].seed = 5),
      ["body", "recipe", "images", "1", "seed"],
    ],
    [
      "an image more",
      (copy) => copy["recipe"].images.push(copy["recipe"].images[0]),
      ["body", "recipe", "images", "2"],
    ],
    [
      "a rule of noise that there is not",
      (copy) => (copy["recipe"].noise = "loud"),
      ["body", "recipe", "noise"],
    ],
    [
      "no text",
      (copy) => (copy["recipe"].images[0].positive.texts = []),
      ["body", "recipe", "images", 0, "positive", "texts"],
    ],
    [
      "a text that is none",
      (copy) => (copy["recipe"].images[0].positive.texts = [7]),
      ["body", "recipe", "images", 0, "positive", "texts", 0],
    ],
    [
      "a text without end",
      (copy) => (copy["recipe"].images[0].positive.texts = ["x".repeat(250_001)]),
      ["body", "recipe", "images", 0, "positive", "texts", 0],
    ],
    [
      "texts without end",
      (copy) =>
        (copy["recipe"].images[0].negative.texts = Array.from({ length: 9 }, () => "x".repeat(250_000))),
      ["body", "recipe", "images"],
    ],
    [
      "more pooled texts than texts",
      (copy) => (copy["recipe"].images[0].positive.topK = 9),
      ["body", "recipe", "images"],
    ],
    ["a hash that is none", (copy) => (copy["files"][0].sha256 = "0"), ["body", "files", 0, "sha256"]],
    [
      "a name that leaves its folder",
      (copy) => (copy["files"][0].name = "../checkpoints/base.safetensors"),
      ["body", "files", 0],
    ],
    [
      "a file of another folder",
      (copy) => (copy["files"][0].kind = "../models/checkpoints"),
      ["body", "files", 0],
    ],
    ["a file whose hash is kept quiet", (copy) => copy["files"].shift(), ["body", "files"]],
    [
      "files without end",
      (copy) => (copy["files"] = Array.from({ length: 201 }, () => copy["files"][0])),
      ["body", "files"],
    ],
    [
      "a picture that is a path",
      (copy) => (copy["inputs"] = [{ name: "../db.sqlite3", sha256: "0".repeat(64) }]),
      ["body", "inputs", 0, "name"],
    ],
    [
      "a number that is none",
      (copy) => (copy["settings"].adaptive_cfg = 1e300),
      ["body", "settings", "adaptive_cfg"],
    ],
    ["a request that is none", (copy) => (copy["request"] = []), ["body", "request"]],
  ])("%s", async (_, change, loc) => expect((await refusal(changed(change)))[0]?.loc).toEqual(loc));

  test.each<[string, (request: Recipe) => void, string]>([
    [
      "a size that nobody may ask for",
      (request) => (request["overwrite_width"] = 1_000_000),
      "overwrite_width",
    ],
    ["steps that nobody may ask for", (request) => (request["overwrite_step"] = 100_000), "overwrite_step"],
    [
      "a checkpoint outside of its folder",
      (request) => (request["base_model_name"] = "../../etc/passwd"),
      "base_model_name",
    ],
    [
      "a picture of somebody's network",
      (request) =>
        Object.assign(request, { uov_input_image: "http://127.0.0.1:1/x.png", uov_method: "Vary (Subtle)" }),
      "uov_input_image",
    ],
  ])("its request as every other one: %s", async (_, change, field) => {
    const [problem] = await refusal(changed((copy) => change(copy["request"])));
    expect(problem?.loc).toEqual(["body", field]);
  });

  test.each<[string, (png: Buffer) => Buffer]>([
    ["another picture", (png) => Buffer.concat([png.subarray(0, 40), Buffer.from([1]), png.subarray(41)])],
    ["something behind its end", (png) => Buffer.concat([png, Buffer.from("<script>")])],
    [
      "a text beside its pixels",
      (png) =>
        Buffer.concat([
          png.subarray(0, 33),
          Buffer.from([0, 0, 0, 1]),
          Buffer.from("tEXtx0000"),
          png.subarray(33),
        ]),
    ],
    ["no picture at all", () => Buffer.from("<svg/>")],
  ])("a picture that is brought along: %s", async (what, change) => {
    const id = await made({
      uov_input_image: Buffer.from(picture).toString("base64"),
      uov_method: "Vary (Subtle)",
    });
    const own = await told(id, "?inputs=embed");
    const changedBytes = change(Buffer.from(own["inputs"][0].data, "base64"));
    const value = changed((copy) => {
      const [input] = copy["inputs"];
      input.data = changedBytes.toString("base64");
      input.name = `${new Bun.CryptoHasher("sha256").update(input.data).digest("hex")}.png`;
      if (what !== "another picture")
        input.sha256 = new Bun.CryptoHasher("sha256").update(changedBytes).digest("hex");
    }, own);
    const [problem] = await refusal(value);
    expect(problem?.loc.slice(0, 3)).toEqual(["body", "inputs", 0]);
    expect((await ask(`/inputs/${value["inputs"][0].name}`)).status).toBe(404);
  });

  test.each([
    "",
    "[]",
    "7",
    "null",
    '"x"',
    "{}",
    '{"fooocusd_recipe":"1"}',
    '{"fooocusd_recipe":1e999}',
    "{",
  ])("the body %s", async (body) => {
    const before = await rows();
    expect([(await postText(body)).status, await rows()]).toEqual([422, before]);
  });
});
