import { product, strides, sum } from "#/graph/dimensions.ts";
import type { Value } from "#/graph/graph.ts";
import { keepingShape, maximum, mul, sub } from "#/graph/ops/arithmetic.ts";
import { range } from "#/graph/ops/range.ts";
import { concat, dims, reshape, transpose } from "#/graph/ops/shape.ts";

/**
 * Zeros behind the rows and columns of tokens [h, w, C], so that both are multiples of a number.
 *
 * @returns [s ceil(h/s), s ceil(w/s), C]
 */
export function filledUp(x: Value, multiple: number): Value {
  const { graph: g } = x;
  const none = (count: number): Value =>
    g.constant(
      "int64",
      Array.from({ length: count }, () => 0),
    );
  const missing = [0, 1].map((axis) => {
    const length = keepingShape("Neg", dims(x, axis, axis + 1));
    return g.node("Mod", [length, g.constant("int64", [multiple])], {}, { dims: [1] });
  });
  const pads = concat([none(3), ...missing, none(1)], 0);
  const [height = 1, width = 1, channels = 1] = x.dims;
  const filled = [height, width].map((dim) => product([multiple, strides(dim, multiple - 1, multiple)]));
  return g.node("Pad", [x, pads], {}, { dims: [...filled, channels] });
}

/** The first rows and columns again, as many as another has: what {@link filledUp} added is gone. */
export function cutTo(x: Value, like: Value): Value {
  const { graph: g } = x;
  const [from, axes] = [g.constant("int64", [0, 0]), g.constant("int64", [0, 1])];
  return g.node("Slice", [x, from, dims(like, 0, 2), axes], {}, { dims: like.dims });
}

/** Moves rows and columns by some to the front, and what is pushed out there to the end; with a minus the other way. */
export function rolled(x: Value, by: number): Value {
  return [0, 1].reduce((moved, axis) => {
    const { graph: g } = moved;
    const rest = sum([moved.dims[axis] ?? 1, -Math.abs(by)]);
    const [behind, before] = by > 0 ? [rest, by] : [-by, rest];
    const part = (from: number, to: number, length: typeof rest): Value => {
      const bounds = [from, to, axis].map((value) => g.constant("int64", [value]));
      return g.node("Slice", [moved, ...bounds], {}, { dims: moved.dims.with(axis, length) });
    };
    const parts = [part(by, 2 ** 31 - 1, behind), part(0, by, before)];
    return g.node("Concat", parts, { axis }, { dims: moved.dims });
  }, x);
}

/** Windows [n, side side, C] of tokens, and how many stand beside and below each other, [a, b]. */
export type Windows = Readonly<{ windows: Value; across: Value; down: Value }>;

/** Cuts tokens [s b, s a, C] into windows, column by column of them. */
export function cutIntoWindows(x: Value, side: number): Windows {
  const channels = Number(x.dims[2]);
  const strips = transpose(reshape(x, [0, -1, side * channels]), [1, 0, 2]);
  const cut = reshape(strips, [0, -1, side * side * channels]);
  const windows = reshape(cut, [-1, side * side, channels]);
  return { windows, across: dims(cut, 0, 1), down: dims(cut, 1, 2) };
}

/** What {@link cutIntoWindows} cut, put together again. */
export function joinWindows({ windows, across, down }: Windows, side: number): Value {
  const channels = Number(windows.dims[2]);
  const size = windows.graph.constant("int64", [side * side * channels]);
  const cut = reshape(windows, concat([across, down, size], 0));
  const strips = transpose(reshape(cut, [0, -1, side * channels]), [1, 0, 2]);
  return reshape(strips, [0, -1, channels]);
}

/**
 * What keeps tokens apart that rolling brought together: in the last windows of an axis, those that were at its beginning. -100 is
 * added to their scores, as Swin has it (Liu et al. 2021, section 3.2).
 *
 * @returns [n, 1, side side, side side]
 */
export function apartMask({ across, down }: Windows, side: number, by: number): Value {
  const { graph: g } = across;
  const tokens = side * side;
  const differ = (placeOf: (token: number) => number): Value => {
    const group = (token: number): boolean => placeOf(token) < side - by;
    const pairs = Array.from({ length: tokens * tokens }, (_, i) =>
      group(Math.floor(i / tokens)) === group(i % tokens) ? 0 : 100,
    );
    return g.number(pairs, [tokens, tokens]);
  };
  const lastOf = (count: Value): Value => {
    const beforeLast = sub(g.cast(count, "float32"), g.number([2]));
    return keepingShape("Relu", sub(range(count), beforeLast));
  };
  const columns = mul(
    reshape(lastOf(across), [-1, 1, 1, 1]),
    differ((token) => token % side),
  );
  const rows = mul(
    reshape(lastOf(down), [1, -1, 1, 1]),
    differ((token) => Math.floor(token / side)),
  );
  return reshape(keepingShape("Neg", maximum(columns, rows)), [-1, 1, tokens, tokens]);
}
