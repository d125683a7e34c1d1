import { expect, test } from "bun:test";
import { toFile } from "openai";
import sharp from "sharp";
import { type Extra, openAiClient, ownFields, refusalOf } from "../support/openai-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";
import { putModel } from "../support/task-bench.ts";

const size = { width: 96, height: 64 };
const plain = (background: string, { width, height } = size) =>
  sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
/** Left half transparent. */
const holed = async ({ width, height } = size) => {
  const data = Buffer.alloc(width * height * 4, 255);
  for (let pixel = 0; pixel < width * height; pixel += 1)
    if (pixel % width < width / 2) data[4 * pixel + 3] = 0;
  return await sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
};
const file = async (bytes: Buffer, name = "picture.png") => await toFile(bytes, name, { type: "image/png" });
const edit = { prompt: "a circle", ...ownFields };

const recordOf = async ({ url }: ServedBench, answer: unknown) =>
  await (await fetch(`${url}/tasks/${(answer as Extra).task_id}`)).json();

test("with a mask its transparent pixels are what is painted anew", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine });
  const answer = await openAiClient(bench).images.edit({
    ...edit,
    image: await file(await plain("red")),
    mask: await file(await holed()),
    n: 2,
  });
  expect(answer.data).toHaveLength(2);
  const { req_params: asked } = await recordOf(bench, answer);
  expect(engine.jobs[0]?.recipe.source).toMatchObject({ kind: "inpaint", invert: false });
  const mask = await sharp(await (await fetch(asked.inpaint_mask_image_upload)).bytes())
    .raw()
    .toBuffer();
  const channels = mask.length / (size.width * size.height);
  expect([mask[0], mask[(size.width - 1) * channels]]).toEqual([255, 0]);
  const picture = await sharp(await (await fetch(asked.inpaint_input_image)).bytes())
    .raw()
    .toBuffer();
  expect([...picture.subarray(0, 3)]).toEqual([255, 0, 0]);
  expect((await bench.tasks.find((answer as unknown as Extra).task_id as never))?.door).toEqual({
    name: "openai",
    word: "edit",
  });
});

test("without a mask the picture is varied, as much as input_fidelity or strength says", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine });
  const { images } = openAiClient(bench);
  const image = await file(await plain("red"));
  const strengthOf = async (more: object) => {
    await images.edit({ ...edit, image, ...more });
    const source = engine.jobs.at(-1)?.recipe.source;
    return source?.kind === "vary" ? source.strength : source?.kind;
  };
  expect([
    await strengthOf({}),
    await strengthOf({ input_fidelity: "high" }),
    await strengthOf({ strength: 0.3 }),
  ]).toEqual([0.85, 0.5, 0.3]);
});

test("several pictures: the others guide where there are files for that, else they take no part, which is told", async () => {
  await using bench = await serveBench();
  const [red, blue] = await Promise.all(
    ["red", "blue"].map(async (colour) => await file(await plain(colour))),
  );
  if (red === undefined || blue === undefined) throw new Error("no pictures");
  const answer = await openAiClient(bench).images.edit({
    ...edit,
    image: [red, blue],
    mask: await file(await holed()),
  });
  const { warnings } = answer as unknown as Extra;
  expect(warnings?.join()).toContain("The pictures behind the first one took no part.");
  expect(warnings?.join()).toContain("models/controlnet");
  const { req_params: asked } = await recordOf(bench, answer);
  const picture = await sharp(await (await fetch(asked.inpaint_input_image)).bytes())
    .raw()
    .toBuffer();
  expect([...picture.subarray(0, 3)]).toEqual([255, 0, 0]);
});

test("a stream of an edit has names of its own", async () => {
  await using bench = await serveBench();
  const image = await file(await plain("red"));
  const types: string[] = [];
  const events = await openAiClient(bench).images.edit({ ...edit, image, stream: true });
  for await (const { type } of events) types.push(type);
  expect(types).toEqual(["image_edit.completed"]);
});

test("what is not used of an edit is told", async () => {
  await using bench = await serveBench();
  const { images } = openAiClient(bench);
  const image = await file(await plain("red"));
  const answer = await images.edit({ ...edit, image, size: "1024x1024", ...{ markup: "x", bogus: 1 } });
  const { warnings } = answer as unknown as Extra;
  expect(warnings?.join("\n")).toContain("size 1024x1024 was not used");
  expect(warnings?.join("\n")).toContain("There are no such fields: markup");
  const masked = await images.edit({
    ...edit,
    image,
    mask: await file(await holed()),
    input_fidelity: "high",
  });
  expect((masked as unknown as Extra).warnings?.join()).toContain("input_fidelity high was not used");
});

