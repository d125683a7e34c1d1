import { convolved, type Window } from "../dimensions.ts";
import type { Value } from "../graph.ts";

/** The highest of each window of [N, C, H, W], as torch's `max_pool2d`: what is added around is never the highest. */
export function maxPool(
  x: Value,
  { side, stride, padding }: Readonly<{ side: number; stride: number; padding: number }>,
): Value {
  const window: Window = {
    kernel_shape: [side, side],
    pads: [padding, padding, padding, padding],
    strides: [stride, stride],
  };
  return x.graph.node("MaxPool", [x], window, { dims: convolved(x.dims, Number(x.dims[1]), window) });
}
