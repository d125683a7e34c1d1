import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, keepingShape, matmul, mul, sub } from "#/graph/ops/arithmetic.ts";
import { concat, reshape, split } from "#/graph/ops/shape.ts";

/**
 * Places as sines and cosines of random frequencies (Tancik et al. 2020), which a file keeps: of each place x, y from 0 to 1
 * the waves of 2 (x, y) - 1.
 *
 * @param m    `positional_encoding_gaussian_matrix` [2, F]
 * @param at   places [R, 2]
 * @returns [R, 2 F]
 */
export function placesAt(m: Module, at: Value): Value {
  const g = at.graph;
  const centred = sub(mul(at, g.number([2])), g.number([1]));
  return waves(matmul(centred, frequencies(m)));
}

/** The middles of the cells of a grid, row by row: [grid * grid, 2 F]. */
export function placesOfGrid(m: Module, grid: number): Value {
  const { graph: g } = m;
  const middles = Array.from({ length: grid }, (_, i) => (2 * (i + 0.5)) / grid - 1);
  const [across, down] = split(frequencies(m), 2, 0);
  if (across === undefined || down === undefined) throw m.misfit("has no two axes of frequencies");
  const sum = add(mul(g.number(middles, [1, grid, 1]), across), mul(g.number(middles, [grid, 1, 1]), down));
  return waves(reshape(sum, [grid * grid, Number(sum.dims[2])]));
}

function frequencies(m: Module): Value {
  const name = "positional_encoding_gaussian_matrix";
  if (m.ref(name).shape.length !== 2 || m.size(name, 0) !== 2) throw m.misshapen(name, "two rows");
  return m.weight(name);
}

function waves(turns: Value): Value {
  const angle = mul(turns, turns.graph.number([2 * Math.PI]));
  return concat([keepingShape("Sin", angle), keepingShape("Cos", angle)], -1);
}
