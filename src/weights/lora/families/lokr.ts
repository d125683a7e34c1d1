import type { WeightRef } from "../../weight-file.ts";
import {
  copied,
  type Ingredient,
  type Matrix,
  matrixOf,
  multiplied,
  transposed,
  tucker,
} from "../ingredient.ts";
import { count, type Family, type Found, matrix, misfit, part, sizes } from "./family.ts";

/**
 * LoKr (Yeh et al. 2024; LyCORIS, PEFT): a Kronecker product, each side whole or a product of two. Scaled once, by alpha over
 * the rank of the second side if that is a product, else of the first; not at all where both are whole, for there is no
 * rank. How large the sides are is told by their tensors.
 */
export const lokr: Family = {
  name: "LoKr",
  keys: /\.(?<part>lokr_[wt]\d(?:_[ab])?)(?:\.[^.]+)?$/,
  scaled: true,
  read: (found) => {
    const { out, input, area } = sizes(found);
    const first = sideOf(found, "lokr_w1", 1);
    const second = sideOf(found, "lokr_w2", area);
    const [a = 1, b = 1] = first.shape;
    const [c = 1, d = 1] = second.shape;
    if (a * c !== out || b * d !== input * area) throw misfit(found, second.named);
    const scale = found.scale(second.rank ?? first.rank);
    return { weight: [{ form: "kronecker", parts: { w1: times(first, scale), w2: times(second, 1) } }] };
  },
};

type Side = Readonly<{
  shape: readonly number[];
  rank: number | undefined;
  from: readonly WeightRef[];
  named: WeightRef;
  made: (factor: number) => Float32Array;
}>;

const times = ({ shape, from, made }: Side, factor: number): Ingredient => ({
  shape,
  from,
  how: `side, times ${factor}`,
  values: () => made(factor),
});

function sideOf(found: Found, name: string, area: number): Side {
  const whole = found.parts.get(name);
  if (whole !== undefined) {
    const [rows = 0] = whole.shape;
    const shape = [rows, count(matrix(found, whole, rows, count(whole) / rows)) / rows];
    return {
      shape,
      rank: undefined,
      from: [whole],
      named: whole,
      made: (by) => copied(whole, shape, by).values(),
    };
  }
  const a = part(found, `${name}_a`);
  const b = part(found, `${name}_b`);
  const core = found.parts.get(name.replace("w", "t"));
  const [rank = 0] = b.shape;
  matrix(found, b, rank, count(b) / rank);
  const from = core === undefined ? [a, b] : [core, a, b];
  if (core === undefined) {
    const [rows = 0] = a.shape;
    matrix(found, a, rows, rank);
    const made = (by: number) => multiplied(matrixOf(a), matrixOf(b), by);
    return { shape: [rows, count(b) / rank], rank, from, named: a, made };
  }
  // With a core the rank stands in front: a is [r, out].
  const [outer = 0] = core.shape;
  matrix(found, core, outer, rank * area);
  matrix(found, a, outer, count(a) / outer);
  const columns = (count(b) / rank) * area;
  const inner = (): Matrix => ({ rows: outer, columns, values: tucker(core, b) });
  const made = (by: number) => multiplied(transposed(matrixOf(a)), inner(), by);
  return { shape: [count(a) / outer, columns], rank, from, named: a, made };
}
