import { sameShape } from "#/graph/dimensions.ts";
import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { add, gather, matmul } from "#/graph/ops/arithmetic.ts";
import { embedding } from "#/graph/ops/embedding.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, dims, reshape, slice, unsqueeze } from "#/graph/ops/shape.ts";
import { batched, type ClipRows, clipLayer, clipLayerAt } from "./blocks/clip-layer.ts";
import type { Features } from "./network.ts";

const headSize = 64;

/**
 * What no shape tells: the activation of the feed-forward, whether a pooled vector is wanted, and whether vectors may stand
 * among the tokens.
 */
type TextEncoderKind = Pick<ClipRows, "activation"> & Readonly<{ pooled: boolean; vectors?: boolean }>;

/**
 * A CLIP text encoder (Radford et al. 2021, section 2.4) under transformers' names: causal, pre-norm.
 *
 * Inputs: `ids` [N, 77] int64; with vectors (textual inversion, Gal et al. 2022) `vectors` [V, w] and `places` [N * 77] int64,
 * which say of each place which row it is of the tokens' own rows and the vectors behind them; with a pooled vector, `end` [N] int64, the position of the end token;
 * with LoRAs `lora_strengths` [K].
 * Outputs: `hidden` [N, 77, w], the hidden state that many layers before the end, without the final norm; `pooled`
 * [N, p] from the last layer.
 *
 * @param kind `clipSkip`: 1 = after the last layer, 2 = before it (SDXL's own); more than there are layers gives the
 *             last layer's output with the final norm
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function clipText(
  source: WeightSource,
  operators: Operators,
  kind: TextEncoderKind & Features,
): Graph {
  const { clipSkip } = kind;
  // In float32 everywhere, as the reference encodes text: it is done once a prompt, and every step repeats its errors.
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source);
  const layers = m.count("encoder.layers");
  const width = m.size("embeddings.token_embedding.weight", 1);
  const positions = m.size("embeddings.position_embedding.weight", 0);
  if (!sameShape(m.ref("embeddings.position_embedding.weight").shape, [positions, width]))
    throw m.misshapen("embeddings.position_embedding.weight", `two axes and ${width} columns`);
  const ids = g.input("ids", "int64", ["N", positions]);

  const tokens = embedding(m.at("embeddings.token_embedding"), ids);
  const rows = kind.vectors === true ? withVectors(tokens, [positions, width]) : tokens;
  let x = reshape(add(rows, m.weight("embeddings.position_embedding.weight")), [-1, width]);
  if (width % headSize !== 0)
    throw m.misshapen("embeddings.token_embedding.weight", `columns in multiples of ${headSize}`);
  const mask = causalMask(g, positions);
  const text: ClipRows = {
    batch: dims(ids, 0, 1),
    mask,
    width,
    heads: width / headSize,
    activation: kind.activation,
  };

  const wanted = clipSkip <= layers ? layers + 1 - clipSkip : layers;
  let hidden = x;
  // The last layer is asked for the pooled vector alone, if all of its answer is not the hidden state.
  for (let i = 0; i < (kind.pooled ? Math.max(wanted, layers - 1) : wanted); i += 1) {
    x = clipLayer(m.at("encoder.layers").at(i), x, text);
    if (i + 1 === wanted) hidden = x;
  }
  if (clipSkip > layers) hidden = layerNorm(m.at("final_layer_norm"), hidden);
  g.output("hidden", batched(hidden, text));
  if (!kind.pooled) return g;
  const end = g.input("end", "int64", ["N"]);
  const ends = atEnd(x, end, text);
  const last = m.at("encoder.layers").at(layers - 1);
  const pooled =
    wanted < layers ? clipLayerAt(last, x, text, { chosen: ends, mask: maskAt(mask, end) }) : ends;
  pool(m, pooled, width);
  return g;
}

/** Rows [N, 77, w] of which some are replaced by vectors of the caller's. */
function withVectors(tokens: Value, [positions, width]: readonly [number, number]): Value {
  const g = tokens.graph;
  const vectors = g.computing(g.input("vectors", "float32", ["V", width]));
  const places = g.input("places", "int64", [`${positions}*N`]);
  const all = concat([reshape(tokens, [-1, width]), vectors], 0);
  return reshape(gather(all, places), [-1, positions, width]);
}

/**
 * The end tokens' rows [2 * N, w], each twice: of a single row the runtime makes a product of its own kind, which differs in the last
 * bits from a row of several.
 */
function atEnd(x: Value, end: Value, text: ClipRows): Value {
  const result = { dims: ["N", text.width] };
  const row = x.graph.node("GatherND", [batched(x, text), unsqueeze(end, [1])], { batch_dims: 1 }, result);
  const apart = unsqueeze(row, [1]);
  return reshape(concat([apart, apart], 1), [-1, text.width]);
}

/** What the end tokens may see, each twice: [N, 1, 2, T]. */
function maskAt(mask: Value, end: Value): Value {
  const positions = Number(mask.dims[3]);
  const rows = unsqueeze(gather(reshape(mask, [positions, positions]), end), [1, 2]);
  return concat([rows, rows], 2);
}

/** The end token's row of the last layer, normalised and projected: v · P as OpenCLIP stores it, or its transpose. */
function pool(m: Module, rows: Value, input: number): void {
  const g = m.graph;
  const twice = projected(m, layerNorm(m.at("final_layer_norm"), rows), input);
  const width = Number(twice.dims[1]);
  g.output("pooled", reshape(slice(reshape(twice, [-1, 2, width]), 1, 0, 1), [-1, width]));
}

function projected(m: Module, rows: Value, width: number): Value {
  if (m.has("text_projection.weight")) return linear(m.at("text_projection"), rows);
  if (m.size("text_projection", 0) !== width || m.ref("text_projection").shape.length !== 2)
    throw m.misshapen("text_projection", `two axes and ${width} rows`);
  return matmul(rows, m.weight("text_projection"));
}

/** 0 where a position may look, a very negative number where it may not: position j sees 0 ... j. */
function causalMask(g: Graph, positions: number): Value {
  const hidden = -3.4028234663852886e38;
  const values = Array.from({ length: positions * positions }, (_, at) =>
    at % positions > Math.floor(at / positions) ? hidden : 0,
  );
  return g.number(values, [1, 1, positions, positions]);
}
