import { afterAll, expect, test } from "bun:test";
import type { Graph } from "#/graph/graph.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { type NetworkName, networks } from "#/networks/index.ts";
import { footprintOf, totalBytes } from "#/runtime/footprint.ts";
import type { JoinedLoras } from "#/weights/derived/joined-loras.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { goldenPath, tinyCheckpoint } from "../../support/golden.ts";
import { joinLoras } from "../../support/join-loras.ts";
import { locatedFor } from "../../support/network-tensors.ts";
import { sdxlTiny } from "../../support/sdxl-layout.ts";

const checkpoint = sdxlCheckpoint(readSafetensors(await tinyCheckpoint()));
const joined = await joinLoras(
  [readLora(goldenPath("tiny-lora-sgm.safetensors"), checkpoint, 0).unet],
  checkpoint.unet,
);
afterAll(() => joined.remove());

function drawn(name: NetworkName, clipSkip = 2, loras?: JoinedLoras): Graph {
  const { from, draw } = networks[name];
  const source = weightSource("tiny", locatedFor(from, checkpoint, sdxlTiny).tensors, loras);
  return draw(source, operators.cpu, { clipSkip });
}

const mapped = (graph: Graph) => footprintOf(graph, [checkpoint], "mapped");
const copied = (graph: Graph) => footprintOf(graph, [checkpoint], "copied");

/** The bytes of what stays in files, and of what is inside the graph, by another way of counting. */
function counted(graph: Graph): Readonly<{ outside: number; inside: number }> {
  const weights = [...graph.weights.values()];
  const size = (dims: readonly number[]): number => dims.reduce((product, n) => product * n, 1);
  const outside = weights.filter(({ inline }) => !inline).map(({ ref }) => ref.length);
  const vectors = weights.filter(({ inline }) => inline).map(({ dims }) => 4 * size(dims));
  const constants = [...graph.constants.values()].map(
    ({ type, dims }) => (type === "int64" ? 8 : 4) * size(dims),
  );
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
  return { outside: sum(outside), inside: sum(vectors) + sum(constants) };
}

test("one network takes its stretches of the file, and a copy of each vector and constant", () => {
  const unet = drawn("unet");
  const { outside, inside } = counted(unet);
  expect(totalBytes([mapped(unet)])).toBe(outside + inside);
  expect(mapped(unet).copied).toBe(inside);
  // The file is in halves, and a copy is in float32, which is computed in.
  expect(copied(unet)).toEqual({ mapped: new Map(), copied: 2 * outside + inside });
});

test("a UNet with LoRAs and one without have the checkpoint mapped once, and the joined factors beside it", () => {
  const [plain, tuned] = [drawn("unet"), drawn("unet", 2, joined.loras)];
  const factors = counted(tuned).outside - counted(plain).outside;
  expect(factors).toBeGreaterThan(0);
  const both = counted(plain).outside + factors + counted(plain).inside + counted(tuned).inside;
  expect(totalBytes([mapped(plain), mapped(tuned)])).toBe(both);
  expect(totalBytes([mapped(tuned), mapped(plain), mapped(tuned)])).toBe(both + counted(tuned).inside);
});

test("tensors that are packed in their file each count, although none of them has a place yet", () => {
  const tensors = [...checkpoint.unet].map(([key, ref]) => {
    const { path, offset, length, shape } = ref;
    const view = { start: 0, shape, strides: shape.map(() => 1) };
    return [
      key,
      { ...ref, path, offset: 0, packed: { storage: { offset, length }, view, element: 2 } },
    ] as const;
  });
  const packed = networks.unet.draw(weightSource("tiny", new Map(tensors)), operators.cpu);
  expect(totalBytes([mapped(packed)])).toBe(totalBytes([mapped(drawn("unet"))]));
});

test("copies count for each network", () => {
  const [plain, tuned] = [drawn("unet"), drawn("unet", 2, joined.loras)];
  const sum = totalBytes([copied(plain)]) + totalBytes([copied(tuned)]);
  expect(totalBytes([copied(plain), copied(tuned)])).toBe(sum);
});

test("two clip skips share all but what only one of them computes", () => {
  const [last, before] = [drawn("text-l", 1), drawn("text-l", 2)];
  expect(counted(last).outside).toBeGreaterThan(counted(before).outside);
  expect(totalBytes([mapped(last), mapped(before)])).toBe(
    counted(last).outside + counted(last).inside + counted(before).inside,
  );
});

test("the halves of a VAE have no tensor in common, and each half is counted once", () => {
  const halves = [drawn("vae-encoder"), drawn("vae-decoder")];
  const sum = halves.map(counted).reduce((total, { outside, inside }) => total + outside + inside, 0);
  expect(totalBytes(halves.map(mapped))).toBe(sum);
  const again = halves.map(counted).reduce((total, { inside }) => total + inside, sum);
  expect(totalBytes([...halves, ...halves].map(mapped))).toBe(again);
});

test("another stamp is another file: what is still mapped of the one before counts too", () => {
  const decoder = drawn("vae-decoder");
  const replaced = footprintOf(decoder, [{ path: checkpoint.path, stamp: "later" }], "mapped");
  const one = totalBytes([mapped(decoder)]);
  expect(totalBytes([mapped(decoder), replaced])).toBe(2 * one);
});
