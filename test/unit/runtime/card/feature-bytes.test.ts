import { expect, test } from "bun:test";
import { Arena } from "#/card/arena.ts";
import { features, published, sides } from "#/card/usual-jobs.ts";
import { Graph } from "#/graph/graph.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { add, mul } from "#/graph/ops/arithmetic.ts";
import { reshape } from "#/graph/ops/shape.ts";
import { type NetworkName, networks } from "#/networks/index.ts";
import { featureBytes } from "#/runtime/card/feature-bytes.ts";
import { lengthOf } from "#/runtime/card/length-of.ts";
import { footprintOf, totalBytes } from "#/runtime/footprint.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { evaluateDimension } from "../../../support/evaluate-dimension.ts";
import { locatedFor } from "../../../support/network-tensors.ts";
import { headerOf, type SdxlSizes, sdxlBase, sdxlShapes, ssd1b, vega } from "../../../support/sdxl-layout.ts";

const mebibyte = 2 ** 20;

function drawn(name: NetworkName, sizes: SdxlSizes = sdxlBase): Graph {
  const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sizes), "/checkpoint.safetensors"));
  const { from, draw } = networks[name];
  const { tensors } = locatedFor(from, checkpoint, sizes);
  return draw(weightSource("full size", tensors), operators.cuda, { clipSkip: 2 });
}

const lengths = (N: number, side: number) => ({ N, T: 154, h: side / 8, w: side / 8, H: side, W: side });
const arenaOf = (graph: Graph, N: number, side: number): number =>
  featureBytes(graph, lengths(N, side)).arena / mebibyte;

/**
 * MiB of its arena that ONNX Runtime 1.30's CUDA provider asked a stand-in card for, by side of the picture and batch
 * (`scripts/check/cuda-placement`), kernels' workspaces included where they come from the arena.
 */
const measured = [
  ["unet", 512, 1, 65],
  ["unet", 1024, 1, 261],
  ["unet", 1024, 2, 521],
  ["vae-decoder", 512, 1, 1026],
  ["vae-decoder", 640, 1, 2050],
  ["vae-decoder", 768, 1, 3074],
  ["vae-decoder", 1024, 1, 3074],
  ["vae-decoder", 1536, 1, 14340],
  ["vae-encoder", 512, 1, 520],
  ["vae-encoder", 640, 1, 1040],
  ["vae-encoder", 1024, 1, 2080],
  ["vae-encoder", 1536, 1, 6208],
] as const;

const graphs = new Map((["unet", "vae-decoder", "vae-encoder"] as const).map((name) => [name, drawn(name)]));

for (const [name, side, batch, found] of measured)
  test(`the arena of ${name} at ${side} in batches of ${batch} is what the provider asks for`, () => {
    const graph = graphs.get(name);
    if (graph === undefined) throw new Error(`${name} was not drawn`);
    const told = arenaOf(graph, batch, side);
    expect(told / found).toBeGreaterThan(0.95);
    expect(told / found).toBeLessThan(1.05);
  });

test("where a workspace makes the arena grow once more, the provider asks for twice as much", () => {
  const graph = graphs.get("unet");
  if (graph === undefined) throw new Error("no UNet was drawn");
  for (const [batch, found] of [
    [1, 1029],
    [2, 2058],
  ] as const)
    expect(found / arenaOf(graph, batch, 1536)).toBeLessThan(2.01);
});

test("what is said of published networks is what their layouts give", () => {
  const weights = (graph: Graph): number =>
    Math.round(totalBytes([footprintOf(graph, [], "copied")]) / mebibyte);
  const unet = graphs.get("unet");
  const decoder = graphs.get("vae-decoder");
  if (unet === undefined || decoder === undefined) throw new Error("they were not drawn");
  expect({
    "SDXL's UNet": weights(unet),
    "SSD-1B's UNet": weights(drawn("unet", ssd1b)),
    "Vega's UNet": weights(drawn("unet", vega)),
    "text encoder L": weights(drawn("text-l")),
    "text encoder G": weights(drawn("text-g")),
    "a ControlNet": weights(drawn("controlnet")),
    "the image tower": weights(drawn("vision-tokens")),
    "the VAE's decoder": weights(decoder),
    "the refiner's UNet": Math.round((2 * 2_259_526_660) / mebibyte),
  }).toEqual(published);
  for (const side of sides)
    expect({
      apart: arenaOf(unet, 1, side),
      together: arenaOf(unet, 2, side),
      whole: arenaOf(decoder, 1, side),
    }).toEqual(features[side]);
});

test("features are counted from the node that makes them to their last reader, seen under another shape or not", () => {
  const g = new Graph({ operators: operators.cpu });
  const x = g.input("x", "float32", ["R", 256]); // 1 kB a row
  const twice = add(x, x);
  const seen = reshape(twice, [-1, 128]);
  const product = mul(seen, seen); // x is no longer read
  g.output("y", reshape(product, [-1, 256]));
  expect(featureBytes(g, { R: 1024 }).peak).toBe(2 * mebibyte);
});

test("lengths are what another reader of them says", () => {
  const names = { h: 7, w: 5, N: 2, T: 154 };
  for (const dim of ["N*h*w", "ceil(h/2)", "2*ceil(h/4)*ceil(w/4)", "(T+1)", "floor((h+1)/2)", 12, "8*h"])
    expect(lengthOf(dim, names)).toBe(evaluateDimension(dim, names));
  expect(lengthOf("unheard_of", names)).toBe(1);
});

test("an arena's regions double, are split and joined again, and never given back", () => {
  const arena = new Arena();
  arena.take("a", mebibyte / 2);
  arena.take("b", mebibyte / 2);
  expect(arena.bytes).toBe(mebibyte);
  arena.take("c", 1);
  expect(arena.bytes).toBe(3 * mebibyte);
  arena.give("a");
  arena.give("b");
  arena.take("d", mebibyte); // both halves in one
  expect(arena.bytes).toBe(3 * mebibyte);
  arena.take("e", 5 * mebibyte);
  expect(arena.bytes).toBe(11 * mebibyte);
});
