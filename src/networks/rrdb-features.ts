import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { residual } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { foldPixels } from "#/graph/ops/resize.ts";
import { upscalerSource } from "#/weights/layouts/upscaler.ts";
import { rrdb } from "./blocks/rrdb-blocks.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** The upscaler's first half, ESRGAN's blocks: what is in a picture, at the picture's own size. */
export const rrdbFeatures = {
  name: "rrdb-features",
  title: "upscaler",
  from: upscalerSource,
  loras: undefined,
  keyedBy: [],
  packed: true,
  inputs: { image: "picture" },
  outputs: ["features"],
  draw: drawRrdbFeatures,
  goldens: { listing: "rrdb-features", answers: ["upscaler.x4.features"] },
} as const satisfies Network;

/**
 * The generator of ESRGAN (Wang et al. 2018, figure 3) up to its enlargement: a convolution, blocks, a convolution, and a way
 * past them. Real-ESRGAN's networks for twice the size and for the same size fold their picture first, 2 x 2 or 4 x 4 pixels
 * to one.
 *
 * Input: `image` [N, 3, f h, f w], 0 to 1, f = 1, 2 or 4 as it folds. Output: `features` [N, C, h, w].
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawRrdbFeatures(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  const first = conv2d(m.at("conv_first"), folded(g, m));
  let h = first;
  for (let block = 0; block < m.count("body"); block += 1) h = rrdb(m.at("body").at(block), h);
  g.output("features", residual(m, first, conv2d(m.at("conv_body"), h)));
  return g;
}

/** The picture, as the first convolution's width says it wants it. */
function folded(g: Graph, m: Module): Value {
  const fold = [1, 2, 4].find((side) => m.size("conv_first.weight", 1) === 3 * side * side);
  if (fold === undefined) throw m.misshapen("conv_first.weight", "3, 12 or 48 input channels");
  if (fold === 1) return g.input("image", "float32", ["N", 3, "h", "w"]);
  return foldPixels(g.input("image", "float32", ["N", 3, `${fold}*h`, `${fold}*w`]), fold);
}
