import { Arena } from "#/card/arena.ts";
import type { Graph, Node } from "#/graph/graph.ts";
import { type Lengths, lengthOf } from "./length-of.ts";

/** What a graph's features take in one run, in bytes: at most at once, and the arena that they are laid in. */
export type Features = Readonly<{ peak: number; arena: number }>;

/**
 * What a graph's features take on a card in one run: each from the node that makes it to the last one that reads it, in the order of the
 * nodes. What only sees features under another shape takes nothing of its own; nor does what transposes them, since the runtime takes
 * it out, but for the ends of a Resize. Workspaces of kernels are not counted.
 *
 * @param lengths of the axes that the graph leaves open
 */
export function featureBytes(graph: Graph, lengths: Lengths): Features {
  const sameAs = aliases(graph.nodes);
  const last = lastReaders(graph, sameAs);
  const arena = new Arena();
  const held = new Map<string, number>();
  let now = 0;
  let peak = 0;
  const hold = (name: string, bytes: number): void => {
    if (held.has(name)) return;
    held.set(name, bytes);
    arena.take(name, bytes);
    now += bytes;
    peak = Math.max(peak, now);
  };
  for (const { name, dims, type } of graph.inputs) hold(name, bytesOf(dims, type, lengths));
  for (const [at, node] of graph.nodes.entries()) {
    for (const output of node.outputs) {
      const edge = graph.edges.get(output);
      if (edge !== undefined && !sameAs.has(output)) hold(output, bytesOf(edge.dims, edge.type, lengths));
    }
    for (const edge of [...node.inputs, ...node.outputs]) {
      const name = rootOf(edge, sameAs);
      if ((last.get(name) ?? -1) > at) continue;
      now -= held.get(name) ?? 0;
      held.set(name, 0);
      arena.give(name);
    }
  }
  return { peak, arena: arena.bytes };
}

/** Operators whose result is their first input, seen otherwise. */
const seeing: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity"]);

/** Edges by the edge whose memory they are. */
function aliases(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const resized = new Set(
    nodes.filter(({ op }) => op === "Resize").flatMap(({ inputs, outputs }) => [inputs[0], outputs[0]]),
  );
  const found = new Map<string, string>();
  for (const { op, inputs, outputs } of nodes) {
    const [from = ""] = inputs;
    const [to = ""] = outputs;
    const isUndone = op === "Transpose" && !resized.has(from) && !resized.has(to);
    if (seeing.has(op) || isUndone) found.set(to, from);
  }
  return found;
}

function rootOf(name: string, sameAs: ReadonlyMap<string, string>): string {
  let at = name;
  for (let next = sameAs.get(at); next !== undefined; next = sameAs.get(at)) at = next;
  return at;
}

/** Which node reads an edge last, under whatever shape; the graph's own answers are kept. */
function lastReaders(graph: Graph, sameAs: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const [at, { inputs }] of graph.nodes.entries())
    for (const input of inputs) last.set(rootOf(input, sameAs), at);
  for (const { name } of graph.outputs) last.set(rootOf(name, sameAs), graph.nodes.length);
  return last;
}

const sizes = {
  float32: 4,
  float16: 2,
  int64: 8,
  uint8: 1,
  int8: 1,
  bool: 1,
  bfloat16: 2,
  float64: 8,
  float8e4m3fn: 1,
  float8e5m2: 1,
} as const;

function bytesOf(
  dims: Graph["inputs"][number]["dims"],
  type: Graph["inputs"][number]["type"],
  lengths: Lengths,
): number {
  return dims.reduce((bytes: number, dim) => bytes * lengthOf(dim, lengths), sizes[type]);
}
