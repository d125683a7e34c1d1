import { expect, test } from "bun:test";
import OpenAI from "openai";
import type { ImageGenStreamEvent } from "openai/resources/images";
import sharp from "sharp";
import { type Extra, openAiClient, ownFields, refusalOf, smallImage } from "../support/openai-client.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";

const image = { ...smallImage, ...ownFields };
const streamed = { ...image, stream: true, partial_images: 3 } as const;

/** The events up to the end, and what ended them if it was an error. */
async function storyOf(
  events: AsyncIterable<ImageGenStreamEvent>,
  saw: (type: string) => Promise<void> | void = () => undefined,
) {
  const story: (ImageGenStreamEvent & Partial<Extra>)[] = [];
  try {
    for await (const event of events) {
      story.push(event);
      await saw(event.type);
    }
  } catch (thrown) {
    if (!(thrown instanceof OpenAI.APIError)) throw thrown;
    return { story, error: thrown };
  }
  return { story, error: undefined };
}

const told = (story: readonly ImageGenStreamEvent[]) =>
  story.map((event) =>
    event.type === "image_generation.partial_image" ? `partial ${event.partial_image_index}` : event.type,
  );

test("partial pictures from 0 on, each when its step is done, then the picture; for each of several", async () => {
  const seen: string[] = [];
  const engine = new ScriptedEngine({
    // A step waits until the client has seen the picture of the one before, which is so no longer at the end.
    beforeStep: async ({ image: at, step }) => {
      if (step > 1) await soon(() => seen.length >= at * 4 + step - 1);
    },
  });
  await using bench = await serveBench({ engine });
  const events = await openAiClient(bench).images.generate({ ...streamed, n: 2 });
  const { story, error } = await storyOf(events, (type) => void seen.push(type));
  expect(error).toBeUndefined();
  const one = ["partial 0", "partial 1", "partial 2", "image_generation.completed"];
  expect(told(story)).toEqual([...one, ...one]);
  for (const event of story) {
    expect(event).toMatchObject({
      size: "64x64",
      quality: "medium",
      background: "opaque",
      output_format: "png",
    });
    expect((await sharp(Buffer.from(event.b64_json, "base64")).metadata()).format).toBe("png");
  }
  expect(story.at(-1)).toMatchObject({ usage: { total_tokens: 0 }, seed: 8 });
});

test("without partial pictures a stream is the picture; warnings come with the last one, and formats are as asked", async () => {
  await using bench = await serveBench();
  const events = await openAiClient(bench).images.generate({
    ...image,
    stream: true,
    n: 2,
    model: "gpt-image-1",
    output_format: "webp",
  });
  const { story } = await storyOf(events);
  expect(told(story)).toEqual(["image_generation.completed", "image_generation.completed"]);
  expect(story.at(-1)?.warnings?.join()).toContain("gpt-image-1");
  expect((await sharp(Buffer.from(story[0]?.b64_json ?? "", "base64")).metadata()).format).toBe("webp");
});

test("a partial picture is of the format that was asked for", async () => {
  const seen: string[] = [];
  const engine = new ScriptedEngine({
    beforeStep: async ({ step }) => void (step === 4 && (await soon(() => seen.length > 0))),
  });
  await using bench = await serveBench({ engine });
  const asked = { ...streamed, partial_images: 1, output_format: "jpeg" } as const;
  const { story } = await storyOf(
    await openAiClient(bench).images.generate(asked),
    (type) => void seen.push(type),
  );
  const formats = story.map(
    async ({ b64_json }) => (await sharp(Buffer.from(b64_json, "base64")).metadata()).format,
  );
  expect([told(story), await Promise.all(formats)]).toEqual([
    ["partial 0", "image_generation.completed"],
    ["jpeg", "jpeg"],
  ]);
});

