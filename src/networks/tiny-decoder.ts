import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { add, div, keepingShape, mul, residual } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { doubleNearest } from "#/graph/ops/resize.ts";
import { previewSources } from "#/weights/layouts/preview.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** TAESDXL, a small decoder (madebyollin/taesd). */
export const tinyDecoder = {
  name: "tiny-decoder",
  title: "network for previews",
  from: previewSources["tiny-decoder"],
  loras: undefined,
  keyedBy: [],
  inputs: { latent: "latent" },
  outputs: ["image"],
  draw: drawTinyDecoder,
  goldens: { listing: "tiny-decoder", answers: ["tiny.image"] },
} as const satisfies Network;

const relu = (x: Value): Value => keepingShape("Relu", x);

/** Beyond three deviations a latent is bent towards them. */
const bent = 3;

/**
 * Latent to picture by a network without norms. A convolution without bias is one behind an enlargement; the last layer,
 * alone among those with a bias, has no ReLU behind it.
 *
 * Input: `latent` [N, 4, h, w] in sampler space. Output: `image` [N, 3, 8h, 8w], about -1 to 1.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawTinyDecoder(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const layers = new Module(g, source).at("decoder.layers");
  const latent = g.input("latent", "float32", ["N", 4, "h", "w"]);
  let x = mul(keepingShape("Tanh", div(latent, g.number([bent]))), g.number([bent]));
  x = relu(conv2d(layers.at(0), x));
  const last = lastLayer(layers);
  for (let n = 1; n <= last; n += 1) {
    const layer = layers.at(n);
    if (layer.has("conv")) x = block(layer, x);
    else if (layer.has("weight")) x = conv2d(layer, layer.has("bias") ? x : doubleNearest(x));
  }
  g.output("image", add(mul(x, g.number([2])), g.number([-1])));
  return g;
}

/** Of the layers that have weights. Between two of them there is at most one enlargement or ReLU. */
function lastLayer(layers: Module): number {
  let last = 0;
  for (let n = 1; n <= last + 2; n += 1) if (layers.has(String(n))) last = n;
  return last;
}

function block(m: Module, x: Value): Value {
  const hidden = relu(conv2d(m.at("conv.2"), relu(conv2d(m.at("conv.0"), x))));
  return relu(residual(m, m.has("skip") ? conv2d(m.at("skip"), x) : x, conv2d(m.at("conv.4"), hidden)));
}
