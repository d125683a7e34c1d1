import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { gelu } from "#/graph/ops/activation.ts";
import { add, gather, gemm, residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { embedding } from "#/graph/ops/embedding.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape } from "#/graph/ops/shape.ts";
import { blipFile } from "#/weights/layouts/blip.ts";
import type { Network } from "./network.ts";

const headSize = 64;

/** BERT's (Devlin et al. 2018). */
const epsilon = 1e-12;

/** BLIP's text decoder (Li et al. 2022, section 3.1): BERT that looks back only, and at a picture. */
export const blipText = {
  name: "blip-text",
  title: "captioner's language model",
  from: { ownFile: blipFile },
  loras: undefined,
  keyedBy: [],
  // It is run for every token of a caption, on one row, as GPT-2 is.
  packed: true,
  inputs: { ids: "tokens", positions: "position", mask: "mask", past: "memory", shown: "memory" },
  outputs: ["scores", "present"],
  draw: drawBlipText,
  goldens: { listing: "blip-text", answers: ["blip.scores", "blip.present", "blip.next"] },
} as const satisfies Network;

/**
 * BERT as a decoder with a key-value cache: what comes next after n more tokens behind p known ones. Post-norm.
 *
 * Inputs: `ids` and `positions` [1, n] int64, `mask` [1, 1, n, n + p], added to the scores of attention, `past`
 * [2 * layers, p, w], keys and values of each layer in turn, p may be 0, and `shown` [2 * layers, places, w], those of the
 * picture.
 * Outputs: `scores` [1, vocabulary], logits of what comes behind the last token, and `present` [2 * layers, n + p, w].
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawBlipText(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source).at("text_decoder");
  const words = m.at("bert.embeddings");
  const width = words.size("word_embeddings.weight", 1);
  const layers = m.count("bert.encoder.layer");
  const ids = g.input("ids", "int64", [1, "n"]);
  const positions = g.input("positions", "int64", [1, "n"]);
  const mask = g.computing(g.input("mask", "float32", [1, 1, "n", "(n+p)"]));
  const past = g.computing(g.input("past", "float32", [2 * layers, "p", width]));
  const shown = g.computing(g.input("shown", "float32", [2 * layers, "P", width]));
  const pairOf = (all: Value, i: number): readonly Value[] =>
    [2 * i, 2 * i + 1].map((at) => gather(all, g.constant("int64", [at])));

  const placed = add(
    embedding(words.at("word_embeddings"), ids),
    embedding(words.at("position_embeddings"), positions),
  );
  let x = layerNorm(words.at("LayerNorm"), reshape(placed, [-1, width]), epsilon);
  const memory: Value[] = [];
  for (let i = 0; i < layers; i += 1) {
    const layer = m.at("bert.encoder.layer").at(i);
    const { mixed, present } = remembering(layer.at("attention"), x, pairOf(past, i), mask);
    memory.push(...present);
    x = normed(layer.at("attention.output"), x, mixed);
    x = normed(
      layer.at("crossattention.output"),
      x,
      looking(layer.at("crossattention"), x, pairOf(shown, i)),
    );
    x = normed(layer.at("output"), x, gelu(linear(layer.at("intermediate.dense"), x)));
  }
  const head = m.at("cls.predictions");
  const last = gelu(linear(head.at("transform.dense"), gather(x, g.constant("int64", [-1]))));
  const named = layerNorm(head.at("transform.LayerNorm"), last, epsilon);
  const rows = head.size("decoder.weight", 0);
  g.output("scores", gemm(named, head.weight("decoder.weight"), head.vector("bias", rows)));
  g.output("present", concat(memory, 0));
  return g;
}

/** A projection that is added to what passes beside it, and both normalised. */
const normed = (m: Module, x: Value, answer: Value): Value =>
  layerNorm(m.at("LayerNorm"), residual(m, x, linear(m.at("dense"), answer)), epsilon);

/**
 * Attention to what was said before and to itself.
 *
 * @param x     rows [n, w]
 * @param known keys and values [1, p, w] that come before
 */
function remembering(
  m: Module,
  x: Value,
  [keys, values]: readonly Value[],
  mask: Value,
): Readonly<{ mixed: Value; present: readonly Value[] }> {
  const { q, k, v } = {
    q: projected(m.at("self.query"), x),
    k: projected(m.at("self.key"), x),
    v: projected(m.at("self.value"), x),
  };
  if (keys === undefined || values === undefined) throw m.misfit("has no keys and values");
  const present = [concat([keys, k], 1), concat([values, v], 1)] as const;
  const read = { q, k: present[0], v: present[1] };
  return { mixed: rowsOf(attention(read, headsOf(m, q), mask)), present };
}

/** Attention to the picture. */
function looking(m: Module, x: Value, [k, v]: readonly Value[]): Value {
  const q = projected(m.at("self.query"), x);
  if (k === undefined || v === undefined) throw m.misfit("has no keys and values");
  return rowsOf(attention({ q, k, v }, headsOf(m, q)));
}

const projected = (m: Module, x: Value): Value => reshape(linear(m, x), [1, -1, m.size("weight", 0)]);

const rowsOf = (x: Value): Value => reshape(x, [-1, Number(x.dims[2])]);

function headsOf(m: Module, { dims }: Value): number {
  const width = Number(dims[2]);
  if (width % headSize !== 0) throw m.misshapen("self.query.weight", `rows in multiples of ${headSize}`);
  return width / headSize;
}
