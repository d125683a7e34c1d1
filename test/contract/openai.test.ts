import { expect, test } from "bun:test";
import sharp from "sharp";
import { type Extra, openAiClient, ownFields, refusalOf, smallImage } from "../support/openai-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { putModel } from "../support/task-bench.ts";

const image = { ...smallImage, ...ownFields };
const bytesOf = (base64: string | undefined) => Buffer.from(base64 ?? "", "base64");

test("a picture, as data or by its address; its task is one like all others", async () => {
  await using bench = await serveBench();
  const answer = await openAiClient(bench).images.generate(image);
  const { task_id } = answer as unknown as Extra;
  const [made] = answer.data ?? [];
  const bytes = bytesOf(made?.b64_json);
  expect(await sharp(bytes).metadata()).toMatchObject({ format: "png", width: 64, height: 64 });
  const again = await openAiClient(bench).images.generate({ ...image, response_format: "url" });
  const url = again.data?.[0]?.url ?? "";
  expect(
    await sharp(await (await fetch(url)).bytes())
      .raw()
      .toBuffer(),
  ).toEqual(await sharp(bytes).raw().toBuffer());
  expect(answer).toMatchObject({
    created: expect.any(Number),
    background: "opaque",
    output_format: "png",
    quality: "medium",
    size: "64x64",
    usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0, input_tokens_details: { text_tokens: 0 } },
    model: "base.safetensors",
  });
  expect(Object.keys(made ?? {})).toEqual(["b64_json", "seed"]);
  expect(made).toMatchObject({ seed: 7 });
  expect(answer).not.toHaveProperty("warnings");
  const record = await (await fetch(`${bench.url}/tasks/${task_id}`)).json();
  expect([record.task_status, record.req_params.overwrite_step]).toEqual(["finished", 4]);
  expect(Buffer.from(await (await fetch(record.result[0])).bytes())).toEqual(bytes);
  const { tasks } = await (await fetch(`${bench.url}/v1/history`)).json();
  expect(tasks.map((task: { task_id: string }) => task.task_id)).toContain(task_id);
  expect((await bench.tasks.find(record.task_id))?.door).toEqual({ name: "openai", word: "generation" });
});

test("several pictures, each way to answer them, and their formats", async () => {
  await using bench = await serveBench();
  const client = openAiClient(bench);
  const two = await client.images.generate({ ...image, n: 2, response_format: "url" });
  expect(two.data?.map((one) => Object.keys(one))).toEqual([
    ["url", "seed"],
    ["url", "seed"],
  ]);
  const formats = await Promise.all(
    (["jpeg", "webp"] as const).map(async (output_format) => {
      const { data } = await client.images.generate({ ...image, output_format, response_format: "b64_json" });
      expect(Object.keys(data?.[0] ?? {})).toEqual(["b64_json", "seed"]);
      return (await sharp(bytesOf(data?.[0]?.b64_json)).metadata()).format;
    }),
  );
  expect(formats).toEqual(["jpeg", "webp"]);
  const packed = await client.images.generate({ ...image, output_format: "jpeg", output_compression: 40 });
  expect(Object.keys(packed.data?.[0] ?? {})).toEqual(["b64_json", "seed"]);
  expect((await sharp(bytesOf(packed.data?.[0]?.b64_json)).metadata()).format).toBe("jpeg");
  const { task_id } = packed as unknown as Extra;
  const record = await (await fetch(`${bench.url}/tasks/${task_id}`)).json();
  expect(record.result[0]).toEndWith(".png");
});

test("our own fields reach the recipe", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine });
  putModel(bench.folder, "loras/mine.safetensors");
  const loras = [{ model_name: "mine.safetensors", weight: 0.25 }];
  const own = {
    negative_prompt: "a square",
    guidance_scale: 6,
    sampler_name: "heun",
    scheduler_name: "normal",
    loras,
  };
  await openAiClient(bench).images.generate({ ...image, ...own, seed: 11, steps: 3 } as typeof image);
  const recipe = engine.jobs[0]?.recipe;
  expect(recipe).toMatchObject({
    steps: 3,
    sampler: "heun",
    loras: [{ name: "mine.safetensors", weight: 0.25 }],
  });
  expect(recipe?.guidance.cfg).toBe(6);
  expect(recipe?.images.map(({ seed }) => seed)).toEqual([11n]);
});

