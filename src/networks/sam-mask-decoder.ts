import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { gelu } from "#/graph/ops/activation.ts";
import { add, div, keepingShape, matmul } from "#/graph/ops/arithmetic.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, dims, expand, reshape, slice, transpose } from "#/graph/ops/shape.ts";
import { samSource } from "#/weights/layouts/sam.ts";
import { placesAt, placesOfGrid } from "./blocks/random-places.ts";
import { twoWayTransformer } from "./blocks/two-way-attention.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** One for where nothing is ambiguous and three for where something is, in every model that was published. */
const maskTokens = 4;

/** Which of the kinds of points are a box's first and second corner. */
const corners = [2, 3];

/** What makes masks of boxes, a small network that is asked for a few boxes at a time. */
export const samMaskDecoder = {
  name: "sam-mask-decoder",
  title: "mask decoder of Segment Anything",
  from: samSource,
  loras: undefined,
  keyedBy: [],
  inputs: { embedding: "latent", boxes: "boxes" },
  outputs: ["logits"],
  draw: drawSamMaskDecoder,
  goldens: { listing: "sam-mask-decoder", answers: ["sam.logits"] },
} as const satisfies Network;

/**
 * Prompt encoder and mask decoder (Kirillov et al. 2023, section 3 and appendix A) for boxes, with one mask for each: the one
 * that is meant where nothing is ambiguous. What the file has for points, for masks as prompts, for three masks and for how
 * good they are is not drawn.
 *
 * Inputs: `embedding` [1, E, G, G], and `boxes` [N, 4], left, top, right and bottom in pixels of what the encoder saw.
 * Output: `logits` [N, 4 G, 4 G], above 0 where the mask is.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawSamMaskDecoder(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  const grid = m.size("image_encoder.pos_embed", 1);
  const width = m.size("mask_decoder.mask_tokens.weight", 1);
  checkPrompts(m, width);
  const embedding = g.input("embedding", "float32", [1, width, grid, grid]);
  const boxes = g.input("boxes", "float32", ["N", 4]);

  const prompts = m.at("prompt_encoder");
  const tokens = promptTokens(m, boxes, grid * m.size("image_encoder.patch_embed.proj.weight", 2));
  const image = transpose(reshape(embedding, [1, width, grid * grid]), [0, 2, 1]);
  const noMask = prompts.weight("no_mask_embed.weight", [1, 1, width]);
  const each = (shape: readonly number[]): Value =>
    concat([dims(boxes, 0, 1), g.constant("int64", shape)], 0);
  const { tokens: told, features } = twoWayTransformer(m.at("mask_decoder.transformer"), {
    tokens,
    features: expand(add(image, noMask), each([grid * grid, width])),
    tokenPlaces: tokens,
    featurePlaces: reshape(placesOfGrid(prompts.at("pe_layer"), grid), [1, grid * grid, width]),
  });
  const asked = reshape(slice(told, 1, 1, 2), [-1, width]);
  g.output("logits", masks(m.at("mask_decoder"), asked, reshape(features, [-1, grid, grid, width])));
  return g;
}

/**
 * Everything that is joined to tokens is as wide as they are.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function checkPrompts(m: Module, width: number): void {
  const [decoder, prompts] = [m.at("mask_decoder"), m.at("prompt_encoder")];
  decoder.shaped("iou_token.weight", [1, width]);
  decoder.shaped("mask_tokens.weight", [maskTokens, width]);
  prompts.shaped("no_mask_embed.weight", [1, width]);
  for (const corner of corners) prompts.shaped(`point_embeddings.${corner}.weight`, [1, width]);
  prompts.shaped("pe_layer.positional_encoding_gaussian_matrix", [2, width / 2]);
}

/** The tokens of the answers, and two for the corners of each box: [N, 7, E]. */
function promptTokens(m: Module, boxes: Value, side: number): Value {
  const { graph: g } = m;
  const [decoder, prompts] = [m.at("mask_decoder"), m.at("prompt_encoder")];
  const answers = concat([decoder.weight("iou_token.weight"), decoder.weight("mask_tokens.weight")], 0);
  const [count = 0, width = 0] = answers.dims.map(Number);
  const middles = div(add(boxes, g.number([0.5])), g.number([side]));
  const places = placesAt(prompts.at("pe_layer"), reshape(middles, [-1, 2]));
  const which = corners.map((corner) => prompts.weight(`point_embeddings.${corner}.weight`));
  const placed = add(reshape(places, [-1, 2, width]), reshape(concat(which, 0), [1, 2, width]));
  const shape = concat([dims(boxes, 0, 1), g.constant("int64", [count, width])], 0);
  return concat([expand(reshape(answers, [1, count, width]), shape), placed], 1);
}

/**
 * Features four times as large, each pixel of them times what the first mask token became.
 *
 * @param asked    [N, E]
 * @param features [N, G, G, E]
 */
function masks(m: Module, asked: Value, features: Value): Value {
  const larger = doubled(m.at("output_upscaling.0"), features);
  const normal = gelu(layerNorm(m.at("output_upscaling.1"), larger, 1e-6));
  const pixels = gelu(doubled(m.at("output_upscaling.3"), normal));
  const [, height = 0, wide = 0, channels = 0] = pixels.dims.map(Number);
  let weights = asked;
  const layers = m.at("output_hypernetworks_mlps.0.layers");
  for (let i = 0; i < 3; i += 1) {
    const inner = linear(layers.at(i), weights);
    weights = i < 2 ? keepingShape("Relu", inner) : inner;
  }
  if (weights.dims[1] !== channels)
    throw m.misfit(`has masks of ${String(weights.dims[1])} channels and features of ${channels}`);
  const products = matmul(
    reshape(pixels, [-1, height * wide, channels]),
    reshape(weights, [-1, channels, 1]),
  );
  return reshape(products, [-1, height, wide]);
}

/**
 * A transposed convolution of 2 x 2 with a stride of 2, where no two windows meet: each pixel becomes four.
 *
 * @param m `weight` [in, out, 2, 2], `bias` [out]
 * @param x [N, h, w, in]
 * @returns [N, 2 h, 2 w, out]
 */
function doubled(m: Module, x: Value): Value {
  const [, height = 0, wide = 0, channels = 0] = x.dims.map(Number);
  const [inner, out = 0, ...kernel] = m.ref("weight").shape;
  if (inner !== channels || kernel.join() !== "2,2") throw m.misshapen("weight", `[${channels}, ..., 2, 2]`);
  const rows = matmul(reshape(x, [-1, channels]), m.weight("weight", [channels, out * 4]));
  const four = reshape(rows, [-1, height, wide, out, 2, 2]);
  const larger = reshape(transpose(four, [0, 1, 4, 2, 5, 3]), [-1, 2 * height, 2 * wide, out]);
  return add(larger, m.vector("bias", out));
}
