import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { gelu } from "#/graph/ops/activation.ts";
import { add, residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { embedding } from "#/graph/ops/embedding.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { reshape } from "#/graph/ops/shape.ts";
import { inBatch, outOfBatch } from "./joined-attention.ts";

const headSize = 64;
const epsilon = 1e-12;

/** Tokens [1, T] and their positions, and what is added to the scores of attention, [1, 1, T, T]. */
export type BertText = Readonly<{ ids: Value; positions: Value; mask: Value }>;

/**
 * BERT's encoder (Devlin et al. 2018) for one text, which is the first of no pair. Post-norm.
 *
 * @param m `embeddings` and `encoder.layer`
 * @returns rows [T, width]
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function bert(m: Module, { ids, positions, mask }: BertText): Value {
  const table = m.at("embeddings");
  const width = table.size("word_embeddings.weight", 1);
  table.shaped("position_embeddings.weight", [table.size("position_embeddings.weight", 0), width]);
  // One row for each text of a pair.
  table.shaped("token_type_embeddings.weight", [2, width]);
  const words = add(
    embedding(table.at("word_embeddings"), ids),
    embedding(table.at("position_embeddings"), positions),
  );
  const first = embedding(table.at("token_type_embeddings"), ids.graph.constant("int64", [0]));
  let x = layerNorm(table.at("LayerNorm"), reshape(add(words, first), [-1, width]), epsilon);
  for (let i = 0; i < m.count("encoder.layer"); i += 1) {
    const layer = m.at("encoder.layer").at(i);
    const seen = normed(layer.at("attention.output"), x, selfAttention(layer.at("attention.self"), x, mask));
    x = normed(layer.at("output"), seen, gelu(linear(layer.at("intermediate.dense"), seen)));
  }
  return x;
}

/** A projection that is added to what passes beside it, and both normalised. */
const normed = (m: Module, x: Value, answer: Value): Value =>
  layerNorm(m.at("LayerNorm"), residual(m, x, linear(m.at("dense"), answer)), epsilon);

function selfAttention(m: Module, x: Value, mask: Value): Value {
  const read = {
    q: inBatch(linear(m.at("query"), x)),
    k: inBatch(linear(m.at("key"), x)),
    v: inBatch(linear(m.at("value"), x)),
  };
  const heads = Number(read.q.dims[2]) / headSize;
  if (!Number.isInteger(heads)) throw m.misshapen("query.weight", `rows in multiples of ${headSize}`);
  return outOfBatch(attention(read, heads, mask));
}
