import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, keepingShape } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { reshape } from "#/graph/ops/shape.ts";

/** Of every attention of the mask decoder; no tensor tells. */
const heads = 8;

/** Tokens [N, T, C] and the picture's features [N, P, C], each with what says where its members are. */
export type TwoWays = Readonly<{ tokens: Value; features: Value; tokenPlaces: Value; featurePlaces: Value }>;

/**
 * The transformer of Segment Anything's mask decoder (Kirillov et al. 2023, appendix A): tokens look at each other and at the
 * picture, the picture looks at the tokens, layer by layer, and once more the tokens at the picture.
 *
 * @param m    `layers` and `final_attn_token_to_image`
 * @returns tokens and features of the same shapes
 */
export function twoWayTransformer(m: Module, start: TwoWays): Pick<TwoWays, "tokens" | "features"> {
  let state = start;
  for (let i = 0; i < m.count("layers"); i += 1) state = layer(m.at("layers").at(i), state, i === 0);
  const { tokens, features, tokenPlaces, featurePlaces } = state;
  const query = add(tokens, tokenPlaces);
  const key = add(features, featurePlaces);
  const seen = add(tokens, attended(m.at("final_attn_token_to_image"), [query, key, features]));
  return { tokens: layerNorm(m.at("norm_final_attn"), seen), features };
}

/** The first layer's tokens are replaced by what they see in each other, and see no places there. */
function layer(m: Module, state: TwoWays, first: boolean): TwoWays {
  const { tokenPlaces, featurePlaces } = state;
  const placed = first ? state.tokens : add(state.tokens, tokenPlaces);
  const own = attended(m.at("self_attn"), [placed, placed, state.tokens]);
  const among = layerNorm(m.at("norm1"), first ? own : add(state.tokens, own));
  const keys = add(state.features, featurePlaces);
  const seen = attended(m.at("cross_attn_token_to_image"), [add(among, tokenPlaces), keys, state.features]);
  const seeing = layerNorm(m.at("norm2"), add(among, seen));
  const inner = keepingShape("Relu", onRows(m.at("mlp.lin1"), seeing));
  const tokens = layerNorm(m.at("norm3"), add(seeing, onRows(m.at("mlp.lin2"), inner)));
  const back = attended(m.at("cross_attn_image_to_token"), [keys, add(tokens, tokenPlaces), tokens]);
  return { ...state, tokens, features: layerNorm(m.at("norm4"), add(state.features, back)) };
}

/** Attention between projections that may be narrower than what is projected. */
function attended(m: Module, [query, key, value]: readonly [query: Value, key: Value, value: Value]): Value {
  const read = {
    q: onRows(m.at("q_proj"), query),
    k: onRows(m.at("k_proj"), key),
    v: onRows(m.at("v_proj"), value),
  };
  if (Number(read.q.dims[2]) % heads !== 0) throw m.misfit(`has a width that ${heads} heads do not share`);
  return onRows(m.at("out_proj"), attention(read, heads));
}

/** A linear layer on each of [N, L, C]. */
function onRows(m: Module, x: Value): Value {
  const [, length, width] = x.dims.map(Number);
  const rows = linear(m, reshape(x, [-1, width ?? 0]));
  return reshape(rows, [-1, length ?? 0, Number(rows.dims[1])]);
}
