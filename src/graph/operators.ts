import { BugError } from "#/lib/errors.ts";
import type { WeightRef } from "#/weights/safetensors.ts";
import type { Attribute, Graph, Value } from "./graph.ts";

/**
 * Which nodes compute the operations that providers are picky about. One table per provider; networks never ask which
 * one they got. The choices of `cpu` were measured (docs/performance.md). Those of `cuda` are what ONNX Runtime's own
 * tools for diffusion models choose; its operators and layouts are held to their documentation by a test that runs them
 * from their definitions, but no GPU has run them yet.
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
  /** x [N, C, H, W]; scale and bias [C] */
  groupNorm: (x: Value, affine: Affine, options: GroupNormOptions) => Value;
  /** x [N, C, H, W], weight [out, in, kh, kw] as it lies in the file, bias [out]; ONNX's attributes of `Conv` */
  conv: (x: Value, weight: WeightRef, bias: WeightRef | undefined, attributes: Attributes) => Value;
  /** 1x1 convolution, stride 1, without bias, added to a sum [N, out, H, W] */
  pointwiseAdd: (x: Value, weight: WeightRef, sum: Value) => Value;
  /** `project` gives rows [R, 2C] with the bias [2C] added, or without it -> left half * gelu(right half) [R, C] */
  geglu: (g: Graph, project: Projection, bias: WeightRef) => Value;
  /** q [N, S, C], k and v [N, L, C] -> [N, S, C]; scaled by the square root of the head size; mask [1, 1, S, L] is added */
  attention: (q: Value, k: Value, v: Value, heads: number, mask?: Value) => Value;
}>;

type Attributes = Readonly<Record<string, Attribute>>;
type Affine = Readonly<{ scale: WeightRef; bias: WeightRef }>;
type GroupNormOptions = Readonly<{ groups: number; epsilon: number; silu: boolean }>;
type Projection = (bias: Value | undefined) => Value;

const contrib = { domain: "com.microsoft" };

const quickGelu = (x: Value, alpha: number): Value =>
  x.graph.node("QuickGelu", [x], { alpha: { float: alpha } }, contrib);

/** Group normalisation as instance normalisation of the groups (Wu & He 2018), then the affine part per channel. */
function instanceGroupNorm(x: Value, affine: Affine, { groups, epsilon, silu }: GroupNormOptions): Value {
  const g = x.graph;
  const channels = affine.scale.shape[0] ?? 0;
  const [scale, bias] = [affine.scale, affine.bias].map((ref) => g.weight(ref, [1, channels, 1, 1]));
  const shape = g.node("Shape", [x], {}, { type: "int64" });
  const rows = g.node("Reshape", [x, g.constant("int64", [0, groups, -1])]);
  const ones = g.number(Array.from({ length: groups }, () => 1));
  const zeros = g.number(Array.from({ length: groups }, () => 0));
  const normal = g.node("InstanceNormalization", [rows, ones, zeros], { epsilon: { float: epsilon } });
  const back = g.node("Reshape", [normal, shape]);
  const y = g.node("Add", [g.node("Mul", [back, scale]), bias]);
  return silu ? g.operators.silu(y) : y;
}

/** Convolution on the checkpoint's own layout. */
function plainConv(x: Value, weight: WeightRef, bias: WeightRef | undefined, attributes: Attributes): Value {
  const g = x.graph;
  const added = bias === undefined ? [] : [g.weight(bias)];
  return g.node("Conv", [x, g.weight(weight), ...added], attributes);
}

const pointwise: Attributes = { kernel_shape: [1, 1], pads: [0, 0, 0, 0], strides: [1, 1] };

/** The sum is a convolution's fourth input, so that its features are not gone over once more. */
const fusedPointwiseAdd = (x: Value, weight: WeightRef, sum: Value): Value =>
  x.graph.node("FusedConv", [x, x.graph.weight(weight), undefined, sum], pointwise, contrib);

