import { BugError } from "#/lib/errors.ts";
import type { Value } from "../graph.ts";
import { squeeze } from "./shape.ts";

/** The numbers 0, 1, 2 ... below a length, which is a vector of one int64; as float32. */
export const range = (length: Value): Value => length.graph.cast(wholeRange(length), "float32");

/** The same as int64. */
export function wholeRange(length: Value): Value {
  const [count] = length.elements ?? [];
  if (count === undefined || length.dims[0] !== 1) throw new BugError(`${length.name} is not one length.`);
  const g = length.graph;
  const scalar = (value: number): Value => g.constant("int64", [value], []);
  return g.node("Range", [scalar(0), squeeze(length, 0), scalar(1)], {}, { dims: [count], type: "int64" });
}
