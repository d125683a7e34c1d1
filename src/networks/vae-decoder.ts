import { Graph } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { groupNorm } from "#/graph/ops/norm.ts";
import { doubleNearest } from "#/graph/ops/resize.ts";
import { vaeSource } from "#/weights/layouts/vae.ts";
import { epsilon, inFloat32, vaeMiddle, vaeResBlock } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** The VAE's way from the sampler's latent to a picture. */
export const vaeDecoder = {
  name: "vae-decoder",
  title: vaeSource.checkpoint.title,
  from: vaeSource,
  loras: undefined,
  keyedBy: [],
  inputs: { latent: "latent" },
  outputs: ["image"],
  draw: drawVaeDecoder,
  goldens: { listing: "vae-decoder", answers: ["vae.image"] },
} as const satisfies Network;

/**
 * Latent to picture (Rombach et al. 2022, appendix G): the decoder of AutoencoderKL.
 *
 * Input: `latent` [N, 4, h, w] in VAE space (sampler latent / 0.13025). Output: `image` [N, 3, 8h, 8w], about -1 to 1.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawVaeDecoder(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  const channels = m.size("post_quant_conv.weight", 1);
  const latent = g.computing(g.input("latent", "float32", ["N", channels, "h", "w"]));

  const decoder = m.at("decoder");
  let h = conv2d(decoder.at("conv_in"), conv2d(m.at("post_quant_conv"), latent));
  h = vaeMiddle(decoder.at("mid"), h);
  for (let level = decoder.count("up") - 1; level >= 0; level -= 1) {
    const up = decoder.at("up").at(level);
    for (let block = 0; block < up.count("block"); block += 1) h = vaeResBlock(up.at("block").at(block), h);
    if (up.has("upsample")) h = conv2d(up.at("upsample.conv"), doubleNearest(h));
  }
  h = groupNorm(decoder.at("norm_out"), h, { epsilon, activation: "silu" });
  if (decoder.size("conv_out.weight", 0) !== 3)
    throw decoder.misshapen("conv_out.weight", "3 output channels (a picture)");
  g.output("image", conv2d(decoder.at("conv_out"), h));
  return g;
}
