import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { gelu, quickGelu } from "#/graph/ops/activation.ts";
import { residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape } from "#/graph/ops/shape.ts";

/** What all layers of a CLIP tower share, and no shape tells. */
export type ClipRows = Readonly<{
  /** N as a vector of one int64: rows are [N * T, w] */
  batch: Value;
  width: number;
  heads: number;
  /** Of the feed-forward. */
  activation: "quick-gelu" | "gelu";
  /** Added to the scores of attention [1, 1, T, T]; left out every token sees all. */
  mask?: Value;
}>;

/**
 * A layer of CLIP's towers, text and vision (Radford et al. 2021, section 2.4), under transformers' names: pre-norm.
 *
 * @param x rows [N * T, w]
 * @returns rows [N * T, w]
 */
export function clipLayer(m: Module, x: Value, rows: ClipRows): Value {
  const normal = layerNorm(m.at("layer_norm1"), x);
  return answered(m, x, { asking: normal, heard: normal, rows });
}

/**
 * What {@link clipLayer} answers in some places of each text alone: the others are heard, and not worked out.
 *
 * @param chosen those places of x, [N * S, w]
 * @param mask   what the places may see, [N, 1, S, T]
 * @returns rows [N * S, w]
 */
export function clipLayerAt(
  m: Module,
  x: Value,
  rows: ClipRows,
  { chosen, mask }: Readonly<{ chosen: Value; mask: Value }>,
): Value {
  const norm = m.at("layer_norm1");
  const attending = { asking: layerNorm(norm, chosen), heard: layerNorm(norm, x), rows: { ...rows, mask } };
  return answered(m, chosen, attending);
}

/** Normalised rows that ask, and those that are asked. */
type Attending = Readonly<{ asking: Value; heard: Value; rows: ClipRows }>;

function answered(m: Module, x: Value, attending: Attending): Value {
  const { rows } = attending;
  const h = residual(m.at("self_attn"), x, selfAttention(m.at("self_attn"), attending));
  const inner = linear(m.at("mlp.fc1"), layerNorm(m.at("layer_norm2"), h));
  const active = rows.activation === "gelu" ? gelu(inner) : quickGelu(inner);
  return residual(m.at("mlp"), h, linear(m.at("mlp.fc2"), active));
}

function selfAttention(m: Module, { asking, heard, rows }: Attending): Value {
  const projected = (name: string, x: Value): Value => {
    if (m.size(`${name}.weight`, 0) !== rows.width) throw m.misshapen(`${name}.weight`, `${rows.width} rows`);
    return batched(linear(m.at(name), x), rows);
  };
  const [q, k, v] = [projected("q_proj", asking), projected("k_proj", heard), projected("v_proj", heard)];
  const mixed = attention({ q, k, v }, rows.heads, rows.mask);
  return linear(m.at("out_proj"), reshape(mixed, [-1, rows.width]));
}

/** Rows [N * T, w] as [N, T, w]. */
export const batched = (x: Value, { batch, width }: Pick<ClipRows, "batch" | "width">): Value =>
  reshape(x, concat([batch, x.graph.constant("int64", [-1, width])], 0));