test("what is not used is told, in the answer and in the record: an unknown model, fields of OpenAI's, and nobody's", async () => {
  await using bench = await serveBench();
  const answer = await openAiClient(bench).images.generate({
    ...image,
    model: "gpt-image-1",
    background: "transparent",
    moderation: "low",
    style: "vivid",
    user: "somebody",
    ...{ negativ_prompt: "x", safety_identifier: null, partial_images: 2 },
  });
  const { warnings, task_id, model } = answer as unknown as Extra;
  expect(model).toBe("base.safetensors");
  const told = warnings?.join("\n") ?? "";
  for (const field of ["background", "moderation", "style", "user", "partial_images 2"])
    expect(told).toContain(`${field} was not used`);
  expect(told).toContain("There is no field negativ_prompt (here: negative_prompt)");
  expect(told).toContain('There is no model "gpt-image-1" here: base.safetensors was used.');
  expect(told).not.toContain("somebody");
  const record = await (await fetch(`${bench.url}/tasks/${task_id}`)).json();
  expect(record.warnings).toEqual(warnings);
});

test("quality low is a fast performance where its LoRA is", async () => {
  await using bench = await serveBench();
  const low = await openAiClient(bench).images.generate({ ...smallImage, quality: "low" });
  expect(low.quality).toBe("low");
  const { task_id } = low as unknown as Extra;
  const record = await (await fetch(`${bench.url}/tasks/${task_id}`)).json();
  expect(record.req_params.performance_selection).toBe("Lightning");
});

test("models are the checkpoints, the usual one first", async () => {
  await using bench = await serveBench();
  putModel(bench.folder, "checkpoints/another.safetensors");
  putModel(bench.folder, "checkpoints/sub/third.safetensors");
  const client = openAiClient(bench);
  const ids: string[] = [];
  for await (const { id, object, created } of client.models.list()) {
    ids.push(id);
    expect([object, Math.abs(created - Date.now() / 1000) < 3600]).toEqual(["model", true]);
  }
  expect([ids[0], ids.toSorted()]).toEqual([
    "base.safetensors",
    ["another.safetensors", "base.safetensors", "sub/third.safetensors"],
  ]);
  expect((await client.models.retrieve("sub/third.safetensors")).id).toBe("sub/third.safetensors");
  expect(await refusalOf(client.models.retrieve("gpt-image-1"))).toMatchObject({
    status: 404,
    code: "model_not_found",
    param: "model",
  });
  const named = await client.images.generate({ ...image, model: "another" });
  const { model, warnings } = named as unknown as Extra;
  expect([model, warnings]).toEqual(["another.safetensors", undefined]);
});

test("what cannot be made is refused in OpenAI's form, with the field and the way out", async () => {
  await using bench = await serveBench();
  const { images } = openAiClient(bench);
  const cases = [
    [{ ...image, size: "1024" }, "size", "write auto, or WIDTHxHEIGHT"],
    [{ ...image, size: "1000x1001" }, "size", "The nearest one is 1000x1000."],
    [{ ...image, n: 0 }, "n", "n: Input should be greater than or equal to 1."],
    [{ ...image, n: 1000 }, "n", "n: Input should be less than or equal to 32."],
    [{ ...image, prompt: "" }, "prompt", "prompt is empty"],
    [{ ...image, prompt: "x".repeat(300_000) }, "prompt", "250000 is the limit"],
    [{ ...image, seed: 2 ** 70 }, "seed", "seed: Input should be less"],
    [{ ...image, seed: 2 ** 63 }, "seed", "seed: Input should be less than 9223372036854775808."],
    [{ ...image, steps: 5000 }, "steps", "5000 steps are more"],
    [{ ...image, styles: ["Nobody's"] }, "styles", "There is no style"],
    [{ ...image, loras: [{ model_name: "gone.safetensors" }] }, "loras.0.model_name", "gone.safetensors"],
    [{ ...image, output_format: "gif" }, "output_format", "'png', 'jpeg' or 'webp'"],
    [{ ...image, partial_images: 4, stream: true }, "partial_images", "less than or equal to 3"],
  ] as const;
  for (const [body, param, words] of cases) {
    const refusal = await refusalOf(images.generate(body as typeof image));
    expect(refusal).toMatchObject({ status: 400, type: "invalid_request_error", param });
    expect(refusal.message).toContain(words);
    expect(refusal.code).toMatch(/^[a-z_]+$/);
  }
  const longest = { ...image, prompt: "a ".repeat(50_000) };
  expect((await images.generate(longest)).data).toHaveLength(1);
  expect(await bench.tasks.countSettled()).toBe(1);
});

