import type { Graph, Value } from "./graph.ts";

/**
 * Which nodes compute the operations that providers are picky about. One table per provider; networks never ask which
 * one they got. The choices of `cpu` were measured (docs/performance.md), the others are written from documentation
 * and have not run on such a device yet.
 */
export type Operators = Readonly<{
  /** Type of all activations. Weights are cast to it in the graph. */
  compute: "float32" | "float16";
  /** x * sigmoid(x) */
  silu: (x: Value) => Value;
  /** x * sigmoid(1.702 x), CLIP's approximation */
  quickGelu: (x: Value) => Value;
  /** exact: x/2 * (1 + erf(x / sqrt 2)) */
  gelu: (x: Value) => Value;
  /** x [N, C, ...]; scale and bias [C] as [1, C, 1, 1] */
  groupNorm: (x: Value, scale: Value, bias: Value, groups: number, epsilon: number) => Value;
  /** q [N, S, C], k and v [N, L, C] -> [N, S, C]; scaled by the square root of the head size; mask [1, 1, S, L] is added */
  attention: (q: Value, k: Value, v: Value, heads: number, mask?: Value) => Value;
}>;

const contrib = { domain: "com.microsoft" };

const quickGelu = (x: Value, alpha: number): Value =>
  x.graph.node("QuickGelu", [x], { alpha: { float: alpha } }, contrib);

/** Group normalisation as instance normalisation of the groups (Wu & He 2018), then the affine part per channel. */
function instanceGroupNorm(x: Value, scale: Value, bias: Value, groups: number, epsilon: number): Value {
  const g = x.graph;
  const shape = g.node("Shape", [x], {}, { type: "int64" });
  const rows = g.node("Reshape", [x, g.constant("int64", [0, groups, -1])]);
  const ones = g.number(Array.from({ length: groups }, () => 1));
  const zeros = g.number(Array.from({ length: groups }, () => 0));
  const normal = g.node("InstanceNormalization", [rows, ones, zeros], { epsilon: { float: epsilon } });
  const back = g.node("Reshape", [normal, shape]);
  return g.node("Add", [g.node("Mul", [back, scale]), bias]);
}

/** Fused attention: never holds the whole score matrix. */
function fusedAttention(q: Value, k: Value, v: Value, heads: number, mask?: Value): Value {
  return q.graph.node(
    "MultiHeadAttention",
    [q, k, v, ...(mask === undefined ? [] : [undefined, undefined, mask])],
    { num_heads: heads },
    contrib,
  );
}

/** Attention from its definition (Vaswani et al. 2017, section 3.2), for providers whose fused kernel is not trusted. */
function plainAttention(q: Value, k: Value, v: Value, heads: number, mask?: Value): Value {
  const g = q.graph;
  const split = (x: Value, perm: readonly number[]): Value =>
    g.node("Transpose", [g.node("Reshape", [x, g.constant("int64", [0, 0, heads, -1])])], { perm });
  const size = headSize(g, q, heads);
  const scores = g.node("Div", [g.node("MatMul", [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]), size]);
  const masked = mask === undefined ? scores : g.node("Add", [scores, mask]);
  const mixed = g.node("MatMul", [g.node("Softmax", [masked], { axis: -1 }), split(v, [0, 2, 1, 3])]);
  const joined = g.node("Transpose", [mixed], { perm: [0, 2, 1, 3] });
  return g.node("Reshape", [joined, g.constant("int64", [0, 0, -1])]);
}

/** Square root of channels / heads, as a scalar of the computing type. */
function headSize(g: Graph, q: Value, heads: number): Value {
  const channels = g.node("Shape", [q], { start: 2, end: 3 }, { type: "int64" });
  const size = g.node("Div", [channels, g.constant("int64", [heads])]);
  return g.node("Sqrt", [g.node("Cast", [size], { to: q.type === "float16" ? 10 : 1 }, { type: q.type })]);
}

const cpu: Operators = {
  compute: "float32",
  silu: (x) => quickGelu(x, 1),
  quickGelu: (x) => quickGelu(x, 1.702),
  gelu: (x) => x.graph.node("Gelu", [x]),
  groupNorm: instanceGroupNorm,
  attention: fusedAttention,
};

/** One table per device. */
export const operators = {
  cpu,
  cuda: { ...cpu, compute: "float16" },
  webgpu: { ...cpu, attention: plainAttention },
} as const satisfies Record<"cpu" | "cuda" | "webgpu", Operators>;
