import type { Device } from "#/lib/devices.ts";
import { BugError } from "#/lib/errors.ts";
import type { Parameter } from "./changed-weight.ts";
import { fusedGeglu, nhwcConv, nhwcGroupNorm, nhwcPixels, nhwcPlanes } from "./cuda-operators.ts";
import { convolved, type Dimension, sameShape, shapeText, type Window } from "./dimensions.ts";
import type { Graph, Value } from "./graph.ts";
import { add, div, keepingShape, matmul, mul } from "./ops/arithmetic.ts";
import { castParts } from "./ops/cast-parts.ts";
import { type Projection, plainGeglu } from "./ops/plain-geglu.ts";
import { dims, reshape, transpose } from "./ops/shape.ts";
import { roundedConv } from "./webgpu-operators.ts";
import { paysInTiles } from "./winograd/pays.ts";
import { tiledConv } from "./winograd/tiled-conv.ts";

/**
 * Which nodes compute the operations that providers are picky about. One table per provider; networks never ask which
 * one they got. The choices of `cpu` were measured (docs/performance.md). Those of `cuda` are what ONNX Runtime's own
 * tools for diffusion models choose; its operators and layouts are held to their documentation by a test that runs them
 * from their definitions, but no GPU has run them yet.
 */
export type Operators = Readonly<{
  /** Type of all activations. Weights are cast to it in the graph. */
  compute: "float32" | "float16";
  /**
   * Whether keys and values of a text are made once and handed to each run of a UNet. What a device computes in no time takes it
   * longer to be sent.
   */
  textKeys: boolean;
  /**
   * Whether rows are looked up in tables as the file has them, mostly in half precision. A device that knows no halves (WebGPU's
   * `shader-f16` is an option) cannot; there a table is cast as a whole, once, when the network is opened.
   */
  storedTables: boolean;
  /** x * sigmoid(x) */
  silu: (x: Value) => Value;
  /** x * sigmoid(1.702 x), CLIP's approximation */
  quickGelu: (x: Value) => Value;
  /** exact: x/2 * (1 + erf(x / sqrt 2)) */
  gelu: (x: Value) => Value;
  /** x [N, C, H, W]; scale and bias [C] */
  groupNorm: (x: Value, affine: Affine, options: GroupNormOptions) => Value;
  /** x [N, C, H, W], weight [out, in, kh, kw] as it lies in the file, bias [out] */
  conv: (x: Value, weight: Parameter, bias: Parameter | undefined, window: Window) => Value;
  /** 1x1 convolution, stride 1, without bias, added to a sum [N, out, H, W] */
  pointwiseAdd: (x: Value, weight: Parameter, sum: Value) => Value;
  /** `project` gives rows [R, 2C] with the bias [2C] added, or without it -> left half * gelu(right half) [R, C] */
  geglu: (g: Graph, project: Projection, bias: Parameter) => Value;
  /** In how many equal parts a matrix [out, in] is cast and multiplied with so many rows; 1 as a whole. */
  castParts: (weight: Parameter, rows: Dimension) => number;
  /** Features [N, C, H, W] as pixels [N, H * W, C]. */
  pixels: (x: Value) => Value;
  /** Pixels [N, H * W, C] as features of the height and width that those of `like` [N, _, H, W] have. */
  planes: (pixels: Value, like: Value) => Value;
  /** q [N, S, C], k [N, L, C], v [N, L, V] -> [N, S, V]; scaled by the square root of q's head size; mask [1, 1, S, L] is added */
  attention: (read: Attended, heads: number, mask?: Value) => Value;
}>;

/** Queries [N, S, C], keys [N, L, C] that they are compared with, and values [N, L, V], mostly as wide. */
export type Attended = Readonly<{ q: Value; k: Value; v: Value }>;

export type Affine = Readonly<{ scale: Parameter; bias: Parameter }>;
export type GroupNormOptions = Readonly<{ groups: number; epsilon: number; silu: boolean }>;

const contrib = "com.microsoft";

const quickGelu = (x: Value, alpha: number): Value =>
  keepingShape("QuickGelu", x, { alpha: { float: alpha } }, contrib);

/** Group normalisation as instance normalisation of the groups (Wu & He 2018), then the affine part per channel. */
function instanceGroupNorm(x: Value, affine: Affine, { groups, epsilon, silu }: GroupNormOptions): Value {
  const g = x.graph;
  const channels = affine.scale.shape[0] ?? 0;
  const shape = dims(x);
  const rows = reshape(x, [0, groups, -1]);
  const ones = g.number(Array.from({ length: groups }, () => 1));
  const zeros = g.number(Array.from({ length: groups }, () => 0));
  const attributes = { epsilon: { float: epsilon } };
  const normal = g.node("InstanceNormalization", [rows, ones, zeros], attributes, { dims: rows.dims });
  const back = reshape(normal, shape);
  const scaled = mul(back, g.weight(affine.scale, [1, channels, 1, 1]));
  const y = add(scaled, g.weight(affine.bias, [1, channels, 1, 1]));
  return silu ? g.operators.silu(y) : y;
}

/** Convolution on the checkpoint's own layout. */
function plainConv(x: Value, weight: Parameter, bias: Parameter | undefined, window: Window): Value {
  const g = x.graph;
  const added = bias === undefined ? [] : [g.weight(bias)];
  const shape = convolved(x.dims, weight.shape[0] ?? 0, window);
  return g.node("Conv", [x, g.weight(weight), ...added], window, { dims: shape });
}