test("bodies that are none, and routes that are not here, are refused in OpenAI's form", async () => {
  await using bench = await serveBench();
  const post = async (path: string, body: BodyInit, type?: string) => {
    const headers = type === undefined ? {} : { "content-type": type };
    const answer = await fetch(bench.url + path, { method: "POST", headers, body });
    const { error } = await answer.json();
    return [answer.status, error.type, error.code, error.message];
  };
  const form = new FormData();
  form.set("prompt", "a circle");
  const wrong = [400, "invalid_request_error"];
  const json = "application/json";
  const generations = "/v1/images/generations";
  expect(await post(generations, "{", json)).toEqual([
    ...wrong,
    "json_invalid",
    expect.stringContaining("no JSON"),
  ]);
  expect(await post(generations, "[]", json)).toEqual([...wrong, "model_attributes_type", expect.anything()]);
  expect(await post(generations, "", json)).toEqual([...wrong, "model_attributes_type", expect.anything()]);
  expect(await post(generations, form)).toEqual([...wrong, null, expect.stringContaining("takes JSON")]);
  expect(await post("/images/generations", "{}", json)).toEqual([
    404,
    "invalid_request_error",
    "not_found",
    expect.stringContaining("ends with /v1"),
  ]);
  const chat = openAiClient(bench).chat.completions.create({ model: "x", messages: [] });
  expect((await refusalOf(chat)).message).toContain("This server makes pictures");
  // Asked for by those who try whether an address is right, before a picture.
  const withoutEnd = openAiClient(bench, { baseURL: bench.url });
  for (const list of [() => withoutEnd.models.list(), () => withoutEnd.models.retrieve("x")])
    expect((await refusalOf(list())).message).toContain("ends with /v1");
  expect((await refusalOf(openAiClient(bench).files.list())).message).toContain("This server makes pictures");
  expect((await fetch(bench.url + generations)).status).toBe(405);
});

test("a key is OpenAI's bearer token: right, wrong and none", async () => {
  await using bench = await serveBench({ keys: ["secret"] });
  const wrong = await refusalOf(openAiClient(bench, { apiKey: "guess" }).images.generate(image));
  expect(wrong).toMatchObject({ status: 401, type: "invalid_request_error", code: "invalid_api_key" });
  expect(wrong.message).toContain("The API key is missing or wrong");
  const client = openAiClient(bench, { apiKey: "secret" });
  expect((await client.images.generate(image)).data).toHaveLength(1);
  expect((await client.models.list()).data).toHaveLength(1);
  const none = await fetch(`${bench.url}/v1/models`);
  expect([none.status, (await none.json()).error.code]).toEqual([401, "invalid_api_key"]);
  // What a stranger sends is not read.
  const large = { ...image, prompt: "x".repeat(100_000) };
  const stranger = openAiClient(bench, { apiKey: "guess" }).images.generate(large);
  expect((await refusalOf(stranger)).status).toBe(401);
});

test("a task that fails is told, and is not sent again: the client would have it fail three times", async () => {
  const engine = new ScriptedEngine({
    beforeStep: ({ image: at, step }) => {
      if (at === 1 && step === 2) throw new Error("it broke");
    },
  });
  await using bench = await serveBench({ engine });
  const client = openAiClient(bench, { maxRetries: 2 });
  const refusal = await refusalOf(client.images.generate({ ...image, n: 2 }));
  expect([refusal.status, refusal.type, refusal.code]).toEqual([500, "server_error", "bug"]);
  expect(refusal.message).toMatch(/it broke The pictures that were made before are kept: http\S+\.png$/);
  expect(await bench.tasks.countSettled()).toBe(1);
});

