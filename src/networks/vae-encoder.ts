import { sameShape } from "#/graph/dimensions.ts";
import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { groupNorm } from "#/graph/ops/norm.ts";
import { split } from "#/graph/ops/shape.ts";
import { BugError } from "#/lib/errors.ts";
import { vaeSource } from "#/weights/layouts/vae.ts";
import { epsilon, inFloat32, vaeMiddle, vaeResBlock } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** The VAE's way from a picture to a latent to start from. */
export const vaeEncoder = {
  name: "vae-encoder",
  title: vaeSource.checkpoint.title,
  from: vaeSource,
  loras: undefined,
  keyedBy: [],
  inputs: { image: "picture" },
  outputs: ["latent"],
  draw: drawVaeEncoder,
  goldens: { listing: "vae-encoder", answers: ["vae.mean"] },
} as const satisfies Network;

/**
 * Picture to latent: the encoder of AutoencoderKL. The posterior's mean is the answer; its deviation is far below what
 * anyone can see.
 *
 * Input: `image` [N, 3, 8h, 8w] from -1 to 1. Output: `latent` [N, 4, h, w] in VAE space.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawVaeEncoder(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  const image = g.computing(g.input("image", "float32", ["N", 3, "8*h", "8*w"]));

  const encoder = m.at("encoder");
  let h = conv2d(encoder.at("conv_in"), image);
  for (let level = 0; level < encoder.count("down"); level += 1) {
    const down = encoder.at("down").at(level);
    for (let block = 0; block < down.count("block"); block += 1)
      h = vaeResBlock(down.at("block").at(block), h);
    if (down.has("downsample")) h = halved(down.at("downsample.conv"), h);
  }
  h = groupNorm(encoder.at("norm_out"), vaeMiddle(encoder.at("mid"), h), { epsilon, activation: "silu" });
  const posterior = conv2d(m.at("quant_conv"), conv2d(encoder.at("conv_out"), h));
  if (m.size("quant_conv.weight", 0) % 2 !== 0)
    throw m.misshapen("quant_conv.weight", "an even number of rows");
  const [mean] = split(posterior, 2, 1);
  if (mean === undefined) throw new BugError("Split into two gave fewer.");
  g.output("latent", mean);
  return g;
}

/** One row below and one column right, nothing above and left: the padding this network was trained with. */
function halved(m: Module, x: Value): Value {
  if (!sameShape(m.ref("weight").shape.slice(2), [3, 3])) throw m.misshapen("weight", "a kernel of 3 x 3");
  return conv2d(m, x, { stride: 2, padding: [0, 0, 1, 1] });
}
