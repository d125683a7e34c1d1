import type { WeightRef } from "../../weight-file.ts";
import { tensor } from "../ingredient.ts";
import { refused } from "../refused.ts";
import { type Family, type Found, matrix, part, sizes } from "./family.ts";

/**
 * GLoRA (Chavan et al. 2023): alpha / r · (W · A + B), both of low rank. LyCORIS writes A = a1 a2 and B = b1 b2; before it
 * wrote them the other way round, A = a2 a1 and B = b2 b1: the shapes tell, the rank is the smaller axis.
 */
export const glora: Family = {
  name: "GLoRA",
  keys: /\.(?<part>a1|a2|b1|b2|bm)\.weight$/,
  scaled: true,
  read: (found) => {
    const core = found.parts.get("bm");
    if (core !== undefined)
      throw refused(found.file.path, `${core.key} is a core, which no tool writes`, core.key);
    const { out, input, n } = sizes(found);
    const [a1, a2] = ordered(found, "a", input);
    const [b1, b2] = ordered(found, "b", out);
    const [rank = 0] = a2.shape;
    const scale = found.scale(rank);
    const first = tensor(matrix(found, a1, input, rank), [input, rank]);
    const second = tensor(matrix(found, a2, rank, input), [rank, input], scale);
    const [own = 0] = b2.shape;
    const up = tensor(matrix(found, b1, out, own), [out, own], scale);
    const down = tensor(matrix(found, b2, own, n), [own, n]);
    return {
      weight: [
        { form: "sandwich", parts: { first, second } },
        { form: "product", parts: { up, down } },
      ],
    };
  },
};

/** The factor with so many rows, then the other. */
function ordered(found: Found, name: "a" | "b", rows: number): readonly [WeightRef, WeightRef] {
  const [one, two] = [part(found, `${name}1`), part(found, `${name}2`)];
  return one.shape[0] === rows && two.shape[0] === one.shape[1] ? [one, two] : [two, one];
}
