import type { Attribute, Graph, Node } from "#/graph/graph.ts";

/**
 * Replaces ONNX Runtime's CUDA-only operators in a graph by their documented definitions (ContribOperators.md of 1.30), so
 * that a machine without a GPU can compute what the graph says.
 */
export function expandContribOperators(graph: Graph): Graph {
  const nodes = graph.nodes.splice(0);
  graph.nodes.push(...nodes.flatMap((node) => expanded(graph, node)));
  return graph;
}

function expanded(graph: Graph, node: Node): readonly Node[] {
  switch (node.op) {
    case "NhwcConv":
      return nhwcConv(node);
    case "GroupNorm":
      return groupNorm(graph, node);
    case "BiasSplitGelu":
      return biasSplitGelu(node);
    default:
      return [node];
  }
}

/** Makes nodes with outputs named after the one that is replaced. */
function maker({ outputs: [name = ""] }: Node) {
  const nodes: Node[] = [];
  const make = (op: string, inputs: readonly string[], attributes: Node["attributes"] = {}): string => {
    const output = `${name}/${nodes.length}`;
    nodes.push({ op, domain: "", inputs, outputs: [output], attributes });
    return output;
  };
  const end = (edge: string): readonly Node[] => [
    ...nodes,
    { op: "Identity", domain: "", inputs: [edge], outputs: [name], attributes: {} },
  ];
  return { make, end };
}

/** X [N, H, W, C], W [M, kH, kW, C], B [M] -> [N, H, W, M] */
function nhwcConv(node: Node): readonly Node[] {
  const [x = "", weight = "", ...bias] = node.inputs;
  const { make, end } = maker(node);
  const planes = make("Transpose", [x], { perm: [0, 3, 1, 2] });
  const kernel = make("Transpose", [weight], { perm: [0, 3, 1, 2] });
  const y = make("Conv", [planes, kernel, ...bias], node.attributes);
  return end(make("Transpose", [y], { perm: [0, 2, 3, 1] }));
}

/** X [N, H, W, C] of the computing type, gamma and beta [C] in float32; activation 1 is SiLU. */
function groupNorm(graph: Graph, node: Node): readonly Node[] {
  const [x = "", gamma = "", beta = ""] = node.inputs;
  const { groups, epsilon, activation, channels_last: last } = node.attributes;
  if (typeof groups !== "number" || last !== 1) throw new Error("CUDA knows channels last only");
  const { make, end } = maker(node);
  const ones = graph.constant("float32", Array<number>(groups).fill(1)).name;
  const zeros = graph.constant("float32", Array<number>(groups).fill(0)).name;
  const rows = graph.constant("int64", [0, groups, -1]).name;
  const float = make("Cast", [x], { to: 1 });
  const planes = make("Transpose", [float], { perm: [0, 3, 1, 2] });
  const flat = make("Reshape", [planes, rows]);
  const normal = make("InstanceNormalization", [flat, ones, zeros], { epsilon: epsilon as Attribute });
  const back = make("Reshape", [normal, make("Shape", [planes])]);
  const lasting = make("Transpose", [back], { perm: [0, 2, 3, 1] });
  let y = make("Add", [make("Mul", [lasting, gamma]), beta]);
  if (activation === 1) y = make("Mul", [y, make("Sigmoid", [y])]);
  return end(make("CastLike", [y, x]));
}

/** X [N, S, 2C], bias [2C] -> [N, S, C]: the left half times the gelu of the right one. */
function biasSplitGelu(node: Node): readonly Node[] {
  const [x = "", bias = ""] = node.inputs;
  const { make, end } = maker(node);
  const sum = make("Add", [x, bias]);
  const halves = { op: "Split", domain: "", inputs: [sum], outputs: [`${sum}/l`, `${sum}/r`] } as const;
  const y = make("Mul", [`${sum}/l`, make("Gelu", [`${sum}/r`])]);
  const [first, ...rest] = end(y);
  const split: Node = { ...halves, attributes: { axis: -1, num_outputs: 2 } };
  return first === undefined ? [] : [first, split, ...rest];
}