const plainPointwiseAdd = (x: Value, weight: WeightRef, sum: Value): Value =>
  x.graph.node("Add", [sum, x.graph.operators.conv(x, weight, undefined, pointwise)]);

/** GEGLU from its definition (Shazeer 2020). */
function plainGeglu(g: Graph, project: Projection, bias: WeightRef): Value {
  const [value, gate] = g.nodeMany("Split", [project(g.weight(bias))], 2, { axis: -1, num_outputs: 2 });
  if (value === undefined || gate === undefined) throw new BugError("Split into two gave fewer.");
  return g.node("Mul", [value, g.operators.gelu(gate)]);
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

const toNhwc = (x: Value): Value => x.graph.node("Transpose", [x], { perm: [0, 2, 3, 1] });
const toNchw = (x: Value): Value => x.graph.node("Transpose", [x], { perm: [0, 3, 1, 2] });

/** CUDA's kernel knows channels last only, and wants scale and bias in float32. Its answer may pass a SiLU at no cost. */
function nhwcGroupNorm(x: Value, affine: Affine, { groups, epsilon, silu }: GroupNormOptions): Value {
  const g = x.graph;
  const [scale, bias] = [affine.scale, affine.bias].map((ref) => g.weight(ref, ref.shape, "float32"));
  const attributes = { groups, epsilon: { float: epsilon }, activation: silu ? 1 : 0, channels_last: 1 };
  return toNchw(g.node("GroupNorm", [toNhwc(x), scale, bias], attributes, contrib));
}

/**
 * Convolution with channels last, the layout of tensor cores, weights [out, kh, kw, in]. Between this and the next
 * operator the runtime's optimiser takes out the transpositions that undo each other.
 */
function nhwcConv(x: Value, weight: WeightRef, bias: WeightRef | undefined, attributes: Attributes): Value {
  const g = x.graph;
  const [out = 0, input = 0, height, width] = weight.shape;
  const single = height === 1 && width === 1; // the same order of elements in both layouts
  const kernel = single ? g.weight(weight, [out, 1, 1, input]) : g.transposedWeight(weight, [0, 2, 3, 1]);
  const added = bias === undefined ? [] : [g.weight(bias)];
  return toNchw(g.node("NhwcConv", [toNhwc(x), kernel, ...added], attributes, contrib));
}

/** Widths [2C] that CUDA's kernel is compiled for: Stable Diffusion's and SDXL's own. */
const splitGeluWidths: readonly number[] = [2560, 5120, 10240];

/** Bias, split and gate in one pass over the widest activations of the network. */
function fusedGeglu(g: Graph, project: Projection, bias: WeightRef): Value {
  if (!splitGeluWidths.includes(bias.shape[0] ?? 0)) return plainGeglu(g, project, bias);
  const axis = g.constant("int64", [0]);
  const batch = g.node("Unsqueeze", [project(undefined), axis]); // the kernel wants [N, S, 2C]
  return g.node("Squeeze", [g.node("BiasSplitGelu", [batch, g.weight(bias)], {}, contrib), axis]);
}

const cpu: Operators = {
  compute: "float32",
  silu: (x) => quickGelu(x, 1),
  quickGelu: (x) => quickGelu(x, 1.702),
  gelu: (x) => x.graph.node("Gelu", [x]),
  groupNorm: instanceGroupNorm,
  conv: plainConv,
  pointwiseAdd: fusedPointwiseAdd,
  geglu: plainGeglu,
  attention: fusedAttention,
};

/** One table per device. */
export const operators = {
  cpu,
  cuda: {
    ...cpu,
    compute: "float16",
    groupNorm: nhwcGroupNorm,
    conv: nhwcConv,
    pointwiseAdd: plainPointwiseAdd,
    geglu: fusedGeglu,
  },
  webgpu: { ...cpu, pointwiseAdd: plainPointwiseAdd, attention: plainAttention },
} as const satisfies Record<"cpu" | "cuda" | "webgpu", Operators>;
