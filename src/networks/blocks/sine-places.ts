import type { Value } from "#/graph/graph.ts";
import { add, div, keepingShape, mul } from "#/graph/ops/arithmetic.ts";
import { range } from "#/graph/ops/range.ts";
import { concat, expand, reshape, unsqueeze } from "#/graph/ops/shape.ts";

/**
 * Numbers as waves (Vaswani et al. 2017, section 3.5, as DETR has them): sine and cosine side by side, of once around for 1.
 *
 * @param x [R, 1]
 * @param count of waves, even
 * @returns [R, count]
 */
export function sines(x: Value, count: number, temperature: number): Value {
  const { graph: g } = x;
  const lengths = Array.from({ length: count / 2 }, (_, i) => temperature ** ((2 * i) / count));
  const angles = div(mul(x, g.number([2 * Math.PI])), g.number(lengths));
  const both = (["Sin", "Cos"] as const).map((op) => unsqueeze(keepingShape(op, angles), [2]));
  return reshape(concat(both, 2), [-1, count]);
}

/** Height and width of features, vectors of one int64 each. */
export type Lengths = readonly [height: Value, width: Value];

/** What stands for a row [h, 1, A] or for a column [1, w, A], for each of both: [h, w, A]. */
function spread(x: Value, lengths: Lengths): Value {
  const last = x.graph.constant("int64", [Number(x.dims[2])]);
  return expand(x, concat([...lengths, last], 0));
}

/** Spread rows and columns side by side, a row of the answer for each pixel: [h w, A + B]. */
function joined(parts: readonly [Value, Value]): Value {
  const both = concat(parts, 2);
  return reshape(both, [-1, Number(both.dims[2])]);
}

/** The middles of all pixels, x and y from 0 to 1: [h w, 2]. */
export function middlesOf(lengths: Lengths): Value {
  const [y, x] = lengths.map((length) => {
    const { graph: g } = length;
    return div(add(range(length), g.number([0.5])), g.cast(length, "float32"));
  }) as [Value, Value];
  return joined([spread(unsqueeze(x, [0, 2]), lengths), spread(unsqueeze(y, [1, 2]), lengths)]);
}

/** Where pixels are, in waves of temperature 20 (GroundingDINO's): those of the row, then those of the column, [h w, count]. */
export function placesOfPixels(lengths: Lengths, count: number): Value {
  const [y, x] = lengths.map((length) => {
    const { graph: g } = length;
    const all = add(g.cast(length, "float32"), g.number([1e-6]));
    const share = div(add(range(length), g.number([1])), all);
    return sines(unsqueeze(share, [1]), count / 2, 20);
  }) as [Value, Value];
  return joined([spread(unsqueeze(y, [1]), lengths), spread(unsqueeze(x, [0]), lengths)]);
}