test("a list of objects is read as OpenAI's clients put it into a form", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine });
  for (const name of ["one", "two"]) putModel(bench.folder, `loras/${name}.safetensors`);
  const { images } = openAiClient(bench);
  const image = await file(await plain("red"));
  const asked = async (...loras: object[]) => await images.edit({ ...edit, image, ...{ loras } });
  const [one, two] = [{ model_name: "one.safetensors" }, { model_name: "two.safetensors" }];
  const answer = await asked({ ...one, weight: 0.25 }, { weight: 0.5, ...two });
  expect((answer as unknown as Extra).warnings).toBeUndefined();
  expect(engine.jobs.at(-1)?.recipe.loras).toMatchObject([
    { name: "one.safetensors", weight: 0.25 },
    { name: "two.safetensors", weight: 0.5 },
  ]);
  await asked(one, two);
  expect(engine.jobs.at(-1)?.recipe.loras.map(({ weight }) => weight)).toEqual([1, 1]);
  // Whose the weight is, the form does not say.
  const refusal = await refusalOf(asked(one, { ...two, weight: 0.5 }));
  expect(refusal).toMatchObject({ status: 400, param: "loras" });
  expect(refusal.message).toContain("as one JSON text");
});

test("a picture that is transparent itself is no mask, which is told", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine });
  const { images } = openAiClient(bench);
  const [clear, red] = [await holed(), await plain("red")];
  const warningsOf = async (more: Readonly<{ image: File; mask?: File }>): Promise<string> =>
    ((await images.edit({ ...edit, ...more })) as unknown as Extra).warnings?.join() ?? "";
  const sentence = "What is transparent in image was laid over white";
  expect(await warningsOf({ image: await file(clear) })).toContain(sentence);
  expect(engine.jobs.at(-1)?.recipe.source?.kind).toBe("vary");
  expect(await warningsOf({ image: await file(red) })).not.toContain(sentence);
  expect(await warningsOf({ image: await file(clear), mask: await file(clear) })).not.toContain(sentence);
  expect(engine.jobs.at(-1)?.recipe.source?.kind).toBe("inpaint");
});

test("pictures that are none, and masks that mask nothing, are refused with the field", async () => {
  await using bench = await serveBench();
  const { images } = openAiClient(bench);
  const [red, mask] = [await file(await plain("red")), await file(await holed())];
  const broken = await file((await plain("red")).subarray(0, 40));
  const cases = [
    [{ image: broken }, "image", "not an image that can be read"],
    [{ image: await file(Buffer.alloc(0)) }, "image", "not an image that can be read"],
    [{ image: [red, broken], mask }, undefined, ""],
    [{ image: red, mask: broken }, "mask", "not an image that can be read"],
    [{ image: red, mask: red }, "mask", "Nothing of mask is transparent"],
    [
      { image: red, mask: await file(await holed({ width: 64, height: 64 })) },
      "mask",
      "64x64 pixels and image 96x64",
    ],
    [{ image: red, mask: broken, stream: true }, "mask", "not an image that can be read"],
    [{ image: Array.from({ length: 17 }, () => red) }, "image", "There may be 16 pictures, not 17"],
    [{ image: red, prompt: " " }, "prompt", "prompt is empty"],
    [{ image: red, n: 1000 }, "n", "less than or equal to 32"],
  ] as const;
  for (const [body, param, words] of cases) {
    const asked = images.edit({ ...edit, ...(body as { image: typeof red }) });
    if (param === undefined) {
      // Without files for it nobody looks at it.
      expect((await asked).data).toHaveLength(1);
      continue;
    }
    const refusal = await refusalOf(asked);
    expect(refusal).toMatchObject({ status: 400, type: "invalid_request_error", param });
    expect(refusal.message).toContain(words);
  }
});

