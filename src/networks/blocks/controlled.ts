import type { Value } from "#/graph/graph.ts";

/**
 * What a ControlNet answers for a place, added to the features there (Zhang et al. 2023, section 3.1): the graph's input
 * `control_<place>` [1, C, H, W], or a single zero [1, 1, 1, 1] in a call that nothing guides.
 *
 * @param place of a skip in the order they are made, or behind the last of them for the middle
 * @param x     features [N, C, H, W]
 */
export function controlled(place: number, x: Value): Value {
  const g = x.graph;
  const name = `control_${place}`;
  // Sizes of their own: what broadcasts has none of the features'.
  const residual = g.input(name, "float32", [1, `${name}_c`, `${name}_h`, `${name}_w`]);
  return g.node("Add", [x, g.computing(residual)], {}, { dims: x.dims });
}
