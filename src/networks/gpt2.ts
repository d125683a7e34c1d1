import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { geluTanh } from "#/graph/ops/activation.ts";
import { add, gather, gemm, matmul, residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { embedding } from "#/graph/ops/embedding.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape, split } from "#/graph/ops/shape.ts";
import { gpt2Source } from "#/weights/layouts/gpt2.ts";
import type { Network } from "./network.ts";

const headSize = 64;

/** GPT-2 (Radford et al. 2019), the language model of prompt expansion. */
export const gpt2 = {
  name: "gpt2",
  title: "language model",
  from: gpt2Source,
  loras: undefined,
  keyedBy: [],
  // It is run for every token of an expansion, on one row: casting its matrices took as long as multiplying by them.
  packed: true,
  inputs: { ids: "tokens", positions: "position", mask: "mask", past: "memory", candidates: "tokens" },
  outputs: ["scores", "present"],
  draw: drawGpt2,
  goldens: { listing: "gpt2", answers: ["gpt2.scores", "gpt2.present", "gpt2.next"] },
} as const satisfies Network;

/**
 * GPT-2 with a key-value cache (Radford et al. 2019, section 2.3): what comes next after n more tokens behind p known ones.
 *
 * Inputs: `ids` and `positions` [1, n] int64, `mask` [1, 1, n, n + p], added to the scores of attention, `past`
 * [2 * layers, p, w], keys and values of each layer in turn, p may be 0, and `candidates` [C] int64, the tokens that are
 * asked about: rows of the table that are nobody's candidates are not multiplied.
 * Outputs: `scores` [1, C], the logits of the candidates, and `present` [2 * layers, n + p, w], the next call's `past`.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawGpt2(source: WeightSource, operators: Operators): Graph {
  // In float32 everywhere, as text is encoded: where scores lie close together another rounding draws another word.
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source);
  const width = m.size("wte.weight", 1);
  if (m.size("wpe.weight", 1) !== width) throw m.misshapen("wpe.weight", `${width} columns`);
  const layers = m.count("h");
  const ids = g.input("ids", "int64", [1, "n"]);
  const positions = g.input("positions", "int64", [1, "n"]);
  const mask = g.computing(g.input("mask", "float32", [1, 1, "n", "(n+p)"]));
  const past = g.computing(g.input("past", "float32", [2 * layers, "p", width]));
  const candidates = g.input("candidates", "int64", ["C"]);

  const tokens = add(embedding(m.at("wte"), ids), embedding(m.at("wpe"), positions));
  const memory: Value[] = [];
  let x = reshape(tokens, [-1, width]);
  for (let i = 0; i < layers; i += 1) {
    const known = [2 * i, 2 * i + 1].map((at) => gather(past, g.constant("int64", [at])));
    const layer = m.at("h").at(i);
    const { mixed, present } = selfAttention(layer.at("attn"), layerNorm(layer.at("ln_1"), x), known, mask);
    memory.push(...present);
    x = residual(layer.at("attn"), x, mixed);
    const inner = geluTanh(conv1d(layer.at("mlp.c_fc"), layerNorm(layer.at("ln_2"), x)));
    x = residual(layer.at("mlp"), x, conv1d(layer.at("mlp.c_proj"), inner));
  }
  const last = layerNorm(m.at("ln_f"), gather(x, g.constant("int64", [-1])));
  g.output("scores", gemm(last, embedding(m.at("wte"), candidates)));
  g.output("present", concat(memory, 0));
  return g;
}

/**
 * @param x    rows [n, w]
 * @param past keys and values [1, p, w] that come before
 */
function selfAttention(
  m: Module,
  x: Value,
  past: readonly Value[],
  mask: Value,
): Readonly<{ mixed: Value; present: readonly Value[] }> {
  const width = Number(x.dims[1]);
  if (m.size("c_attn.weight", 1) !== 3 * width) throw m.misshapen("c_attn.weight", `${3 * width} columns`);
  if (width % headSize !== 0) throw m.misshapen("c_attn.weight", `rows in multiples of ${headSize}`);
  const [q, k, v] = split(conv1d(m.at("c_attn"), x), 3, -1).map((part) => reshape(part, [1, -1, width]));
  const [keys, values] = past;
  if (q === undefined || k === undefined || v === undefined || keys === undefined || values === undefined)
    throw m.misfit("has no queries, keys and values");
  const [allKeys, allValues] = [concat([keys, k], 1), concat([values, v], 1)];
  const mixed = attention({ q, k: allKeys, v: allValues }, width / headSize, mask);
  return { mixed: conv1d(m.at("c_proj"), reshape(mixed, [-1, width])), present: [allKeys, allValues] };
}

/** x · W + b: this family stores its matrices input first, [in, out]. */
function conv1d(m: Module, x: Value): Value {
  if (m.ref("weight").shape.length !== 2 || m.size("weight", 0) !== x.dims[1])
    throw m.misshapen("weight", `two axes and ${x.dims[1]} rows`);
  return add(matmul(x, m.weight("weight")), m.vector("bias", m.size("weight", 1)));
}
