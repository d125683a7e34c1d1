import { sameShape } from "#/graph/dimensions.ts";
import { Graph } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { concat, padByEdge } from "#/graph/ops/shape.ts";
import { inpaintHeadSource } from "#/weights/layouts/inpaint-head.ts";
import type { Network } from "./network.ts";

/** What tells the denoising network of the hole in a picture: Fooocus' inpaint head, asked once for each picture. */
export const inpaintHead = {
  name: "inpaint-head",
  title: "inpaint head",
  from: inpaintHeadSource,
  loras: undefined,
  keyedBy: [],
  inputs: { hole: "latent", picture: "latent" },
  outputs: ["feature"],
  draw: drawInpaintHead,
  goldens: { listing: "inpaint-head", answers: ["inpaint-head.feature"] },
} as const satisfies Network;

/**
 * One convolution without a bias; what is outside repeats the edge.
 *
 * Inputs: `hole` [N, 1, h, w], 1 where something new is to be, and `picture` [N, 4, h, w], the latent of the picture with grey
 * in the hole, sampler space. Output: `feature` [N, C, h, w], for the UNet's input of that name.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawInpaintHead(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source);
  const hole = g.input("hole", "float32", ["N", 1, "h", "w"]);
  const picture = g.input("picture", "float32", ["N", 4, "h", "w"]);
  const padded = padByEdge(concat([hole, picture], 1), 1);
  const feature = conv2d(m.at("head"), padded, { padding: 0 });
  if (!sameShape(feature.dims.slice(2), picture.dims.slice(2)))
    throw m.misshapen("head.weight", "a kernel of 3 by 3");
  g.output("feature", feature);
  return g;
}
