import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { listing } from "#/graph/listing.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { cubicResize } from "#/image/operations/cubic-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { captionNetworks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import { captionOf, captionTokens, shownPicture } from "#/pipeline/describe/caption.ts";
import { captionStart, captionText } from "#/pipeline/text/caption-tokens.ts";
import { captionerOf } from "#/runtime/captioner.ts";
import { loneNetworks } from "#/runtime/lone-networks.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { blipTensors } from "#/weights/layouts/blip.ts";
import { blipBase, blipShapes } from "../support/blip-layout.ts";
import { expectNear } from "../support/expect-near.ts";
import { every, pixels } from "../support/formula-picture.ts";
import { goldenPath, goldenTensors, tinyBlip } from "../support/golden.ts";
import { missingGoldens } from "../support/missing-goldens.ts";
import { headerOf } from "../support/sdxl-layout.ts";
import { openWorkshop } from "../support/workshop.ts";
import cases from "./captions.json";

/**
 * Captions against transformers' BLIP with the same weights (scripts/golden/captions.py): its networks within the tolerance of
 * networks.test.ts, and the tokens that it draws after `manual_seed`, each of them.
 */
const tolerance = 1e-4;
setDefaultTimeout(300_000);

const golden = goldenTensors("captions.safetensors");
const path = await tinyBlip();
const workshop = openWorkshop(operators.cpu);
afterAll(() => workshop.close());
const { ask, tensors } = loneNetworks(path, blipTensors, workshop);
const captioner = captionerOf(ask, tensors);

/** The picture of the script: whole numbers, scaled. */
const levels: Tensor = {
  dims: [1, 3, 384, 384],
  data: Float32Array.from({ length: 3 * 384 * 384 }, (_, i) => ((i * 31 + 977) % 8191) / 2048 - 2),
};
const shown = await captioner.look(levels);

test("the vision tower: what each layer of the decoder asks of it", () => {
  expect(captioner.side).toBe(384);
  expectNear(every(shown, 41, 1), golden("blip.shown"), tolerance);
});

test("the decoder: what comes next, with and without a memory, and what it remembers", async () => {
  const { blank } = captioner;
  const scores = (data: Float32Array): Tensor => every({ dims: [1, data.length], data }, 97, 1);
  const first = await captioner.next({ ids: captionStart, memory: blank, shown });
  expectNear(scores(first.scores), golden("blip.scores"), tolerance);
  expectNear(first.memory, golden("blip.present"), tolerance);
  const second = await captioner.next({ ids: [2450], memory: first.memory, shown });
  expectNear(scores(second.scores), golden("blip.next"), tolerance);
  const whole = await captioner.next({ ids: [...captionStart, 2450], memory: blank, shown });
  expectNear(scores(whole.scores), golden("blip.next"), tolerance);
});

test("the same seeds draw the same tokens, which make the same sentences", async () => {
  expect(Math.min(...cases.seeds.map(({ ids }) => ids.length))).toBeLessThan(75);
  for (const { seed, ids, text } of cases.seeds) {
    expect(await captionTokens(captioner, shown, { seed: BigInt(seed) })).toEqual(ids);
    expect(captionText(ids)).toBe(text);
  }
});

test("pictures of any size are captioned by their own seed, time and again", async () => {
  for (const { width, height, text } of cases.pictures) {
    expect(await captionOf(pixels(width, height), captioner)).toBe(text);
    expect(await captionOf(pixels(width, height), captioner)).toBe(text);
  }
});

test("a caption can be ended before each of its words", async () => {
  let words = 0;
  const pause = (): void => {
    words += 1;
    if (words === 3) throw new Error("enough");
  };
  expect(captionOf(pixels(45, 33), captioner, pause)).rejects.toThrow("enough");
});

test("tokens become the words that transformers makes of them", () => {
  for (const { ids, text } of cases.texts) expect(captionText(ids)).toBe(text);
});

test("a picture is stretched as torch does it: cubic, and not antialiased", () => {
  const asFloats = ({ width, height, data }: Pixmap) => ({
    width,
    height,
    channels: 3,
    data: Float32Array.from(data, (value) => value / 255),
  });
  for (const [name, from, size] of [
    ["down", pixels(37, 29), { width: 11, height: 9 }],
    ["up", pixels(7, 5), { width: 19, height: 23 }],
  ] as const) {
    const { width, height, channels, data } = cubicResize(asFloats(from), size);
    const found = { dims: [height, width, channels], data };
    expectNear(found, golden(`cubic.${name}`), 2e-6);
  }
  const stretched = every(every(shownPicture(pixels(45, 33), 384), 23, 2), 29, 3);
  expectNear(stretched, golden("blip.levels"), 2e-6);
});

const full = blipTensors(headerOf(blipShapes(blipBase), "/model_base_caption_capfilt_large.pth"));
for (const [name, { goldens, inputs, outputs, draw }] of Object.entries<Network>(captionNetworks)) {
  test(`${name}: its graph is the listed one, with the inputs and outputs it declares`, async () => {
    const graph = draw(weightSource("base", full.tensors), operators.cpu, { clipSkip: 1 });
    const listed = goldenPath(`listings/${goldens.listing}.txt`);
    const text = listing(graph);
    if (process.env["UPDATE_LISTINGS"] !== undefined || !existsSync(listed)) writeFileSync(listed, text);
    expect(text.split("\n")).toEqual((await Bun.file(listed).text()).split("\n"));
    expect(graph.inputs.map((port) => port.name)).toEqual(Object.keys(inputs));
    expect(graph.outputs.map((port) => port.name)).toEqual([...outputs]);
  });
}

test("every answer that these networks declare as their proof is compared here", () => {
  const answers = new Set(["blip.shown", "blip.scores", "blip.present", "blip.next"]);
  const listings = new Set(Object.values(captionNetworks).map(({ goldens }) => goldens.listing));
  expect(missingGoldens(captionNetworks, { listings, answers })).toEqual([]);
});
