import { product } from "#/graph/dimensions.ts";
import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, keepingShape, mul, sub } from "#/graph/ops/arithmetic.ts";
import { gridSample } from "#/graph/ops/grid-sample.ts";
import { linear } from "#/graph/ops/linear.ts";
import { reduced } from "#/graph/ops/reduce.ts";
import { concat, reshape, slice, transpose } from "#/graph/ops/shape.ts";
import type { Lengths } from "./sine-places.ts";

/** Of every such attention of GroundingDINO; no tensor tells it apart from the number of points. */
const heads = 8;

/** Features of one fineness among the rows of all: which rows are theirs, and how many stand in a column and in a row. */
export type Level = Readonly<{ lengths: Lengths; from: Value; to: Value }>;

/** Rows [R, C] that ask, rows [S, C] of all levels that are asked, and where: offsets [R, heads, P, 2] -> places, 0 to 1. */
export type Sampling = Readonly<{
  query: Value;
  memory: Value;
  levels: readonly Level[];
  placed: (offsets: Value, level: Level, points: number) => Value;
}>;

/**
 * Attention to a few places of each level, which the query chooses (Zhu et al. 2021, Deformable DETR, section 4.1). One level
 * after the other, since what is read of one is large: heads x rows x points times the width of a head.
 *
 * @param m `sampling_offsets`, `attention_weights`, `value_proj`, `output_proj`
 * @returns rows [R, C]
 * @throws ModelError `weight-shape`
 */
export function deformableAttention(m: Module, { query, memory, levels, placed }: Sampling): Value {
  const width = Number(query.dims[1]);
  const places = m.size("attention_weights.weight", 0);
  const points = places / (heads * levels.length);
  if (!Number.isInteger(points) || width % heads !== 0)
    throw m.misshapen("attention_weights.weight", `rows in multiples of ${heads * levels.length}`);
  m.shaped("sampling_offsets.weight", [2 * places, width]);
  const offsets = reshape(linear(m.at("sampling_offsets"), query), [-1, heads, levels.length, 2 * points]);
  const scores = reshape(linear(m.at("attention_weights"), query), [-1, heads, levels.length * points]);
  const weights = transpose(keepingShape("Softmax", scores, { axis: -1 }), [1, 0, 2]);
  const values = linear(m.at("value_proj"), memory);
  const parts = levels.map((level, i) => {
    const own = reshape(slice(offsets, 2, i, i + 1), [-1, heads, points, 2]);
    const where = transpose(placed(own, level, points), [1, 0, 2, 3]);
    const { graph: g } = query;
    const grid = sub(mul(where, g.number([2])), g.number([1]));
    const read = gridSample(planesOf(values, level), grid);
    const shares = reshape(slice(weights, 2, i * points, (i + 1) * points), [heads, 1, -1, points]);
    return reduced("ReduceSum", mul(read, shares), [3]);
  });
  const mixed = parts.reduce((all, part) => add(all, part));
  return linear(m.at("output_proj"), transpose(reshape(mixed, [width, -1]), [1, 0]));
}

/** A level's rows as planes of each head: [heads, C / heads, h, w]. */
function planesOf(values: Value, { lengths, from, to }: Level): Value {
  const { graph: g } = values;
  const [count, width] = [product(lengths.map(({ elements }) => elements?.[0] ?? 1)), Number(values.dims[1])];
  const rows = g.node("Slice", [values, from, to, g.constant("int64", [0])], {}, { dims: [count, width] });
  const shape = concat([g.constant("int64", [heads, width / heads]), ...lengths], 0);
  return reshape(transpose(rows, [1, 0]), shape);
}
