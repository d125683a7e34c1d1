import type { Form } from "#/weights/weight-change.ts";
import type { Value } from "../graph.ts";
import type { DrawForm, Drawing } from "./drawing.ts";
import { added, matmul, multiplied, plusProduct, reordered, reshaped, shapeOf } from "./prepared.ts";
import { butterfly, butterflyInput, rotated, rotatedInput } from "./rotations.ts";

/** How each form of `weights/weight-change.ts` is drawn. */
export const forms: Readonly<Record<Form, DrawForm>> = {
  whole: ({ g, base, sum, part, scaled }) =>
    added(g, sum, scaled(reshaped(g, part("values"), shapeOf(base)))),
  scaled: ({ g, base, sum, part, scaled }) => added(g, sum, multiplied(g, base, scaled(part("values")))),
  product: ({ g, sum, part, scaled }) => plusProduct(g, sum, [scaled(part("up")), part("down")]),
  hadamard: ({ g, sum, part, scaled }) => {
    const first = matmul(g, scaled(part("a1")), part("b1"));
    return added(g, sum, multiplied(g, first, matmul(g, part("a2"), part("b2"))));
  },
  kronecker,
  sandwich,
  rotated,
  "rotated-input": rotatedInput,
  butterfly,
  "butterfly-input": butterflyInput,
};

/** Every value of the first side times the whole second side, as blocks. */
function kronecker(drawing: Drawing): Value {
  const { g, sum, scaled } = drawing;
  const [w1, w2] = [side(drawing, "w1"), side(drawing, "w2")];
  const [a = 1, b = 1] = shapeOf(w1);
  const [c = 1, d = 1] = shapeOf(w2);
  const [first, second] = a * b < c * d ? [scaled(w1), w2] : [w1, scaled(w2)];
  const product = multiplied(g, reshaped(g, first, [a, 1, b, 1]), reshaped(g, second, [1, c, 1, d]));
  return added(g, sum, reshaped(g, product, [a * c, b * d]));
}

const side = ({ g, part, optional }: Drawing, name: string): Value =>
  optional(name) ?? matmul(g, part(`${name}a`), part(`${name}b`));

/** Of a kernel each of its points is a matrix of its own. */
function sandwich({ g, base, sum, shape, part, scaled }: Drawing): Value {
  const [out = 1, input = 1] = shape;
  const [, n = 1] = shapeOf(base);
  const [first, second] = [part("first"), part("second")];
  if (n === input) return plusProduct(g, sum, [scaled(matmul(g, base, first)), second]);
  const [turnedFirst, turnedSecond] = [reordered(g, first, [1, 0]), reordered(g, second, [1, 0])];
  const low = matmul(g, turnedFirst, reshaped(g, base, [out, input, n / input]));
  return added(g, sum, reshaped(g, matmul(g, scaled(turnedSecond), low), [out, n]));
}
