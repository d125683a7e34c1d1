import { sameShape } from "#/graph/dimensions.ts";
import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { groupNorm } from "#/graph/ops/norm.ts";
import { doubleNearest } from "#/graph/ops/resize.ts";
import { dims, reshape, split, transpose } from "#/graph/ops/shape.ts";
import { BugError } from "#/lib/errors.ts";

const epsilon = 1e-6;

/** Some activations of SDXL's VAE exceed float16's 65504: computed in it, the picture comes out black. */
const inFloat32 = (operators: Operators): Operators => ({ ...operators, compute: "float32" });

/**
 * Latent to picture (Rombach et al. 2022, appendix G): the decoder of AutoencoderKL.
 *
 * Input: `latent` [N, 4, h, w] in VAE space (sampler latent / 0.13025). Output: `image` [N, 3, 8h, 8w], about -1 to 1.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function vaeDecoder(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  const channels = m.size("post_quant_conv.weight", 1);
  const latent = g.computing(g.input("latent", "float32", ["N", channels, "h", "w"]));

  const decoder = m.at("decoder");
  let h = conv2d(decoder.at("conv_in"), conv2d(m.at("post_quant_conv"), latent));
  h = middle(decoder.at("mid"), h);
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

/**
 * Picture to latent: the encoder of AutoencoderKL. The posterior's mean is the answer; its deviation is far below what
 * anyone can see.
 *
 * Input: `image` [N, 3, H, W] from -1 to 1, H and W multiples of 8. Output: `latent` [N, 4, H/8, W/8] in VAE space.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function vaeEncoder(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  const image = g.computing(g.input("image", "float32", ["N", 3, "H", "W"]));

  const encoder = m.at("encoder");
  let h = conv2d(encoder.at("conv_in"), image);
  for (let level = 0; level < encoder.count("down"); level += 1) {
    const down = encoder.at("down").at(level);
    for (let block = 0; block < down.count("block"); block += 1)
      h = vaeResBlock(down.at("block").at(block), h);
    if (down.has("downsample")) h = halved(down.at("downsample.conv"), h);
  }
  h = groupNorm(encoder.at("norm_out"), middle(encoder.at("mid"), h), { epsilon, activation: "silu" });
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

function middle(m: Module, x: Value): Value {
  let h = vaeResBlock(m.at("block_1"), x);
  h = pixelAttention(m.at("attn_1"), h);
  return vaeResBlock(m.at("block_2"), h);
}

/** @param x features [N, Cin, H, W] */
function vaeResBlock(m: Module, x: Value): Value {
  let h = conv2d(m.at("conv1"), groupNorm(m.at("norm1"), x, { epsilon, activation: "silu" }));
  h = conv2d(m.at("conv2"), groupNorm(m.at("norm2"), h, { epsilon, activation: "silu" }));
  return residual(m, m.has("nin_shortcut") ? conv2d(m.at("nin_shortcut"), x) : x, h);
}

/** Self-attention over pixels with one head as wide as the features. */
function pixelAttention(m: Module, x: Value): Value {
  const channels = m.size("norm.weight", 0);
  const h = groupNorm(m.at("norm"), x, { epsilon });
  const tokens = (name: "q" | "k" | "v"): Value => {
    if (m.size(`${name}.weight`, 0) !== channels)
      throw m.misshapen(`${name}.weight`, `${channels} output channels`);
    return transpose(reshape(conv2d(m.at(name), h), [0, channels, -1]), [0, 2, 1]); // [N, HW, C]
  };
  const mixed = transpose(attention(tokens("q"), tokens("k"), tokens("v"), 1), [0, 2, 1]);
  return residual(m, x, conv2d(m.at("proj_out"), reshape(mixed, dims(x, 0, 4))));
}
