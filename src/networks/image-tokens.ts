import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { reshape } from "#/graph/ops/shape.ts";
import { adapterSource } from "#/weights/layouts/ip-adapter.ts";
import { resampled } from "./blocks/resampler.ts";
import type { Network } from "./network.ts";

/** What makes tokens of what a vision tower saw: the half of an IP-Adapter that reads pictures. */
export const imageTokens = {
  name: "image-tokens",
  title: "reader of pictures",
  from: adapterSource,
  loras: undefined,
  keyedBy: [],
  inputs: { features: "vectors" },
  outputs: ["tokens"],
  draw: drawImageTokens,
  goldens: {
    listing: "image-tokens",
    answers: ["image-prompt-plus.tokens", "image-prompt-plain.tokens"],
  },
} as const satisfies Network;

/**
 * An IP-Adapter's reader of pictures (Ye et al. 2023, section 3.2): a resampler over all tokens of a picture ("plus"), or one matrix
 * over its one vector.
 *
 * Input: `features` [1, P, w], for one vector [1, 1, w]. Output: `tokens` [1, T, D], beside the text's.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawImageTokens(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source).at("image_proj");
  const tokens = m.has("latents") ? fromTokens(m) : fromVector(m);
  g.output("tokens", tokens);
  return g;
}

function fromTokens(m: Module): Value {
  const width = m.size("proj_in.weight", 1);
  const features = m.graph.input("features", "float32", [1, "P", width]);
  const rows = layerNorm(
    m.at("norm_out"),
    linear(m.at("proj_out"), resampled(m, linear(m.at("proj_in"), reshape(features, [-1, width])))),
  );
  return reshape(rows, [1, -1, Number(rows.dims[1])]);
}

function fromVector(m: Module): Value {
  const width = m.size("proj.weight", 1);
  const features = m.graph.input("features", "float32", [1, 1, width]);
  const context = m.size("norm.weight", 0);
  if (m.size("proj.weight", 0) % context !== 0)
    throw m.misshapen("proj.weight", `rows in multiples of ${context}`);
  const all = linear(m.at("proj"), reshape(features, [1, width]));
  const rows = layerNorm(m.at("norm"), reshape(all, [-1, context]));
  return reshape(rows, [1, -1, context]);
}
