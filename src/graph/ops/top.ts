import type { Value } from "../graph.ts";

/**
 * The places of the largest values of a vector [R], the largest first, as int64 [count].
 *
 * @param x has at least as many values
 */
export function topPlaces(x: Value, count: number): Value {
  const results = x.graph.nodeMany(
    "TopK",
    [x, x.graph.constant("int64", [count])],
    { axis: 0, largest: 1, sorted: 1 },
    { dims: [count], types: [x.type, "int64"], count: 2 },
  );
  return results[1] as Value;
}
