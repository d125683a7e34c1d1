import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, div, gemm, keepingShape, maximum, mul, residual, sub } from "#/graph/ops/arithmetic.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape, slice } from "#/graph/ops/shape.ts";
import { deformableAttention, type Level } from "./deformable-attention.ts";
import { type Fused, forward } from "./fusion-encoder.ts";
import { joinedAttention } from "./joined-attention.ts";
import { sines } from "./sine-places.ts";

const heads = 8;

/** Least share that a logit is made of, of 1 and of what is missing to 1. */
const epsilon = 1e-3;

/** Queries [Q, C] with their boxes [Q, 4]: middle, width and height, 0 to 1. */
export type Queries = Readonly<{ rows: Value; boxes: Value }>;

/** What queries look at. */
export type Seen = Fused & Readonly<{ levels: readonly Level[] }>;

/**
 * DINO's decoder with a look at the text (Liu et al. 2023, section 3.3): queries look at each other, at the text and at the
 * picture around their boxes, which each layer moves.
 *
 * @param m the whole network: `transformer.decoder` and `bbox_embed`
 * @returns `logits` [Q, T] of each word of the text, `boxes` [Q, 4]
 */
export function boxDecoder(m: Module, start: Queries, seen: Seen): Readonly<{ logits: Value; boxes: Value }> {
  const decoder = m.at("transformer.decoder");
  let { rows, boxes } = start;
  const count = decoder.count("layers");
  for (let i = 0; i < count; i += 1) {
    rows = layer(decoder.at("layers").at(i), rows, { boxes, head: decoder.at("ref_point_head"), seen });
    if (i < count - 1) boxes = moved(m.at("bbox_embed").at(i), rows, boxes);
  }
  const told = layerNorm(decoder.at("norm"), rows);
  return { logits: gemm(told, seen.text), boxes: moved(m.at("bbox_embed").at(count - 1), told, boxes) };
}

/** Boxes, each by as much as its query says. */
function moved(m: Module, rows: Value, boxes: Value): Value {
  const { graph: g } = boxes;
  const least = g.number([epsilon]);
  const rest = maximum(sub(g.number([1]), boxes), least);
  const logits = keepingShape("Log", div(maximum(boxes, least), rest));
  return keepingShape("Sigmoid", add(perceptron(m, rows), logits));
}

/** Projections `layers.0`, `layers.1` ... with a ReLU between them. */
export function perceptron(m: Module, rows: Value): Value {
  const count = m.count("layers");
  return Array.from({ length: count }).reduce<Value>((x, _, i) => {
    const inner = linear(m.at("layers").at(i), x);
    return i < count - 1 ? keepingShape("Relu", inner) : inner;
  }, rows);
}

type Around = Readonly<{ boxes: Value; head: Module; seen: Seen }>;

function layer(m: Module, rows: Value, { boxes, head, seen }: Around): Value {
  const { graph: g } = rows;
  const side = (at: number): Value => sines(slice(boxes, 1, at, at + 1), Number(rows.dims[1]) / 2, 10_000);
  const places = perceptron(head, concat([side(1), side(0), side(2), side(3)], 1));

  const placed = add(rows, places);
  const own = joinedAttention(m.at("self_attn"), { q: placed, k: placed, v: rows }, heads);
  const among = layerNorm(m.at("norm2"), residual(m, rows, own));
  const asked = { q: add(among, places), k: seen.text, v: seen.text };
  const told = residual(m, among, joinedAttention(m.at("ca_text"), asked, heads));
  const read = layerNorm(m.at("catext_norm"), told);

  const [middle, size] = [0, 2].map((at) => reshape(slice(boxes, 1, at, at + 2), [-1, 1, 1, 2])) as [
    Value,
    Value,
  ];
  const looked = deformableAttention(m.at("cross_attn"), {
    query: add(read, places),
    memory: seen.picture,
    levels: seen.levels,
    placed: (offsets, _, points) =>
      add(middle, mul(mul(div(offsets, g.number([points])), size), g.number([0.5]))),
  });
  return forward(m, layerNorm(m.at("norm1"), residual(m, read, looked)), "norm3");
}
