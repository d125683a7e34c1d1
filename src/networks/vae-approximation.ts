import { Graph } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { keepingShape } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { doubleNearest } from "#/graph/ops/resize.ts";
import { previewSources } from "#/weights/layouts/preview.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** Fooocus' own network for previews. */
export const vaeApproximation = {
  name: "vae-approximation",
  title: "network for previews",
  from: previewSources.approximation,
  loras: undefined,
  keyedBy: [],
  inputs: { latent: "latent" },
  outputs: ["image"],
  draw: drawVaeApproximation,
  goldens: { listing: "vae-approximation", answers: ["approximation.image"] },
} as const satisfies Network;

/** Rows and columns of zeros around the latent: what the eight kernels take away. */
const border = 11;

/**
 * A look at a latent by eight convolutions, of a quarter of the picture's size.
 *
 * Input: `latent` [N, 4, h, w] in sampler space. Output: `image` [N, 3, 2h, 2w], about -1 to 1.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawVaeApproximation(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  let x = doubleNearest(g.input("latent", "float32", ["N", 4, "h", "w"]));
  for (let n = 1; n <= 8; n += 1) {
    const y = conv2d(m.at(`conv${n}`), x, { padding: n === 1 ? border : 0 });
    x = keepingShape("LeakyRelu", y, { alpha: { float: 0.1 } });
  }
  g.output("image", x);
  return g;
}