test("a form by hand: no file, a text in its place, the name of several for one, lists as JSON", async () => {
  await using bench = await serveBench();
  const post = async (parts: readonly (readonly [string, string | Buffer])[]) => {
    const form = new FormData();
    for (const [name, part] of parts)
      if (typeof part === "string") form.append(name, part);
      else form.append(name, new Blob([part as Uint8Array<ArrayBuffer>]), "a.png");
    const answer = await fetch(`${bench.url}/v1/images/edits`, { method: "POST", body: form });
    return { status: answer.status, ...(await answer.json()) };
  };
  const prompt = ["prompt", "a circle"] as const;
  expect(await post([prompt])).toMatchObject({ status: 400, error: { param: "image", code: "bad_image" } });
  const text = await post([prompt, ["image", "https://example.com/cat.png"]]);
  expect(text.error.message).toContain("a text in the place of a file");
  const red = await plain("red");
  const wrong = await post([prompt, ["image", red], ["loras", "[{"]]);
  expect(wrong).toMatchObject({ status: 400, error: { param: "loras" } });
  const unknown = await post([prompt, ["image", red], ["loras", '[{"model_name": "gone.safetensors"}]']]);
  expect(unknown).toMatchObject({ status: 400, error: { param: "loras.0.model_name" } });
  const made = await post([prompt, ["image[]", red], ["steps", "4"], ["styles[]", "Fooocus V2"], ["n", "1"]]);
  expect(made).toMatchObject({ status: 200, size: expect.any(String) });
  const { req_params: asked } = await recordOf(bench, made);
  expect([asked.overwrite_step, asked.style_selections]).toEqual([4, ["Fooocus V2"]]);
});

test("a form that says a thing twice is refused: one of the two would be forgotten", async () => {
  await using bench = await serveBench();
  const asked = async (more: readonly (readonly [string, string | Blob])[]) => {
    const form = new FormData();
    form.append("prompt", "a circle");
    form.append("image", new Blob([await plain("red")]), "a.png");
    for (const [name, value] of more) form.append(name, value);
    const answer = await fetch(`${bench.url}/v1/images/edits`, { method: "POST", body: form });
    return [answer.status, (await answer.json()).error?.param];
  };
  const mask = new Blob([await holed()]);
  expect(await asked([["prompt", "a star"]])).toEqual([400, "prompt"]);
  expect(
    await asked([
      ["n", "1"],
      ["n", "2"],
    ]),
  ).toEqual([400, "n"]);
  expect(
    await asked([
      ["mask", mask],
      ["mask", mask],
    ]),
  ).toEqual([400, "mask"]);
  expect(await bench.tasks.history({ page: 0, pageSize: 9 })).toEqual([]);
});

test("JSON as OpenAI has it: images and mask by URL or data URL, but no file ids", async () => {
  const engine = new ScriptedEngine();
  await using bench = await serveBench({ engine });
  const post = async (body: object) => {
    const init = { method: "POST", body: JSON.stringify({ ...edit, ...body }) };
    const answer = await fetch(`${bench.url}/v1/images/edits`, init);
    return { status: answer.status, ...(await answer.json()) };
  };
  const url = (bytes: Buffer) => ({ image_url: `data:image/png;base64,${bytes.toString("base64")}` });
  const images = [url(await plain("red"))];
  const made = await post({ images, mask: url(await holed()), response_format: "url" });
  expect([made.status, engine.jobs[0]?.recipe.source.kind]).toEqual([200, "inpaint"]);
  // The address of a picture of ours is read from the disk.
  const again = await post({ images: [{ image_url: made.data[0].url }] });
  expect([again.status, engine.jobs[1]?.recipe.source.kind]).toEqual([200, "vary"]);
  expect(await post({ images: [{ file_id: "file-1" }] })).toMatchObject({
    status: 400,
    error: { param: "images.0" },
  });
  expect(await post({ images: [5] })).toMatchObject({ status: 400, error: { param: "images.0" } });
  expect(await post({ images, mask: {} })).toMatchObject({ status: 400, error: { param: "mask" } });
  expect(await post({ images, mask: { image_url: "!" } })).toMatchObject({
    status: 400,
    error: { param: "mask" },
  });
  expect(await post({})).toMatchObject({ status: 400, error: { param: "image" } });
});

test("one key makes one task of a form, and another picture under it is another request", async () => {
  await using bench = await serveBench();
  const { images } = openAiClient(bench);
  const headers = { "Idempotency-Key": "mine" };
  const asked = async (colour: string) =>
    images.edit({ ...edit, image: await file(await plain(colour)) }, { headers });
  const ids = [await asked("red"), await asked("red")].map((answer) => (answer as unknown as Extra).task_id);
  expect(new Set(ids).size).toBe(1);
  expect(await refusalOf(asked("blue"))).toMatchObject({ status: 400, code: "reused_key" });
});
