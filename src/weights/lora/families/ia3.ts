import { readWeight } from "../../read-weights.ts";
import type { WeightRef } from "../../weight-file.ts";
import { type Ingredient, tensor } from "../ingredient.ts";
import { refused } from "../refused.ts";
import { count, type Family, type Found, matrix, part, sizes } from "./family.ts";

/**
 * IA3 (Liu et al. 2022): factors on the inputs or the outputs of a module. LyCORIS keeps w of 1 + w, says which with
 * `on_input`, and leaves the bias as it is. PEFT keeps 1 + w, and its factors on outputs are on the bias, too.
 */
export const ia3: Family = {
  name: "IA3",
  keys: /\.(?<part>on_input|ia3_l)(?:\.[^.]+)?$/,
  scaled: false,
  read: (found) => {
    const { out, input, area } = sizes(found);
    const own = found.parts.get("ia3_l");
    if (own === undefined) {
      const flag = part(found, "on_input");
      const values = part(found, "weight");
      const onInput = readWeight(flag)[0] !== 0;
      matrix(found, { ...values, shape: [count(values)] }, onInput ? input : out, 1);
      return { weight: [{ form: "scaled", parts: { values: spread(tensor(values), onInput, area) } }] };
    }
    const onInput = isOnInput(found, own);
    matrix(found, { ...own, shape: [count(own)] }, onInput ? input : out, 1);
    const values = lessOne(own);
    const weight = [{ form: "scaled", parts: { values: spread(values, onInput, area) } }] as const;
    if (onInput || found.bias === undefined) return { weight };
    if (found.bias.shape[0] !== out)
      throw refused(found.file.path, `${own.key} does not fit the bias`, own.key);
    return { weight, bias: [{ form: "scaled", parts: { values: { ...values, shape: [out] } } }] };
  },
};

/** PEFT's factors on outputs are [out, 1] and those on inputs [1, in]; of a convolution both are [1, n, 1, 1]. */
function isOnInput(found: Found, own: WeightRef): boolean {
  const { out, input } = sizes(found);
  if (own.shape.length < 4) return own.shape[0] !== out || (out === 1 && input !== 1);
  if (out !== input) return count(own) === input;
  const why = `${own.key} may be on the inputs or on the outputs, of which there are as many`;
  throw refused(found.file.path, why, own.key);
}

const lessOne = (ref: WeightRef): Ingredient => ({
  shape: ref.shape,
  from: [ref],
  how: "less one",
  values: () => readWeight(ref).map((value) => value - 1),
});

/** One factor a row [out, 1], or one a column of the matrix [1, in · kh · kw]. */
function spread({ from, how, values }: Ingredient, onInput: boolean, area: number): Ingredient {
  const [ref] = from;
  const length = ref === undefined ? 0 : count(ref);
  if (!onInput) return { shape: [length, 1], from, how, values };
  const repeated = (): Float32Array => {
    const each = values();
    return Float32Array.from({ length: length * area }, (_, i) => each[Math.floor(i / area)] ?? 0);
  };
  return { shape: [1, length * area], from, how: `${how}, ${area} each`, values: repeated };
}