test("what is wrong before the first event is a status, not a stream", async () => {
  await using bench = await serveBench();
  const { images } = openAiClient(bench);
  expect(await refusalOf(images.generate({ ...streamed, size: "7x7" }))).toMatchObject({
    status: 400,
    param: "size",
  });
  expect(await refusalOf(images.generate({ ...streamed, prompt: "" }))).toMatchObject({
    status: 400,
    param: "prompt",
  });
});

test("what goes wrong in the middle is an event that the client throws, behind what was made", async () => {
  const engine = new ScriptedEngine({
    beforeStep: ({ image: at, step }) => {
      if (at === 1 && step === 2) throw new Error("it broke");
    },
  });
  await using bench = await serveBench({ engine });
  const asked = { ...image, stream: true, n: 2 } as const;
  const { story, error } = await storyOf(await openAiClient(bench).images.generate(asked));
  expect(told(story)).toEqual(["image_generation.completed"]);
  expect(error).toMatchObject({ type: "server_error", code: "bug", message: "it broke" });
});

test("a task that is stopped, or deleted, ends its stream with an error that says so", async () => {
  const held = Promise.withResolvers<void>();
  const engine = new ScriptedEngine({
    beforeStep: ({ image: at, step }) => (at === 1 && step === 2 ? held.promise : undefined),
  });
  await using bench = await serveBench({ engine });
  const events = await openAiClient(bench).images.generate({ ...image, stream: true, n: 2 });
  const { story, error } = await storyOf(events, async () => {
    await bench.tasks.control("current", "stop");
    held.resolve();
  });
  expect(told(story)).toEqual(["image_generation.completed"]);
  expect(error).toMatchObject({
    code: "conflict",
    message: expect.stringContaining("after 1 of 2 pictures"),
  });
});

test("a server that ends says so, and the task is kept", async () => {
  const held = Promise.withResolvers<void>();
  const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 2 ? held.promise : undefined) });
  const bench = await serveBench({ engine });
  const client = openAiClient(bench);
  const story = storyOf(await client.images.generate(streamed));
  const waiting = refusalOf(client.images.generate(image));
  expect(await soon(() => bench.tasks.pending().length === 1)).toBe(true);
  const closing = bench.tasks.close(50);
  expect((await story).error).toMatchObject({ type: "server_error", code: "interrupted" });
  expect(await waiting).toMatchObject({ status: 503, message: expect.stringContaining("is kept") });
  held.resolve();
  await closing;
  await bench.close();
});

test("the wire: comments until there is something to say, events with their names, the last one with its blank line", async () => {
  const held = Promise.withResolvers<void>();
  const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 1 ? held.promise : undefined) });
  await using bench = await serveBench({ engine });
  const answer = await fetch(`${bench.url}/v1/images/generations`, {
    method: "POST",
    body: JSON.stringify({ ...image, stream: true }),
  });
  expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  held.resolve();
  const text = await answer.text();
  expect(text).toMatch(
    /^: ping\n\n(?:: ping\n\n)*event: image_generation\.completed\ndata: \{"type":"image_generation\.completed",[^\n]+\}\n\n$/,
  );
});

test("who breaks off a stream ends the watching, and the task is made all the same", async () => {
  const held = Promise.withResolvers<void>();
  const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 3 ? held.promise : undefined) });
  await using bench = await serveBench({ engine });
  let id = "";
  for await (const event of await openAiClient(bench).images.generate(streamed)) {
    id = (event as unknown as Extra).task_id;
    break;
  }
  held.resolve();
  const record = await (await fetch(`${bench.url}/tasks/${id}?wait=60`)).json();
  expect([record.task_status, record.result.length]).toEqual(["finished", 1]);
});

test("the same key streams the same picture again, also when it is long made", async () => {
  await using bench = await serveBench();
  const { images } = openAiClient(bench);
  const headers = { "Idempotency-Key": "mine" };
  const again = async () => {
    const { story } = await storyOf(await images.generate({ ...image, stream: true }, { headers }));
    return story.map(({ type, b64_json, task_id }) => ({ type, b64_json, task_id }));
  };
  const first = await again();
  expect(first).toHaveLength(1);
  expect(await again()).toEqual(first);
});
