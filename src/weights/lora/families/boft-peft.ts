import { readWeight } from "../../read-weights.ts";
import type { WeightRef } from "../../weight-file.ts";
import { tensor } from "../ingredient.ts";
import { refused } from "../refused.ts";
import { cayley, interleaved, skewed } from "../rotation.ts";
import { count, type Family, type Found, matrix, part, sizes } from "./family.ts";

/**
 * BOFT (Liu et al. 2024) as PEFT writes it (its `tuners/boft/layer.py`): stages of blocks [m, k, b, b] that turn a module's
 * inputs, R = (1 - S)(1 + S)⁻¹ with S = (A - Aᵀ) / 2, and a length for each row. W becomes s ⊙ (W Bᵀ),
 * B = B_m … B_1, each stage mixing the same inputs as LyCORIS' does rows; but in a block the first half stands before the
 * second, where LyCORIS has them by turns.
 */
export const boftPeft: Family = {
  name: "BOFT of PEFT",
  keys: /\.(?<part>boft_[Rs])(?:\.[^.]+)?$/,
  scaled: false,
  read: (found) => {
    const { out } = sizes(found);
    const blocks = stagesOf(found, part(found, "boft_R"));
    const lengths = part(found, "boft_s");
    // [out, 1] of a matrix, [1, out] of a kernel.
    matrix(found, { ...lengths, shape: [count(lengths)] }, out, 1);
    const rescale = tensor(lengths, [out, 1]);
    const values = (): Float32Array => {
      const halves = readWeight(blocks).map((value) => -value / 2);
      const turned = cayley(skewed({ size: blocks.shape.at(-1) ?? 1, values: halves }));
      return interleaved(turned).values;
    };
    const turns = { shape: blocks.shape, from: [blocks], how: `PEFT's stages, ${count(blocks)}`, values };
    return { weight: [{ form: "butterfly-input", parts: { turns, rescale } }] };
  },
};

function stagesOf(found: Found, blocks: WeightRef): WeightRef {
  const { n } = sizes(found);
  const [stages = 0, groups = 0, size = 0] = blocks.shape;
  matrix(found, blocks, stages, groups * size * size);
  const widest = 2 ** (stages - 1) * size;
  if (blocks.shape.length === 4 && groups * size === n && size % 2 === 0 && n % widest === 0) return blocks;
  const why = `${blocks.key} has the shape [${blocks.shape.join(", ")}], which makes no groups of an even number of ${n} inputs`;
  throw refused(found.file.path, why, blocks.key);
}
