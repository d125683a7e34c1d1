import { BugError } from "#/lib/errors.ts";
import { type Dimension, quotient, sum, type Window } from "../dimensions.ts";
import type { Value } from "../graph.ts";
import { dims } from "../ops/shape.ts";

/** A part of features with what a convolution reads around it: its pads, and how many tiles there are in it. */
export type Region = Readonly<{ x: Value; pads: Window["pads"]; tiles: readonly [Dimension, Dimension] }>;

/**
 * The quarters of features, row by row, if both sides are known to be multiples of 8 whatever was asked for: these are features of a
 * VAE at the picture's own size, the largest there are, which transformed as a whole would take twice the memory of all else.
 */
export function quartersOf(x: Value, { pads }: Window): readonly Region[] | undefined {
  const [, , height = 1, width = 1] = x.dims;
  const [down, across] = [quotient(height, 8), quotient(width, 8)];
  if (down === undefined || across === undefined || pads.some((pad) => pad !== 1)) return undefined;
  const g = x.graph;
  const int = { type: "int64", dims: [2] } as const;
  const constant = (values: readonly number[]): Value => g.constant("int64", values);
  const half = g.node("Div", [dims(x, 2, 4), constant([2, 2])], {}, int);
  const bound = (factors: readonly number[], offsets: readonly number[]): Value =>
    g.node("Add", [g.node("Mul", [half, constant(factors)], {}, int), constant(offsets)], {}, int);
  const size = (dim: Dimension): Dimension => sum([quotient(dim, 2) ?? dim, 1]);
  return [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ].map(([row = 0, column = 0]) => {
    const start = bound([row, column], [-row, -column]);
    const end = bound([1 + row, 1 + column], [1 - row, 1 - column]);
    const shape = x.dims.with(2, size(height)).with(3, size(width));
    const part = g.node("Slice", [x, start, end, constant([2, 3])], {}, { dims: shape });
    return { x: part, pads: [1 - row, 1 - column, row, column], tiles: [down, across] };
  });
}

/** Quarters side by side again, of this shape. */
export function joinedQuarters(quarters: readonly Value[], shape: readonly Dimension[]): Value {
  const beside = (from: number): Value => {
    const parts = quarters.slice(from, from + 2);
    const half = quarters[from]?.dims.with(3, shape[3] ?? 1) ?? shape;
    return part(parts).graph.node("Concat", parts, { axis: 3 }, { dims: half });
  };
  const rows = [beside(0), beside(2)];
  return part(rows).graph.node("Concat", rows, { axis: 2 }, { dims: shape });
}

function part([first]: readonly Value[]): Value {
  if (first === undefined) throw new BugError("There are no quarters to join.");
  return first;
}
