import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { silu } from "#/graph/ops/activation.ts";
import { add, div, keepingShape, mul, sub } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { interposerFile } from "#/weights/layouts/interposer.ts";
import type { Network } from "./network.ts";

/** What makes a latent of Stable Diffusion 1.x of one of SDXL's (city96's SD-Latent-Interposer, version 4). */
export const interposer = {
  name: "interposer",
  title: "latent interposer",
  from: { ownFile: interposerFile },
  loras: undefined,
  keyedBy: [],
  inputs: { latent: "latent" },
  outputs: ["converted"],
  draw: drawInterposer,
  goldens: { listing: "interposer", answers: ["interposer.converted"] },
} as const satisfies Network;

/**
 * Residual blocks at full size. A block adds to what is normalised, not to what comes in.
 *
 * Input: `latent` [N, 4, h, w], VAE space of SDXL. Output: `converted` [N, 4, h, w], VAE space of Stable Diffusion 1.x.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawInterposer(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source);
  const latent = g.input("latent", "float32", ["N", m.size("head.short.weight", 1), "h", "w"]);
  let h = relu(add(threeConvolutions(m.at("head.long"), latent), conv2d(m.at("head.short"), latent)));
  let block = 1;
  for (; m.has(`core.${block}.long`); block += 1) {
    const at = m.at("core").at(block);
    const normal = batchNorm(at.at("norm"), h);
    h = relu(add(threeConvolutions(at.at("long"), normal), normal));
  }
  h = silu(batchNorm(m.at("core").at(block), h));
  g.output("converted", conv2d(m.at("tail"), h));
  return g;
}

const relu = (x: Value): Value => keepingShape("Relu", x);

function threeConvolutions(m: Module, x: Value): Value {
  const first = silu(conv2d(m.at(0), x));
  return conv2d(m.at(4), silu(conv2d(m.at(2), first)));
}

/** Batch normalisation as it is used after training (Ioffe & Szegedy 2015): by the kept mean and variance. */
function batchNorm(m: Module, x: Value): Value {
  const g = x.graph;
  const channels = m.size("weight", 0);
  const [mean, variance, weight, bias] = ["running_mean", "running_var", "weight", "bias"].map((name) =>
    g.weight(m.vectorParameter(name, channels), [1, channels, 1, 1]),
  ) as [Value, Value, Value, Value];
  const deviation = keepingShape("Sqrt", add(variance, g.number([1e-5])));
  return add(mul(div(sub(x, mean), deviation), weight), bias);
}
