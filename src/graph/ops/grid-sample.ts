import type { Value } from "../graph.ts";

/**
 * Reads planes between their pixels: torch's `grid_sample`, bilinear, zeros outside, corners not aligned.
 *
 * @param x    [N, C, H, W]
 * @param grid [N, R, P, 2], x and y, from -1 at the left or upper edge to 1 at the other one
 * @returns    [N, C, R, P]
 */
export function gridSample(x: Value, grid: Value): Value {
  const [n = 1, channels = 1] = x.dims;
  const dims = [n, channels, grid.dims[1] ?? 1, grid.dims[2] ?? 1];
  return x.graph.node(
    "GridSample",
    [x, grid],
    { mode: "linear", padding_mode: "zeros", align_corners: 0 },
    { dims },
  );
}
