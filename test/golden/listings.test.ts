import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { Graph } from "#/graph/graph.ts";
import { listing } from "#/graph/listing.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { linear } from "#/graph/ops/linear.ts";
import { networks } from "#/networks/index.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import type { Difference } from "#/weights/differences.ts";
import { type DType, dtypeBytes } from "#/weights/dtype.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { goldenPath } from "../support/golden.ts";
import { locatedFor } from "../support/network-tensors.ts";
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

/** Holds a listing to the file of its name. */
async function listed(name: string, text: string): Promise<void> {
  const path = goldenPath(`listings/${name}.txt`);
  if (process.env["UPDATE_LISTINGS"] !== undefined || !existsSync(path)) writeFileSync(path, text);
  const expected = (await Bun.file(path).text()).split("\n");
  const drawn = text.split("\n");
  const at = drawn.findIndex((line, i) => line !== expected[i]);
  expect(at === -1 ? [] : drawn.slice(at, at + 5)).toEqual(at === -1 ? [] : expected.slice(at, at + 5));
  expect(drawn.length).toBe(expected.length);
}

/** A weight, or a difference, of a layer with 3 inputs and 4 outputs. */
function ref(key: string, dtype: DType): WeightRef {
  const shape = key.includes("weight") ? [4, 3] : [4];
  return { path: "/small", key, dtype, shape, offset: 0, length: dtypeBytes[dtype] * 4 * (shape[1] ?? 1) };
}

const rows: WeightRef = { path: "/small", key: "low", dtype: "F16", shape: [1], offset: 0, length: 2 };

/** Tables of tokens, of which rows are looked up before they are cast. */
const tables = /token_embedding.weight$|^transformer\.w[tp]e\.weight$|bert\.embeddings\.\w+\.weight$/;

for (const { name, from, goldens, draw } of Object.values(networks)) {
  const { tensors } = locatedFor(from, checkpoint, sdxlBase);
  const graph = draw(weightSource("SDXL base", tensors), operators.cpu, { clipSkip: 2 });

  // `UPDATE_LISTINGS=1 bun test test/golden/listings.test.ts` writes them anew; the diff is what to look at.
  test(`the graph of SDXL base's ${name} is the listed one`, async () => {
    await listed(goldens.listing, listing(graph));
  });

  test(`SDXL base's ${name}: every matrix is cast once, but for the table of tokens; no vector is`, () => {
    const cast = graph.casts.filter(({ op }) => op === "Cast").map(({ inputs }) => inputs[0] ?? "");
    expect(new Set(cast).size).toBe(cast.length);
    const matrices = [...graph.weights.values()].filter(({ ref }) => ref.shape.length > 1);
    const expected = matrices.map((weight) => weight.name).filter((key) => !tables.test(key));
    expect(cast.toSorted()).toEqual(expected.toSorted());
    expect([...graph.weights.values()].filter(({ inline }) => !inline)).toEqual(matrices);
  });
}

test("the graph of SDXL base's UNet with FreeU is the listed one, and beyond it that without", async () => {
  const source = weightSource("SDXL base", checkpoint.unet);
  const text = listing(networks.unet.draw(source, operators.cpu, { freeU: true }));
  await listed("unet-freeu", text);
  const plain = listing(networks.unet.draw(source, operators.cpu, { freeU: false }));
  expect(plain).toBe(listing(networks.unet.draw(source, operators.cpu)));
});

test("an inpaint head's answer is added to the first convolution before it is kept for the way up: one node more", () => {
  const source = weightSource("SDXL base", checkpoint.unet);
  const plain = networks.unet.draw(source, operators.cpu);
  const graph = networks.unet.draw(source, operators.cpu, { inpaint: true });
  expect(graph.nodes.length).toBe(plain.nodes.length + 1);
  const added = graph.nodes.find(({ inputs }) => inputs.includes("inpaint"));
  const [sum = ""] = added?.outputs ?? [];
  expect(graph.edges.get(sum)?.dims).toEqual(["N", 320, "h", "w"]);
  expect(graph.nodes.filter(({ inputs }) => inputs.includes(sum)).map(({ op }) => op)).toContain("Concat");
  const [before = ""] = added?.inputs ?? [];
  expect(graph.nodes.filter(({ inputs }) => inputs.includes(before))).toEqual([added!]);
});

for (const [kind, changes] of [
  ["float", (values: WeightRef): Difference => ({ owner: 1, values })],
  ["8-bit", (values: WeightRef): Difference => ({ owner: 0, values, range: { low: rows, high: 0.5 } })],
] as const)
  test(`what is drawn for a ${kind} difference is as listed`, async () => {
    const dtype = kind === "float" ? "F16" : "U8";
    const tensors = new Map(["proj.weight", "proj.bias"].map((key) => [key, ref(key, "F16")]));
    const differences = new Map(
      [...tensors.keys()].map((key) => [key, [changes(ref(`${key}.diff`, dtype))]]),
    );
    const g = new Graph({ operators: operators.cpu });
    const m = new Module(g, weightSource("small", tensors, undefined, { count: 2, tensors: differences }));
    g.output("y", linear(m.at("proj"), g.input("x", "float32", ["R", 3])));
    await listed(`difference-${kind}`, listing(g));
  });

test("the UNet uses every tensor of its part", () => {
  const graph = networks.unet.draw(weightSource("SDXL base", checkpoint.unet), operators.cpu);
  const read = new Map<string, number>();
  for (const { ref } of graph.weights.values()) read.set(ref.key, (read.get(ref.key) ?? 0) + ref.length);
  // Kernels that are transformed part by part are read so, each part once.
  expect(read).toEqual(new Map([...checkpoint.unet.values()].map(({ key, length }) => [key, length])));
});
