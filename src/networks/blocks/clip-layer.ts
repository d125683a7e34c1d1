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
  const attended = selfAttention(m.at("self_attn"), layerNorm(m.at("layer_norm1"), x), rows);
  const h = residual(m.at("self_attn"), x, attended);
  const inner = linear(m.at("mlp.fc1"), layerNorm(m.at("layer_norm2"), h));
  const active = rows.activation === "gelu" ? gelu(inner) : quickGelu(inner);
  return residual(m.at("mlp"), h, linear(m.at("mlp.fc2"), active));
}

function selfAttention(m: Module, x: Value, rows: ClipRows): Value {
  const [q, k, v] = (["q_proj", "k_proj", "v_proj"] as const).map((name) => {
    if (m.size(`${name}.weight`, 0) !== rows.width) throw m.misshapen(`${name}.weight`, `${rows.width} rows`);
    return batched(linear(m.at(name), x), rows);
  });
  if (q === undefined || k === undefined || v === undefined) throw m.misshapen("q_proj.weight", "q, k and v");
  const mixed = attention({ q, k, v }, rows.heads, rows.mask);
  return linear(m.at("out_proj"), reshape(mixed, [-1, rows.width]));
}

/** Rows [N * T, w] as [N, T, w]. */
export const batched = (x: Value, { batch, width }: Pick<ClipRows, "batch" | "width">): Value =>
  reshape(x, concat([batch, x.graph.constant("int64", [-1, width])], 0));
