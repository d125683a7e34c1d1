import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { gelu } from "#/graph/ops/activation.ts";
import { add, residual } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { reshape, transpose } from "#/graph/ops/shape.ts";
import { samSource } from "#/weights/layouts/sam.ts";
import { drawnPlaces, type PlacesOf, placeAttention } from "./blocks/place-attention.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";
import { intoWindows, outOfWindows } from "./blocks/windows.ts";
import type { Network } from "./network.ts";

/** Of every norm of the encoder. */
const epsilon = 1e-6;

/** Segment Anything's image encoder: what is asked once for each picture. */
export const samImageEncoder = {
  name: "sam-image-encoder",
  title: "image encoder of Segment Anything",
  from: samSource,
  loras: undefined,
  keyedBy: [],
  inputs: { picture: "picture" },
  outputs: ["embedding"],
  draw: drawSamImageEncoder,
  goldens: { listing: "sam-image-encoder", answers: ["sam.embedding"] },
} as const satisfies Network;

/**
 * A vision transformer with windows (Kirillov et al. 2023, section 3; Li et al. 2022, ViTDet): patches of 16 x 16 pixels as
 * tokens, layers whose attention sees a window and a few that see all, a neck of two convolutions. Which layers see all is
 * read off the tables of distances. In float32 everywhere: what is asked is the sign of a sum.
 *
 * Input: `picture` [1, 3, 16 G, 16 G], normalised, zeros beyond it on the right and below. Output: `embedding` [1, E, G, G].
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawSamImageEncoder(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source).at("image_encoder");
  const patch = m.size("patch_embed.proj.weight", 2);
  const grid = m.size("pos_embed", 1);
  const width = m.size("patch_embed.proj.weight", 0);
  m.shaped("patch_embed.proj.weight", [width, 3, patch, patch]);
  m.shaped("pos_embed", [1, grid, grid, width]);
  const picture = g.input("picture", "float32", [1, 3, grid * patch, grid * patch]);
  const patches = conv2d(m.at("patch_embed.proj"), picture, { stride: patch, padding: 0 });
  const placesOf = drawnPlaces(g);
  let x = add(transpose(patches, [0, 2, 3, 1]), m.weight("pos_embed"));
  for (let i = 0; i < m.count("blocks"); i += 1) x = layer(m.at("blocks").at(i), x, placesOf);
  g.output("embedding", neck(m.at("neck"), x));
  return g;
}

/** @param x tokens [1, G, G, C] */
function layer(m: Module, x: Value, placesOf: PlacesOf): Value {
  const [, grid = 0, , width = 0] = x.dims.map(Number);
  const side = (m.size("attn.rel_pos_h", 0) + 1) / 2;
  if (!Number.isInteger(side) || side > grid)
    throw m.misshapen("attn.rel_pos_h", `an odd number of rows, at most ${2 * grid - 1}`);
  const windows = intoWindows(layerNorm(m.at("norm1"), x, epsilon), side);
  const seen = residual(m.at("attn"), x, outOfWindows(placeAttention(m.at("attn"), windows, placesOf), grid));
  const rows = reshape(layerNorm(m.at("norm2"), seen, epsilon), [-1, width]);
  const inner = linear(m.at("mlp.lin2"), gelu(linear(m.at("mlp.lin1"), rows)));
  return residual(m.at("mlp"), seen, reshape(inner, [1, grid, grid, -1]));
}

/** Tokens [1, G, G, C] -> features [1, E, G, G]. */
function neck(m: Module, x: Value): Value {
  const planes = (value: Value): Value => transpose(value, [0, 3, 1, 2]);
  const normal = (at: number, value: Value): Value =>
    planes(layerNorm(m.at(at), transpose(value, [0, 2, 3, 1]), epsilon));
  const narrow = normal(1, conv2d(m.at(0), planes(x)));
  return normal(3, conv2d(m.at(2), narrow));
}
