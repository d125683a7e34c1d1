import type { Graph, Value } from "../graph.ts";
import type { Drawing } from "./drawing.ts";
import { added, less, matmul, multiplied, reordered, reshaped, shapeOf } from "./prepared.ts";

/** `rotated` of `weights/weight-change.ts`. */
export function rotated({ g, base, sum, part, scaled, optional }: Drawing): Value {
  const turns = part("turns");
  const [groups = 1, size = 1] = shapeOf(turns);
  const [rows = 1, columns = 1] = shapeOf(base);
  const turn = matmul(g, scaled(turns), reshaped(g, base, [groups, size, columns]));
  const moved = reshaped(g, turn, [rows, columns]);
  const rescale = optional("rescale");
  if (rescale === undefined) return added(g, sum, moved);
  return replaced({ g, base, sum }, multiplied(g, added(g, base, moved), rescale));
}

/** `rotated-input`: groups of columns are rows of the transposed matrix. */
export function rotatedInput({ g, base, sum, part, scaled }: Drawing): Value {
  const turns = part("turns");
  const [groups = 1, size = 1] = shapeOf(turns);
  const [rows = 1, columns = 1] = shapeOf(base);
  const grouped = reordered(g, reshaped(g, base, [rows, groups, size]), [1, 0, 2]);
  const turn = reordered(g, matmul(g, grouped, scaled(turns)), [1, 0, 2]);
  return added(g, sum, reshaped(g, turn, [rows, columns]));
}

/** `butterfly`. */
export function butterfly({ g, base, sum, part, scaled, optional }: Drawing): Value {
  const moved = staged(g, base, scaled(part("turns")));
  const rescale = optional("rescale");
  return replaced({ g, base, sum }, rescale === undefined ? moved : multiplied(g, moved, rescale));
}

/** `butterfly-input`: columns are rows of the transposed matrix. */
export function butterflyInput({ g, base, sum, part, scaled }: Drawing): Value {
  const moved = reordered(g, staged(g, reordered(g, base, [1, 0]), part("turns")), [1, 0]);
  return added(g, sum, scaled(less(g, multiplied(g, moved, part("rescale")), base)));
}

/** Stage i turns rows that are 2^i · b/2 apart, brought side by side for it and put back. */
function staged(g: Graph, base: Value, turns: Value): Value {
  const [stages = 1, groups = 1, size = 1] = shapeOf(turns);
  const [rows = 1, columns = 1] = shapeOf(base);
  let moved = base;
  for (let stage = 0; stage < stages; stage += 1) {
    const apart = 2 ** stage * (size / 2);
    const pairs = reshaped(g, moved, [rows / apart / 2, 2, apart, columns]);
    const beside = reshaped(g, reordered(g, pairs, [0, 2, 1, 3]), [groups, size, columns]);
    const start = g.constant("int64", [stage]);
    const dims = [groups, size, size];
    const own = g.prepare(
      "Squeeze",
      [
        g.prepare("Gather", [turns, start], { type: "float32", dims: [1, ...dims] }, { axis: 0 }),
        g.constant("int64", [0]),
      ],
      { type: "float32", dims },
    );
    const turned = added(g, beside, matmul(g, own, beside));
    const back = reordered(g, reshaped(g, turned, [rows / apart / 2, apart, 2, columns]), [0, 2, 1, 3]);
    moved = reshaped(g, back, [rows, columns]);
  }
  return moved;
}

/** A weight in place of W, with what else is added to W. */
function replaced({ g, base, sum }: Pick<Drawing, "g" | "base" | "sum">, weight: Value): Value {
  return sum === base ? weight : added(g, sum, less(g, weight, base));
}
