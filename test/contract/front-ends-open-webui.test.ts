import { expect, test } from "bun:test";
import { encodePreview } from "#/image/encode.ts";
import { flat, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench } from "../support/served-bench.ts";

/**
 * What Open WebUI's images router asks of its engine "Automatic1111": paths, headers, bodies and order as it sends them, and of
 * the answers what it reads. Read at commit 02530d50 of its repository.
 *
 * @param auth what the admin typed as authentication; without, the header is sent with an empty name and password
 */
function automatic1111(address: string, auth = "") {
  const headers = {
    authorization: `Basic ${Buffer.from(auth).toString("base64")}`,
    accept: "*/*",
    "user-agent": "Python/3.11 aiohttp/3.13.2",
  };
  const get = async (path: string) => await fetch(`${address}${path}`, { headers });
  const post = async (path: string, body: object) =>
    await fetch(`${address}${path}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const options = async (): Promise<Record<string, unknown>> => (await get("/sdapi/v1/options")).json();
  /** All options come back with one of them changed. */
  const choose = async (model: string) => {
    const all = await options();
    if (model === all["sd_model_checkpoint"]) return 0;
    return (await post("/sdapi/v1/options", { ...all, sd_model_checkpoint: model })).status;
  };
  return {
    verify: async () => (await get("/sdapi/v1/options")).ok,
    models: async () => {
      const rows: readonly { title: string; model_name: string }[] = await (
        await get("/sdapi/v1/sd-models")
      ).json();
      return rows.map(({ title, model_name }) => ({ id: title, name: model_name }));
    },
    choose,
    draw: async (body: object) => {
      await options();
      const answer = await (await post("/sdapi/v1/txt2img", body)).json();
      const images: readonly string[] | undefined = answer.images;
      return { images, info: answer.info, detail: answer.detail };
    },
  };
}

const kindOf = (base64: string | undefined): string =>
  Buffer.from(base64 ?? "", "base64")
    .subarray(1, 4)
    .toString();

test("Open WebUI on A1111's API: verify, models, another model, pictures, an error", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine });
  const client = automatic1111(bench.url);
  expect(await client.verify()).toBe(true);
  const models = await client.models();
  expect(models).toEqual([{ id: "base.safetensors", name: "base" }]);
  expect([await client.choose(models[0]?.id ?? ""), await client.choose("base")]).toEqual([0, 200]);
  const { images = [], info } = await client.draw({
    prompt: "a circle",
    batch_size: 2,
    width: 64,
    height: 64,
    steps: 5,
    negative_prompt: "a square",
    // What an admin may type as additional parameters.
    cfg_scale: 5,
    sampler_name: "Euler a",
    scheduler: "Karras",
  });
  expect(images.map(kindOf)).toEqual(["PNG", "PNG"]);
  expect(typeof info).toBe("string");
  expect(engine.jobs[0]?.recipe.size).toEqual({ width: 64, height: 64 });
  const wrong = await client.draw({ prompt: "a circle", batch_size: 1, width: 64, height: 64, steps: 0 });
  expect(wrong.images).toBeUndefined();
  expect(JSON.stringify(wrong.detail)).toContain("steps");
});

test("the key is the password of its authentication", async () => {
  await using bench = await serveBench({ keys: ["secret"] });
  expect(await automatic1111(bench.url).verify()).toBe(false);
  expect(await automatic1111(bench.url, "me:secret").verify()).toBe(true);
});

/**
 * What it asks of its engine "OpenAI", of which `address` ends with `/v1`.
 *
 * @param model as the admin typed it; pictures of those that begin with gpt-image are expected without being asked for as base64
 */
function openAi(address: string, key: string, model: string) {
  const authorization = `Bearer ${key}`;
  const format = model.startsWith("gpt-image") ? {} : { response_format: "b64_json" };
  const read = async (response: Response) => {
    const answer = await response.json();
    if (!response.ok) return { status: response.status, message: answer.error?.message, kinds: [] };
    const data: readonly { url?: string; b64_json?: string }[] = answer.data;
    return { status: response.status, kinds: data.map(({ url, b64_json }) => url ?? kindOf(b64_json)) };
  };
  return {
    draw: async (body: object) =>
      read(
        await fetch(`${address}/images/generations`, {
          method: "POST",
          headers: { authorization, "content-type": "application/json" },
          body: JSON.stringify({ model, ...body, ...format }),
        }),
      ),
    edit: async (body: Record<string, string>, pictures: readonly Blob[]) => {
      const form = new FormData();
      for (const [name, value] of Object.entries({ model, ...body, ...format })) form.append(name, value);
      // One picture is `image`, of several each is `image[]`.
      const name = pictures.length === 1 ? "image" : "image[]";
      for (const picture of pictures) form.append(name, picture, `${crypto.randomUUID()}.png`);
      return read(
        await fetch(`${address}/images/edits`, { method: "POST", headers: { authorization }, body: form }),
      );
    },
  };
}

const encodedPicture = async () =>
  Buffer.from(await encodePreview(flat({ width: 64, height: 64 }, 7n), "png"));

test("Open WebUI on OpenAI's API: pictures of any model's name, edits, an error, a key", async () => {
  await using bench = await serveBench({ keys: ["secret"] });
  for (const model of ["dall-e-2", "gpt-image-1"]) {
    const client = openAi(`${bench.url}/v1`, "secret", model);
    expect(await client.draw({ prompt: "a circle", n: 2, size: "64x64" })).toEqual({
      status: 200,
      kinds: ["PNG", "PNG"],
    });
    const picture = new Blob([await encodedPicture()], {
      type: "image/png",
    });
    for (const pictures of [[picture], [picture, picture]])
      expect(await client.edit({ prompt: "a square", size: "64x64" }, pictures)).toMatchObject({
        status: 200,
        kinds: ["PNG"],
      });
    const wrong = await client.draw({ prompt: "a circle", n: 1, size: "1x1" });
    expect([wrong.status, wrong.message]).toEqual([400, expect.stringContaining("size")]);
    const guess = await openAi(`${bench.url}/v1`, "guess", model).draw({ prompt: "a circle", n: 1 });
    expect([guess.status, typeof guess.message]).toEqual([401, "string"]);
  }
});
