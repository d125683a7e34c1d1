import { Graph } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { doubleNearest } from "#/graph/ops/resize.ts";
import { upscalerSource } from "#/weights/layouts/upscaler.ts";
import { leaky } from "./blocks/rrdb-blocks.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** The upscaler's second half: a larger picture of the features. */
export const rrdbPixels = {
  name: "rrdb-pixels",
  title: "upscaler",
  from: upscalerSource,
  loras: undefined,
  keyedBy: [],
  packed: true,
  inputs: { features: "latent" },
  outputs: ["image"],
  draw: drawRrdbPixels,
  goldens: { listing: "rrdb-pixels", answers: ["upscaler.x4.image"] },
} as const satisfies Network;

/**
 * The generator of ESRGAN (Wang et al. 2018, figure 3) from its enlargement on: for each doubling the nearest pixels and a
 * convolution, then two convolutions. A pixel of the answer depends on features at most two away, which is why a strip of
 * features with two more rows on each side gives the very pixels of the whole.
 *
 * Input: `features` [N, C, h, w]. Output: `image` [N, 3, s h, s w], about 0 to 1, s = 1, 2, 4 or 8.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawRrdbPixels(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  let h = g.input("features", "float32", ["N", m.size("conv_hr.weight", 1), "h", "w"]);
  for (let up = 1; m.has(`conv_up${up}`); up += 1) h = leaky(conv2d(m.at(`conv_up${up}`), doubleNearest(h)));
  g.output("image", conv2d(m.at("conv_last"), leaky(conv2d(m.at("conv_hr"), h))));
  return g;
}