const pointwise: Window = { kernel_shape: [1, 1], pads: [0, 0, 0, 0], strides: [1, 1] };

/** The sum is a convolution's fourth input, so that its features are not gone over once more. */
function fusedPointwiseAdd(x: Value, weight: Parameter, sum: Value): Value {
  const shape = convolved(x.dims, weight.shape[0] ?? 0, pointwise);
  if (!sameShape(shape, sum.dims))
    throw new BugError(`${shapeText(shape)} cannot be added to ${shapeText(sum.dims)}.`);
  const inputs = [x, x.graph.weight(weight), undefined, sum];
  return x.graph.node("FusedConv", inputs, pointwise, { dims: shape, domain: contrib });
}

const plainPointwiseAdd = (x: Value, weight: Parameter, sum: Value): Value =>
  add(sum, x.graph.operators.conv(x, weight, undefined, pointwise));

/** The size of a head of the queries. Throws a BugError where queries, keys and values do not fit. */
function headSize({ q, k, v }: Attended, heads: number): number {
  const size = Number(q.dims[2]) / heads;
  const whole = Number.isInteger(size) && Number.isInteger(Number(v.dims[2]) / heads);
  const fits = q.dims.length === 3 && whole && sameShape(k.dims.slice(0, 2), v.dims.slice(0, 2));
  if (!fits || !sameShape([q.dims[0] ?? 0, q.dims[2] ?? 0], [k.dims[0] ?? 0, k.dims[2] ?? 0]))
    throw new BugError(
      `Queries ${shapeText(q.dims)} do not fit keys ${shapeText(k.dims)} and values ${shapeText(v.dims)} of ${heads} heads.`,
    );
  return size;
}

/** Fused attention: never holds the whole score matrix. */
function fusedAttention(read: Attended, heads: number, mask?: Value): Value {
  headSize(read, heads);
  const { q, k, v } = read;
  const inputs = [q, k, v, ...(mask === undefined ? [] : [undefined, undefined, mask])];
  const shape = q.dims.with(2, v.dims[2] ?? 0);
  return q.graph.node("MultiHeadAttention", inputs, { num_heads: heads }, { dims: shape, domain: contrib });
}

/** Attention from its definition (Vaswani et al. 2017, section 3.2), for providers whose fused kernel is not trusted. */
function plainAttention(read: Attended, heads: number, mask?: Value): Value {
  const size = headSize(read, heads);
  const { q, k, v } = read;
  const byHead = (x: Value, perm: readonly number[]): Value => transpose(reshape(x, [0, 0, heads, -1]), perm);
  const products = matmul(byHead(q, [0, 2, 1, 3]), byHead(k, [0, 2, 3, 1]));
  const scores = div(products, q.graph.number([Math.sqrt(size)]));
  const masked = mask === undefined ? scores : add(scores, mask);
  const mixed = matmul(keepingShape("Softmax", masked, { axis: -1 }), byHead(v, [0, 2, 1, 3]));
  return reshape(transpose(mixed, [0, 2, 1, 3]), [0, 0, -1]);
}

/**
 * In tiles where that is cheaper. The kernel's transform is made at every run: no second form of any weight is kept. In a half the
 * sums of the transforms would lose too many digits.
 */
const cheapestConv: Operators["conv"] = (x, weight, bias, window) =>
  (x.type === "float32" && paysInTiles(x.dims, weight.shape, window) ? tiledConv : plainConv)(
    x,
    weight,
    bias,
    window,
  );

const plainPixels: Operators["pixels"] = (x) => transpose(reshape(x, [0, Number(x.dims[1]), -1]), [0, 2, 1]);

const plainPlanes: Operators["planes"] = (pixels, like) =>
  reshape(transpose(pixels, [0, 2, 1]), dims(like, 0, 4));

const cpu: Operators = {
  compute: "float32",
  textKeys: true,
  storedTables: true,
  silu: (x) => quickGelu(x, 1),
  quickGelu: (x) => quickGelu(x, 1.702),
  gelu: (x) => keepingShape("Gelu", x),
  groupNorm: instanceGroupNorm,
  conv: cheapestConv,
  pointwiseAdd: fusedPointwiseAdd,
  geglu: plainGeglu,
  castParts,
  pixels: plainPixels,
  planes: plainPlanes,
  attention: fusedAttention,
};

/** What is cast once, when a network is opened, is best whole. */
const asWhole = (): number => 1;

/**
 * The table where weights are copied when a network is opened: the runtime lays kernels out for its own convolution, and would keep what
 * they are in tiles, which is four times as much.
 */
const packed: Operators = { ...cpu, conv: plainConv, castParts: asWhole };

/** The table of a device, as its weights are held there. */
export const operatorsOf = (device: Device, weights: "in-place" | "packed"): Operators =>
  device === "cpu" && weights === "packed" ? packed : operators[device];

/** One table per device. */
export const operators = {
  cpu,
  cuda: {
    ...cpu,
    compute: "float16",
    textKeys: false,
    groupNorm: nhwcGroupNorm,
    conv: nhwcConv,
    pointwiseAdd: plainPointwiseAdd,
    geglu: fusedGeglu,
    castParts: asWhole,
    pixels: nhwcPixels,
    planes: nhwcPlanes,
  },
  webgpu: {
    ...cpu,
    textKeys: false,
    storedTables: false,
    castParts: asWhole,
    conv: roundedConv,
    pointwiseAdd: plainPointwiseAdd,
    attention: plainAttention,
  },
} as const satisfies Record<Device, Operators>;
