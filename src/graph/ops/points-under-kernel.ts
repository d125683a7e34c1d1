import { convolved, product, shrunk, sum, type Window } from "../dimensions.ts";
import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { wholeRange } from "./range.ts";
import { concat, dims, reshape, slice, squeeze } from "./shape.ts";

/** Rows of a strip at the size that is asked for least: fewer are not worth laying a weight out anew for the product. */
const fewestRows = 256;

/** The side of a picture of 512 pixels as a latent, which is about the smallest that is asked for: what a name is taken for. */
const usualSide = 64;

/**
 * Which pixels a convolution reads for each of its answers, as places in a list of all pixels, and behind the last one for
 * those beyond the border. In strips of neighbouring answers; drawn once for all convolutions of a size.
 *
 * @param m any module of the network
 * @param x features [N, C, H, W]
 * @returns strips int64 [S, kh * kw] of about as many answers, none where a picture has fewer than there are strips; H', W' as a vector
 */
export function pointsUnderKernel(
  m: Module,
  x: Value,
  window: Window,
): Readonly<{ strips: readonly Value[]; size: Value }> {
  const g = x.graph;
  const [, , height = 1, width = 1] = x.dims;
  const { kernel_shape: kernel, pads, strides } = window;
  const key = [height, width, ...kernel, ...pads, ...strides].join(" ");
  const map = m.once(`map of points ${key}`, () => mapOf(x, window));
  const size = m.once(`size of points ${key}`, () => dims(map, 1, 3));
  const [, , down = 1, across = 1] = convolved(x.dims, 1, window);
  const under = kernel[0] * kernel[1];
  const all = m.once(`points ${key}`, () => reshape(map, [-1, under]));
  const count = stripsOf(down, across);
  if (count === 1) return { strips: [all], size };
  const whole = product([down, across]);
  const strips = Array.from({ length: count }, (_, at) =>
    m.once(`points ${key} ${at} of ${count}`, () => {
      const ends = m.once(`ends ${key}`, () => endsOf(all, count));
      const inputs = [all, slice(ends, 0, at, at + 1), slice(ends, 0, at + 1, at + 2)];
      // Strips differ in length, and so in name.
      const rows = typeof whole === "number" ? lengthOf(whole, at, count) : `strip${at}of${count}(${whole})`;
      return g.node("Slice", [...inputs, g.constant("int64", [0])], {}, { dims: [rows, under] });
    }),
  );
  return { strips, size };
}

const stripsOf = (...sides: readonly (number | string)[]): number => {
  const rows = sides.reduce<number>(
    (result, side) => result * (typeof side === "number" ? side : usualSide / shrunk(side)),
    1,
  );
  return Math.max(1, Math.floor(rows / fewestRows));
};

const lengthOf = (whole: number, at: number, count: number): number =>
  Math.floor((whole * (at + 1)) / count) - Math.floor((whole * at) / count);

/** Where so many strips begin, and the last one ends, [count + 1]. */
function endsOf(all: Value, count: number): Value {
  const g = all.graph;
  const result = { dims: [count + 1], type: "int64" } as const;
  const parts = g.constant(
    "int64",
    Array.from({ length: count + 1 }, (_, at) => at),
  );
  const times = g.node("Mul", [dims(all, 0, 1), parts], {}, result);
  return g.node("Div", [times, g.constant("int64", [count])], {}, result);
}

/** The pixels under the kernel for each answer [1, H', W', kh * kw]. */
function mapOf(x: Value, window: Window): Value {
  const g = x.graph;
  const [, , height = 1, width = 1] = x.dims;
  const { kernel_shape: kernel, pads: around, strides } = window;
  const sides = dims(x, 2, 4);
  const count = dims(reshape(x, [0, 0, -1]), 2, 3);
  const one = g.constant("int64", [1]);
  const numbers = reshape(wholeRange(count), concat([one, sides, one], 0));
  const [top, left, bottom, right] = around;
  const pads = g.constant("int64", [0, top, left, 0, 0, bottom, right, 0]);
  const behind = squeeze(count, 0);
  const wide = g.node(
    "Pad",
    [numbers, pads, behind],
    {},
    { dims: [1, sum([height, top + bottom]), sum([width, left + right]), 1] },
  );
  const [, , down = 1, across = 1] = convolved(x.dims, 1, window);
  const [tall, broad] = kernel;
  const points = Array.from({ length: tall * broad }, (_, at) => {
    const [row, column] = [Math.floor(at / broad), at % broad];
    const ends = [tall - 1 - row, broad - 1 - column].map((after) => (after === 0 ? 2 ** 31 : -after));
    const inputs = [[row, column], ends, [1, 2], strides].map((list) => g.constant("int64", list));
    return g.node("Slice", [wide, ...inputs], {}, { dims: [1, down, across, 1] });
  });
  return points.length === 1 ? (points[0] as Value) : concat(points, 3);
}