test("a task that is stopped gives the pictures that it made, or says that there are none", async () => {
  const atSecond = Promise.withResolvers<void>();
  const engine = new ScriptedEngine({
    beforeStep: ({ image: at, step }) => (at === 1 && step === 2 ? atSecond.promise : undefined),
  });
  await using bench = await serveBench({ engine });
  const { images } = openAiClient(bench);
  const asked = images.generate({ ...image, n: 3 });
  const first = () => bench.tasks.current()?.state;
  expect(
    await soon(() => {
      const state = first();
      return state?.status === "running" && state.images.length === 1;
    }),
  ).toBe(true);
  await bench.tasks.control("current", "stop");
  atSecond.resolve();
  const some = await asked;
  expect(some.data).toHaveLength(1);
  expect((some as unknown as Extra).warnings?.at(-1)).toContain("was stopped after 1 of 3 pictures");
  await bench.tasks.pause(true);
  const waiting = refusalOf(images.generate(image));
  expect(await soon(() => bench.tasks.pending().length === 1)).toBe(true);
  await bench.tasks.cancelWaiting();
  expect(await waiting).toMatchObject({
    status: 409,
    message: expect.stringContaining("before there was a picture"),
  });
});

test("too many waiting tasks are a 429, which the client waits for by itself", async () => {
  await using bench = await serveBench({ config: { queue_limit: 1 } });
  await bench.tasks.pause(true);
  const { images } = openAiClient(bench);
  const first = images.generate(image);
  expect(await soon(() => bench.tasks.pending().length === 1)).toBe(true);
  expect(await refusalOf(images.generate(image))).toMatchObject({ status: 429, type: "rate_limit_error" });
  await bench.tasks.pause(false);
  expect((await first).data).toHaveLength(1);
});

test("one key makes one task, whatever became of the connection", async () => {
  await using bench = await serveBench();
  const headers = { "Idempotency-Key": "mine" };
  const { images } = openAiClient(bench);
  const ids = await Promise.all(
    [1, 2].map(async () => ((await images.generate(image, { headers })) as unknown as Extra).task_id),
  );
  expect(new Set(ids).size).toBe(1);
  const other = await refusalOf(images.generate({ ...image, seed: 8 } as typeof image, { headers }));
  expect(other).toMatchObject({ status: 400, code: "reused_key" });
});

test("a client that goes away ends its waiting, and its task is made all the same", async () => {
  const held = Promise.withResolvers<void>();
  const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 2 ? held.promise : undefined) });
  await using bench = await serveBench({ engine });
  const leaving = new AbortController();
  const asked = openAiClient(bench).images.generate(image, { signal: leaving.signal });
  const left = asked.then(
    () => "answered",
    (thrown: unknown) => (thrown instanceof Error ? thrown.constructor.name : ""),
  );
  expect(await soon(() => bench.tasks.current() !== undefined)).toBe(true);
  const id = bench.tasks.current()?.id;
  leaving.abort();
  expect(await left).toBe("APIUserAbortError");
  held.resolve();
  const record = await (await fetch(`${bench.url}/tasks/${id}?wait=60`)).json();
  expect([record.task_status, record.result.length]).toEqual(["finished", 1]);
});

test("Open WebUI's requests: of a GPT image model it names no format, and takes an address before the data", async () => {
  await using bench = await serveBench();
  const headers = { authorization: "Bearer any", "content-type": "application/json" };
  const asked = { model: "gpt-image-1", prompt: "a circle", n: 1, size: "512x512" };
  const post = async (body: object) => {
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return await (await fetch(`${bench.url}/v1/images/generations?api-version=1`, init)).json();
  };
  const { data } = await post(asked);
  expect([data.length, Object.keys(data[0])]).toEqual([1, ["b64_json", "seed"]]);
  const named = await post({ ...asked, model: "dall-e-3", response_format: "b64_json" });
  expect(Object.keys(named.data[0])).toEqual(["b64_json", "seed"]);
  const form = new FormData();
  for (const [name, value] of Object.entries(asked)) form.append(name, String(value));
  form.append("background", "auto");
  const png = bytesOf(data[0].b64_json);
  form.append("image[]", new Blob([png], { type: "image/png" }), "image.png");
  const edited = await fetch(`${bench.url}/v1/images/edits`, { method: "POST", body: form });
  expect([edited.status, Object.keys((await edited.json()).data[0])]).toEqual([200, ["b64_json", "seed"]]);
});

test("a client of the models before has addresses where it names no format", async () => {
  await using bench = await serveBench();
  const { data } = await openAiClient(bench).images.generate({ ...image, model: "dall-e-3" });
  expect(Object.keys(data?.[0] ?? {})).toEqual(["url", "seed"]);
});
