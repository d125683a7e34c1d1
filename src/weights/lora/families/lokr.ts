import type { WeightRef } from "../../weight-file.ts";
import { type Ingredient, tensor } from "../ingredient.ts";
import { count, type Family, type Found, matrix, misfit, part, sizes } from "./family.ts";
import { cored, turned } from "./loha.ts";

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
    const [a, b] = first.shape;
    const [c, d] = second.shape;
    if (a * c !== out || b * d !== input * area) throw misfit(found, second.named);
    const scale = found.scale(second.rank ?? first.rank);
    return {
      weight: [{ form: "kronecker", parts: { ...first.parts("w1", scale), ...second.parts("w2", 1) } }],
    };
  },
};

/** One side: rows and columns, its rank if it is a product, and its parts under a name. */
type Side = Readonly<{
  shape: readonly [number, number];
  rank: number | undefined;
  named: WeightRef;
  parts: (name: string, factor: number) => Readonly<Record<string, Ingredient>>;
}>;

function sideOf(found: Found, name: string, area: number): Side {
  const whole = found.parts.get(name);
  if (whole !== undefined) {
    const [rows = 0] = whole.shape;
    const columns = count(whole) / rows;
    matrix(found, whole, rows, columns);
    const parts: Side["parts"] = (as, factor) => ({ [as]: tensor(whole, [rows, columns], factor) });
    return { shape: [rows, columns], rank: undefined, named: whole, parts };
  }
  const a = part(found, `${name}_a`);
  const b = part(found, `${name}_b`);
  const core = found.parts.get(name.replace("w", "t"));
  const [rank = 0] = b.shape;
  const width = count(matrix(found, b, rank, count(b) / rank)) / rank;
  const [first = 0] = a.shape;
  const second = count(a) / first;
  if (core === undefined) {
    matrix(found, a, first, rank);
    const right = tensor(b, [rank, width]);
    const parts: Side["parts"] = (as, factor) => ({
      [`${as}a`]: tensor(a, [first, rank], factor),
      [`${as}b`]: right,
    });
    return { shape: [first, width], rank, named: a, parts };
  }
  // With a core the rank stands in front: a is [r, out].
  const [outer = 0] = core.shape;
  matrix(found, core, outer, rank * area);
  matrix(found, a, outer, second);
  const right = cored(core, b);
  const parts: Side["parts"] = (as, factor) => ({ [`${as}a`]: turned(a, factor), [`${as}b`]: right });
  return { shape: [second, width * area], rank, named: a, parts };
}
