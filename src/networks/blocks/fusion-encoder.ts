import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, div, keepingShape, mul, residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape } from "#/graph/ops/shape.ts";
import { deformableAttention, type Level } from "./deformable-attention.ts";
import type { Levels } from "./feature-levels.ts";
import { inBatch, joinedAttention, outOfBatch } from "./joined-attention.ts";

/** Of the attention between a text and a picture, and of that of a text to itself. */
const heads = 4;

/** Rows of a text [T, C], what tells their places, and what is added to the scores between them, [1, 1, T, T]. */
export type TextRows = Readonly<{ rows: Value; places: Value; mask: Value }>;

/** What a picture's rows and a text's became of each other. */
export type Fused = Readonly<{ picture: Value; text: Value }>;

/**
 * GroundingDINO's encoder (Liu et al. 2023, section 3.1): in each layer picture and text look at each other, then each at itself.
 *
 * @param m `fusion_layers`, `text_layers`, `layers`
 */
export function fusionEncoder(m: Module, picture: Levels, text: TextRows): Fused {
  let state: Fused = { picture: picture.rows, text: text.rows };
  for (let i = 0; i < m.count("layers"); i += 1) {
    const fused = bothWays(m.at("fusion_layers").at(i), state);
    state = {
      text: textLayer(m.at("text_layers").at(i), { ...text, rows: fused.text }),
      picture: pictureLayer(m.at("layers").at(i), { ...picture, rows: fused.picture }),
    };
  }
  return state;
}

/** Each is normalised before, and what is added to are the normalised ones, as in GLIP. */
function bothWays(m: Module, { picture, text }: Fused): Fused {
  const [v, l] = [layerNorm(m.at("layer_norm_v"), picture), layerNorm(m.at("layer_norm_l"), text)];
  const attn = m.at("attn");
  const project = (name: string, x: Value): Value => inBatch(linear(attn.at(name), x));
  const [queries, keys] = [project("v_proj", v), project("l_proj", l)];
  if (Number(queries.dims[2]) % heads !== 0)
    throw attn.misshapen("v_proj.weight", `rows that ${heads} divides`);
  const seenOfText = attention({ q: queries, k: keys, v: project("values_l_proj", l) }, heads);
  const seenOfPicture = attention({ q: keys, k: queries, v: project("values_v_proj", v) }, heads);
  const added = (name: "v" | "l", x: Value, seen: Value): Value => {
    const answer = linear(attn.at(`out_${name}_proj`), outOfBatch(seen));
    return residual(m, x, mul(answer, m.vector(`gamma_${name}`, x.dims[1])));
  };
  return { picture: added("v", v, seenOfText), text: added("l", l, seenOfPicture) };
}

function textLayer(m: Module, { rows, places, mask }: TextRows): Value {
  const placed = add(rows, places);
  const seen = joinedAttention(m.at("self_attn"), { q: placed, k: placed, v: rows }, heads, mask);
  return forward(m, layerNorm(m.at("norm1"), residual(m, rows, seen)), "norm2");
}

function pictureLayer(m: Module, { rows, places, middles, levels }: Levels): Value {
  const middle = reshape(middles, [-1, 1, 1, 2]);
  const placed = (offsets: Value, { lengths }: Level): Value => {
    const size = offsets.graph.cast(concat(lengths.toReversed(), 0), "float32");
    return add(middle, div(offsets, size));
  };
  const query = add(rows, places);
  const seen = deformableAttention(m.at("self_attn"), { query, memory: rows, levels, placed });
  return forward(m, layerNorm(m.at("norm1"), residual(m, rows, seen)), "norm2");
}

/** Two projections, added to what passes beside them, and the norm behind. */
export function forward(m: Module, x: Value, norm: string): Value {
  const inner = linear(m.at("linear2"), keepingShape("Relu", linear(m.at("linear1"), x)));
  return layerNorm(m.at(norm), residual(m, x, inner));
}
