import { readWeight } from "../../read-weights.ts";
import { refused } from "../refused.ts";
import { neumann, skewedFromUpper, turnedOver } from "../rotation.ts";
import { count, type Family, matrix, part, sizes } from "./family.ts";

/**
 * OFT as PEFT and OneTrainer write it: the numbers above the diagonal of Q, for groups of a module's inputs, which are turned
 * before they meet W. Both take Cayley's transform as the first five terms of its series, unless told otherwise, which no
 * file tells. One block may serve all groups.
 */
export const oftPeft: Family = {
  name: "OFT of PEFT",
  keys: /\.(?<part>oft_R)(?:\.[^.]+)?\.weight$/,
  scaled: false,
  read: (found) => {
    const { n } = sizes(found);
    const upper = part(found, "oft_R");
    const [blocks = 0, each = 0] = upper.shape;
    matrix(found, upper, blocks, each);
    const size = (1 + Math.sqrt(1 + 8 * each)) / 2;
    const groups = n / size;
    if (!Number.isInteger(size) || !Number.isInteger(groups) || (blocks !== groups && blocks !== 1)) {
      const why = `${upper.key} has the shape [${upper.shape.join(", ")}], which makes no groups of ${n} inputs`;
      throw refused(found.file.path, why, upper.key);
    }
    const values = (): Float32Array => {
      const { values: turns } = turnedOver(neumann(skewedFromUpper(size, readWeight(upper))));
      return blocks === groups ? turns : repeated(turns, groups);
    };
    const turns = { shape: [groups, size, size], from: [upper], how: `Neumann, ${count(upper)}`, values };
    return { weight: [{ form: "rotated-input", parts: { turns } }] };
  },
};

const repeated = (values: Float32Array, times: number): Float32Array =>
  Float32Array.from({ length: values.length * times }, (_, i) => values[i % values.length] ?? 0);
