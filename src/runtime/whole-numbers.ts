import type { IntTensor } from "./session.ts";

/** Whole numbers as a network takes them: token numbers, positions. */
export const wholeNumbers = (dims: readonly number[], numbers: readonly number[]): IntTensor => ({
  dims,
  data: BigInt64Array.from(numbers, BigInt),
});
