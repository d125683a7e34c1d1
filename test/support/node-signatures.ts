import type { Graph } from "#/graph/graph.ts";

/**
 * The operators of a graph with the types that they read and give, each once: what a provider needs a kernel for. Whole numbers alone
 * are shapes and places, which a card's provider leaves to the CPU where that is quicker.
 */
export function nodeSignatures(graph: Graph): ReadonlySet<string> {
  const types = new Map<string, string>();
  for (const { name, type } of graph.inputs) types.set(name, type);
  for (const { name, type } of graph.weights.values()) types.set(name, type);
  for (const { name, type } of graph.constants.values()) types.set(name, type);
  for (const { name, type } of graph.edges.values()) types.set(name, type);
  const typeOf = (edge: string): string => (edge === "" ? "-" : (types.get(edge) ?? "?"));
  const distinct = (edges: readonly string[]): string => [...new Set(edges.map(typeOf))].join(" ");
  return new Set(
    [...graph.casts, ...graph.nodes].map(({ op, domain, inputs, outputs }) => {
      const name = domain === "" ? op : `${domain}.${op}`;
      return `${name}: ${distinct(inputs)} -> ${distinct(outputs)}`;
    }),
  );
}
