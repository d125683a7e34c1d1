import { dtypeBytes } from "./dtype.ts";
import type { WeightRef } from "./weight-file.ts";

/** Some rows of a tensor, along its first axis, as a tensor of its own; one that is not packed. */
export function rowsOf(ref: WeightRef, from: number, count: number): WeightRef {
  const [, ...rest] = ref.shape;
  const row = rest.reduce((product, n) => product * n, dtypeBytes[ref.dtype]);
  return { ...ref, shape: [count, ...rest], offset: ref.offset + from * row, length: count * row };
}
