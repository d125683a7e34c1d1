import { BugError } from "#/lib/errors.ts";
import { product } from "../dimensions.ts";
import type { Value } from "../graph.ts";
import { concat, dims } from "./shape.ts";

const nearest = {
  mode: "nearest",
  coordinate_transformation_mode: "asymmetric",
  nearest_mode: "floor",
} as const;

/** Nearest-neighbour enlargement of [N, C, h, w] to the height and width in `size` (two int64). */
export function resizeNearest(x: Value, size: Value): Value {
  const sizes = concat([dims(x, 0, 2), size], 0);
  if (sizes.elements?.length !== 4) throw new BugError(`${size.name} is not a height and a width.`);
  return x.graph.node("Resize", [x, undefined, undefined, sizes], nearest, { dims: sizes.elements });
}

/** Nearest-neighbour enlargement of [N, C, h, w] to twice the height and width. */
export function doubleNearest(x: Value): Value {
  const scales = [1, 1, 2, 2];
  const twice = x.dims.map((dim, axis) => product([dim, scales[axis] ?? 1]));
  return x.graph.node("Resize", [x, undefined, x.graph.constant("float32", scales)], nearest, {
    dims: twice,
  });
}
