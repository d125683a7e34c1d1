import { BugError } from "#/lib/errors.ts";
import { product, quotient, shapeText } from "../dimensions.ts";
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

/**
 * Folds each square of pixels into channels, [N, C, f h, f w] -> [N, C f f, h, w], in torch's order (`pixel_unshuffle`): all of
 * a colour's pixels side by side, rows first. ONNX's own operator has the colours side by side.
 *
 * @throws BugError if the sides are no multiples
 */
export function foldPixels(x: Value, fold: number): Value {
  const [n = 1, c, height = 1, width = 1] = x.dims;
  const [h, w] = [quotient(height, fold), quotient(width, fold)];
  if (typeof c !== "number" || h === undefined || w === undefined)
    throw new BugError(`${shapeText(x.dims)} cannot be folded ${fold} x ${fold}.`);
  const channels = c * fold * fold;
  const byPlace = x.graph.node("SpaceToDepth", [x], { blocksize: fold }, { dims: [n, channels, h, w] });
  const order = Array.from(
    { length: channels },
    (_, i) => (i % (fold * fold)) * c + Math.floor(i / (fold * fold)),
  );
  const index = x.graph.constant("int64", order);
  return x.graph.node("Gather", [byPlace, index], { axis: 1 }, { dims: byPlace.dims });
}
