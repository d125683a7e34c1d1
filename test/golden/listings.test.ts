import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { listing } from "#/graph/listing.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { networks } from "#/networks/index.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { goldenPath } from "../support/golden.ts";
import { headerOf, sdxlBase, sdxlShapes } from "../support/sdxl-layout.ts";

const file = headerOf(sdxlShapes(sdxlBase), "/sd_xl_base_1.0.safetensors");
const checkpoint = sdxlCheckpoint(file);
const values = (tensors: WeightMap): number =>
  [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);

test("the layout has as many tensors and values as published", () => {
  expect(file.tensors.size).toBe(2515 - 1); // without L's list of positions, which is no weight
  expect([checkpoint.unet.size, values(checkpoint.unet)]).toEqual([1680, 2_567_463_684]);
  expect([checkpoint.textL.size, values(checkpoint.textL)]).toEqual([196, 123_060_480]);
  expect(values(checkpoint.textG)).toBe(694_659_841);
  expect([checkpoint.vae.size, values(checkpoint.vae)]).toEqual([248, 83_653_863]);
});

for (const { name, from, goldens, draw } of Object.values(networks)) {
  const tensors = checkpoint[from.checkpoint.name];
  const graph = draw(weightSource("SDXL base", tensors), operators.cpu, { clipSkip: 2 });

  // `UPDATE_LISTINGS=1 bun test test/golden/listings.test.ts` writes them anew; the diff is what to look at.
  test(`the graph of SDXL base's ${name} is the listed one`, async () => {
    const path = goldenPath(`listings/${goldens.listing}.txt`);
    const text = listing(graph);
    if (process.env["UPDATE_LISTINGS"] !== undefined || !existsSync(path)) writeFileSync(path, text);
    const listed = (await Bun.file(path).text()).split("\n");
    const drawn = text.split("\n");
    const at = drawn.findIndex((line, i) => line !== listed[i]);
    expect(at === -1 ? [] : drawn.slice(at, at + 5)).toEqual(at === -1 ? [] : listed.slice(at, at + 5));
    expect(drawn.length).toBe(listed.length);
  });

  test(`SDXL base's ${name}: every matrix is cast once, but for the table of tokens; no vector is`, () => {
    const cast = graph.casts.map(({ inputs }) => inputs[0] ?? "");
    expect(new Set(cast).size).toBe(cast.length);
    const matrices = [...graph.weights.values()].filter(({ ref }) => ref.shape.length > 1);
    const expected = matrices
      .map((weight) => weight.name)
      .filter((key) => !/token_embedding.weight$/.test(key));
    expect(cast.toSorted()).toEqual(expected.toSorted());
    expect([...graph.weights.values()].filter(({ inline }) => !inline)).toEqual(matrices);
  });
}

test("the UNet uses every tensor of its part", () => {
  const graph = networks.unet.draw(weightSource("SDXL base", checkpoint.unet), operators.cpu);
  expect(graph.weights.size).toBe(1680);
  expect(new Set([...graph.weights.values()].map(({ ref }) => ref.offset)).size).toBe(1680);
});
