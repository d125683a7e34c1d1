import type { Value } from "#/graph/graph.ts";
import { padBehind, reshape, slice, transpose } from "#/graph/ops/shape.ts";

/**
 * A square of tokens cut into smaller squares, row by row; zeros stand where the last ones reach beyond it, and are tokens like
 * the others there.
 *
 * @param x    [1, G, G, C]
 * @param side of a window
 * @returns [n, side, side, C], n windows; the square itself where it is one
 */
export function intoWindows(x: Value, side: number): Value {
  const [, grid = 0, , width = 0] = x.dims.map(Number);
  if (side === grid) return x;
  const across = Math.ceil(grid / side);
  const more = across * side - grid;
  const whole = more === 0 ? x : padBehind(x, [0, more, more, 0]);
  const cut = transpose(reshape(whole, [across, side, across, side, width]), [0, 2, 1, 3, 4]);
  return reshape(cut, [across * across, side, side, width]);
}

/** What {@link intoWindows} cut, put together again: [n, side, side, C] -> [1, grid, grid, C]. */
export function outOfWindows(x: Value, grid: number): Value {
  const [, side = 0, , width = 0] = x.dims.map(Number);
  if (side === grid) return x;
  const across = Math.ceil(grid / side);
  const cut = transpose(reshape(x, [across, across, side, side, width]), [0, 2, 1, 3, 4]);
  const whole = reshape(cut, [1, across * side, across * side, width]);
  return across * side === grid ? whole : slice(slice(whole, 1, 0, grid), 2, 0, grid);
}
