import type { WeightRef } from "../../weight-file.ts";
import { type Ingredient, matrixOf, tensor, transposed, tucker } from "../ingredient.ts";
import { count, type Family, type Found, matrix, part, sizes } from "./family.ts";

/**
 * LoHa (Hyeon-Woo et al. 2022; LyCORIS, PEFT): the elementwise product of two low-rank products, scaled once, by alpha over
 * the rows of w1_b. With Tucker cores each is t · (w_b, w_a).
 */
export const loha: Family = {
  name: "LoHa",
  keys: /\.(?<part>hada_[wt]\d(?:_[ab])?)(?:\.[^.]+)?$/,
  scaled: true,
  read: (found) => {
    const scale = found.scale(part(found, "hada_w1_b").shape[0]);
    const [a1, b1] = pair(found, 1, scale);
    const [a2, b2] = pair(found, 2, 1);
    return { weight: [{ form: "hadamard", parts: { a1, b1, a2, b2 } }] };
  },
};

function pair(found: Found, index: 1 | 2, factor: number): readonly [Ingredient, Ingredient] {
  const { out, input, n } = sizes(found);
  const a = part(found, `hada_w${index}_a`);
  const b = part(found, `hada_w${index}_b`);
  const [rank = 0] = b.shape;
  const core = found.parts.get(`hada_t${index}`);
  if (core === undefined) {
    matrix(found, a, out, rank);
    return [tensor(a, [out, rank], factor), tensor(matrix(found, b, rank, n), [rank, n])];
  }
  const [outer = 0] = core.shape;
  matrix(found, core, outer, (rank * n) / input);
  matrix(found, b, rank, input);
  return [turned(matrix(found, a, outer, out), factor), cored(core, b)];
}

/** A factor [r, out] as [out, r]. */
export const turned = (ref: WeightRef, factor = 1): Ingredient => ({
  shape: [count(ref) / (ref.shape[0] ?? 1), ref.shape[0] ?? 1],
  from: [ref],
  how: `turned, times ${factor}`,
  values: () => transposed(matrixOf(ref)).values.map((value) => value * factor),
});

/** A Tucker core and the factor of the inputs as one factor [r, in · kh · kw]. */
export function cored(core: WeightRef, factor: WeightRef): Ingredient {
  const [outer = 0, inner = 1] = core.shape;
  const columns = (count(core) / outer / inner) * (count(factor) / inner);
  return { shape: [outer, columns], from: [core, factor], how: "core", values: () => tucker(core, factor) };
}
