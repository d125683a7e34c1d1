import { expect, test } from "bun:test";
import { join } from "node:path";
import { type Channel, processChannel, threadChannel } from "#/engine/channel.ts";
import { EngineHost } from "#/engine/host.ts";
import type { EngineEvent, EngineSettings } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { newTaskId } from "#/lib/task-id.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

const child = join(import.meta.dir, "../../support/inputs-child.ts");
const settings: EngineSettings = {
  modelRoots: [],
  providers: ["cpu"],
  weights: "in-place",
  memoryBudget: 0,
  derived: { folder: "", budget: 0 },
  threads: 1,
};
const id = newTaskId();

/** Bytes in no order, always the same. */
function painted(width: number, height: number): Pixmap {
  let state = width;
  const data = Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  });
  return { width, height, data };
}

/** The same picture in the middle of a larger buffer, as small files are decoded. */
function within({ data, ...size }: Pixmap): Pixmap {
  const buffer = new Uint8Array(data.length + 24).fill(255);
  buffer.set(data, 8);
  return { ...size, data: buffer.subarray(8, 8 + data.length) };
}

const channels: Readonly<Record<string, () => Channel>> = {
  thread: () => threadChannel(child),
  process: () => processChannel([process.execPath, child]),
};

for (const [name, open] of Object.entries(channels)) {
  test(`input pictures reach the stages of an engine in a ${name} to the last byte, in their order`, async () => {
    const engine = new EngineHost(settings, open);
    const [large, small] = [painted(1152, 896), painted(3, 2)];
    const seeds = [2n ** 63n - 1n, 2n ** 53n + 1n];
    const recipe = {
      ...smallRecipe,
      inputs: ["large.png", "small.png", "large.png"],
      images: smallRecipe.images.flatMap((image) => seeds.map((seed) => ({ ...image, seed }))),
    };
    const hashOf = ({ data }: Pixmap) => Bun.hash(Uint8Array.from(data));
    const expected = [large, small, large].map((pixmap) => ({ ...pixmap, data: hashOf(pixmap) }));

    const inputs = [large, within(small), large];
    const events: EngineEvent[] = [];
    for await (const event of engine.run({ type: "generate", id, recipe, inputs })) events.push(event);
    const images = events.flatMap((event) => (event.type === "image" ? [event] : []));
    expect(events.at(-1)).toEqual({ type: "settled", id, outcome: { status: "finished" } });
    for (const index of [0, 1]) {
      const found = images.filter((image) => image.index === index);
      expect(found.map(({ image }) => ({ ...image, data: hashOf(image) }))).toEqual(expected);
      expect(found.map(({ facts }) => facts.seed)).toEqual(expected.map(() => seeds[index] ?? 0n));
    }
    for (const { image } of images) expect(image.data.length).toBe(3 * image.width * image.height);
    await engine.close();
  }, 60_000);

  test(`an engine in a ${name} begins no job whose pictures did not all come with it`, async () => {
    const engine = new EngineHost(settings, open);
    const recipe = { ...smallRecipe, inputs: ["a.png", "b.png"] };
    const job = engine.run({ type: "generate", id, recipe, inputs: [painted(3, 2)] });
    const events: EngineEvent[] = [];
    for await (const event of job) events.push(event);
    expect(events.at(-1)).toMatchObject({ outcome: { status: "failed", error: { code: "bug" } } });
    await engine.close();
  }, 60_000);
}
