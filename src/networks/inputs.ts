import type { Value } from "#/graph/graph.ts";

/** A float32 input in the type the graph computes in. */
export function computing(input: Value): Value {
  const { compute } = input.graph.operators;
  return compute === "float32" ? input : input.graph.node("Cast", [input], { to: 10 }, { type: compute });
}
