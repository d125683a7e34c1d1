import type { Graph, Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { gather, matmul, mul } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { linear } from "#/graph/ops/linear.ts";
import { concat, expand, reshape, split, transpose } from "#/graph/ops/shape.ts";

/** Squares of tokens, as many as `windows`, each `side` x `side`, looked at by so many heads of a size. */
type Squares = Readonly<{ windows: number; side: number; heads: number; size: number }>;

/** What is added to keys that they are told apart by: for each key which row it is in, and which column. */
export type PlacesOf = (squares: Squares) => Value;

/**
 * Attention within squares of tokens, whose scores know how far two tokens lie apart (Li et al. 2022, MViTv2, section 4.1, as
 * Segment Anything has it): of queries and keys with places y, x the score is
 *
 *     q · k / sqrt(d) + q · H[y_q - y_k] + q · V[x_q - x_k]
 *
 * Added to a matrix of scores that is a gigabyte for 4096 tokens and 16 heads, and several of them. Here it is part of the product:
 * a query goes on with its 2 S products with H and V, a key with ones where its row and its column are. So nothing but
 * attention is asked for, and the fused kernel never holds all scores.
 *
 * @param m `qkv` and `proj` over C, `rel_pos_h` and `rel_pos_w` [2 S - 1, d]
 * @param x squares [W, S, S, C]
 * @returns [W, S, S, C]
 * @throws ModelError `weight-shape` where the widths do not fit
 */
export function placeAttention(m: Module, x: Value, placesOf: PlacesOf): Value {
  const [windows = 0, side = 0, , width = 0] = x.dims.map(Number);
  const size = m.size("rel_pos_h", 1);
  const heads = width / size;
  if (!Number.isInteger(heads)) throw m.misshapen("rel_pos_h", `columns that divide ${width}`);
  for (const name of ["rel_pos_h", "rel_pos_w"]) m.shaped(name, [2 * side - 1, size]);
  const squares = { windows, side, heads, size };
  const [q, k, v] = split(linear(m.at("qkv"), reshape(x, [-1, width])), 3, -1);
  if (q === undefined || k === undefined || v === undefined)
    throw m.misfit("has no queries, keys and values");

  const tokens = [windows, side * side, heads];
  const stretch = x.graph.number([Math.sqrt((size + 2 * side) / size)]);
  const byHead = reshape(q, [windows, side, side, heads, size]);
  const apart = [rowProducts(m, byHead, squares), columnProducts(m, byHead, squares)];
  const queries = concat([byHead, ...apart], -1);
  const keys = concat([reshape(mul(k, stretch), [...tokens, size]), placesOf(squares)], -1);
  const flat = (value: Value): Value => reshape(value, [windows, side * side, -1]);
  const mixed = attention({ q: flat(queries), k: flat(keys), v: flat(v) }, heads);
  return reshape(linear(m.at("proj"), reshape(mixed, [-1, width])), [windows, side, side, width]);
}

/** Each query times the vectors of its distances to every row: [W, S, S, heads, d] -> [W, S, S, heads, S]. */
function rowProducts(m: Module, q: Value, { windows, side, heads, size }: Squares): Value {
  const byRow = reshape(transpose(q, [1, 0, 2, 3, 4]), [side, windows * side * heads, size]);
  const products = matmul(byRow, distances(m, "rel_pos_h", side));
  return transpose(reshape(products, [side, windows, side, heads, side]), [1, 0, 2, 3, 4]);
}

/** The same for every column. */
function columnProducts(m: Module, q: Value, { windows, side, heads, size }: Squares): Value {
  const byColumn = reshape(transpose(q, [2, 0, 1, 3, 4]), [side, windows * side * heads, size]);
  const products = matmul(byColumn, distances(m, "rel_pos_w", side));
  return transpose(reshape(products, [side, windows, side, heads, side]), [1, 2, 0, 3, 4]);
}

/** For each place the vectors of the distances to all places of its axis, [S, d, S]. */
function distances(m: Module, name: string, side: number): Value {
  const ids = Array.from({ length: side * side }, (_, i) => Math.floor(i / side) - (i % side) + side - 1);
  return transpose(gather(m.weight(name), m.graph.constant("int64", ids, [side, side])), [0, 2, 1]);
}

/**
 * Draws what keys are told apart by, once for all layers of the same squares: [W, S S, heads, 2 S]. Ones are as large as the
 * scale of attention will make them small.
 */
export function drawnPlaces(g: Graph): PlacesOf {
  const drawn = new Map<string, Value>();
  return (squares) => {
    const { windows, side, heads, size } = squares;
    const key = JSON.stringify(squares);
    const known = drawn.get(key);
    if (known !== undefined) return known;
    const one = Math.sqrt(size + 2 * side);
    const diagonal = Array.from({ length: side * side }, (_, i) => (i % (side + 1) === 0 ? one : 0));
    const [rows, columns] = [
      [1, side, 1, 1, side],
      [1, 1, side, 1, side],
    ].map((dims) => expand(g.number(diagonal, dims), [windows, side, side, heads, side]));
    const places = reshape(
      concat(
        [rows, columns].filter((value) => value !== undefined),
        -1,
      ),
      [windows, side * side, heads, 2 * side],
    );
    drawn.set(key, places);
    return places;
  };
}
