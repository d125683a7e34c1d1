import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, mul } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { groupNorm } from "#/graph/ops/norm.ts";
import { concat, dims, reshape, transpose } from "#/graph/ops/shape.ts";
import type { Level } from "./deformable-attention.ts";
import { middlesOf, placesOfPixels } from "./sine-places.ts";

/** Features of all levels as rows [S, C], what tells their places and levels, their middles [S, 2], and whose rows are where. */
export type Levels = Readonly<{ rows: Value; places: Value; middles: Value; levels: readonly Level[] }>;

/**
 * The backbone's features at one width, and coarser ones made of the last, as rows one level after the other.
 *
 * @param m `input_proj`, one for each level, and `transformer.level_embed`
 * @param features [1, C, h, w] each
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function featureLevels(m: Module, features: readonly Value[]): Levels {
  const projected: Value[] = [];
  for (let i = 0; i < m.count("input_proj"); i += 1) {
    const at = m.at("input_proj").at(i);
    const coarser = i > features.length ? projected.at(-1) : features.at(-1);
    const own = i < features.length ? conv2d(at.at(0), of(m, features[i])) : halved(at.at(0), of(m, coarser));
    projected.push(groupNorm(at.at(1), own, { epsilon: 1e-5 }));
  }
  const lengths = projected.map((value) => [dims(value, 2, 3), dims(value, 3, 4)] as const);
  const width = Number(projected[0]?.dims[1]);
  const each = projected.map((value) => transpose(reshape(value, [width, -1]), [1, 0]));
  const which = m.weight("transformer.level_embed");
  if (which.dims.join() !== `${projected.length},${width}`)
    throw m.misshapen("transformer.level_embed", `[${projected.length}, ${width}]`);
  const places = lengths.map((length, i) => {
    const level = m.graph.node("Gather", [which, m.graph.constant("int64", [i])], {}, { dims: [1, width] });
    return add(placesOfPixels(length, width), level);
  });
  const ends = lengths.reduce<readonly Value[]>(
    (known, [height, across]) => [...known, end(known.at(-1), height, across)],
    [m.graph.constant("int64", [0])],
  );
  return {
    rows: concat(each, 0),
    places: concat(places, 0),
    middles: concat(lengths.map(middlesOf), 0),
    levels: lengths.map((length, i) => ({
      lengths: length,
      from: of(m, ends[i]),
      to: of(m, ends[i + 1]),
    })),
  };
}

function halved(m: Module, x: Value): Value {
  m.shaped("weight", [m.size("weight", 0), Number(x.dims[1]), 3, 3]);
  return conv2d(m, x, { stride: 2, padding: 1 });
}

/** Where the rows of a level end: behind those before them. */
function end(before: Value | undefined, height: Value, across: Value): Value {
  const count = mul(height, across);
  return before === undefined ? count : add(before, count);
}

/** One that is there: as many projections as levels. */
function of(m: Module, value: Value | undefined): Value {
  if (value === undefined) throw m.misfit("has no features");
  return value;
}
