import type { Dimension } from "#/graph/dimensions.ts";
import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { silu } from "#/graph/ops/activation.ts";
import { residual } from "#/graph/ops/arithmetic.ts";
import { linear } from "#/graph/ops/linear.ts";
import { concat, dims, reshape } from "#/graph/ops/shape.ts";
import type { TransformerKind } from "./spatial-transformer.ts";
import { textAttention } from "./text-attention.ts";
import { timestepEmbedding } from "./timestep-embedding.ts";
import type { Conditioning } from "./unet-blocks.ts";

/** What tells one family of UNets from another. */
export type UnetFamily = Readonly<{
  transformers: TransformerKind;
  told: "text and sizes" | "text";
  /** Whether keys and values of the text come in its place; left out they do not. */
  textKeys?: boolean | undefined;
}>;

/**
 * What a UNet reads, and what reads as one does: `sample` [N, 4, h, w], `timestep` [N], `context` [N, T, D] or its keys and values,
 * and where it is told sizes `y` [N, ADM].
 *
 * @returns the sample, and what every block is told
 */
export function unetInputs(
  m: Module,
  { transformers, told, textKeys = false }: UnetFamily,
): Readonly<{ sample: Value; conditioning: Conditioning }> {
  const g = m.graph;
  const channels = m.size("input_blocks.0.0.weight", 1);
  const sample = g.computing(g.input("sample", "float32", ["N", channels, "h", "w"]));
  const timestep = g.input("timestep", "float32", ["N"]);
  const text = textKeys ? undefined : g.computing(g.input("context", "float32", ["N", "T", textWidth(m)]));
  const y =
    told === "text"
      ? undefined
      : g.computing(g.input("y", "float32", ["N", m.size("label_emb.0.0.weight", 1)]));
  return {
    sample,
    conditioning: {
      // Reads y and the timestep alone.
      temb: silu(embed(m, timestep, y)),
      context: {
        ...(text === undefined ? { texts: textAttention(g), batch: dims(sample, 0, 1) } : textRows(text)),
        ...transformers,
      },
    },
  };
}

/** Text [N, T, D] as rows [N * T, D], and N. */
const textRows = (text: Value): Readonly<{ rows: Value; batch: Value }> => ({
  rows: reshape(text, concat([text.graph.constant("int64", [-1]), dims(text, 2, 3)], 0)),
  batch: dims(text, 0, 1),
});

/** Width of the text that the cross-attentions read; symbolic where there is none. */
function textWidth(m: Module): Dimension {
  const key = m.keyEnding(".attn2.to_k.weight");
  return key === undefined ? "D" : m.size(key, 1);
}

/** Timestep and size conditioning -> [N, E]. */
function embed(m: Module, timestep: Value, y: Value | undefined): Value {
  if (m.size("time_embed.0.weight", 1) % 2 !== 0)
    throw m.misshapen("time_embed.0.weight", "an even number of columns");
  const time = timestepEmbedding(timestep, m.size("time_embed.0.weight", 1));
  const fromTime = linear(m.at("time_embed.2"), silu(linear(m.at("time_embed.0"), time)));
  if (y === undefined) return fromTime;
  const fromLabel = linear(m.at("label_emb.0.2"), silu(linear(m.at("label_emb.0.0"), y)));
  return residual(m.at("label_emb"), fromTime, fromLabel);
}
