import type { Parameter } from "./changed-weight.ts";
import { convolved, type Window } from "./dimensions.ts";
import type { Graph, Value } from "./graph.ts";
import type { Affine, GroupNormOptions } from "./operators.ts";
import { type Projection, plainGeglu } from "./ops/plain-geglu.ts";
import { concat, dims, reshape, squeeze, transpose, unsqueeze } from "./ops/shape.ts";

/**
 * What CUDA's table has of its own: channels last, the layout of tensor cores. Each operation takes and gives features
 * [N, C, H, W] and turns them inside; between two of them the runtime's optimiser takes out the transpositions that undo each
 * other, which `scripts/check/cuda-placement` shows with the provider itself.
 */
const contrib = "com.microsoft";

const toNhwc = (x: Value): Value => transpose(x, [0, 2, 3, 1]);
const toNchw = (x: Value): Value => transpose(x, [0, 3, 1, 2]);

/** CUDA's kernel knows channels last only, and wants scale and bias in float32. Its answer may pass a SiLU at no cost. */
export function nhwcGroupNorm(x: Value, affine: Affine, { groups, epsilon, silu }: GroupNormOptions): Value {
  const g = x.graph;
  const [scale, bias] = [affine.scale, affine.bias].map((ref) => g.weight(ref, ref.shape, "float32"));
  const attributes = { groups, epsilon: { float: epsilon }, activation: silu ? 1 : 0, channels_last: 1 };
  const last = toNhwc(x);
  return toNchw(g.node("GroupNorm", [last, scale, bias], attributes, { dims: last.dims, domain: contrib }));
}

/** Convolution with weights [out, kh, kw, in]. */
export function nhwcConv(x: Value, weight: Parameter, bias: Parameter | undefined, window: Window): Value {
  const g = x.graph;
  const [out = 0, input = 0, height, width] = weight.shape;
  const single = height === 1 && width === 1; // the same order of elements in both layouts
  const kernel = single ? g.weight(weight, [out, 1, 1, input]) : g.transposedWeight(weight, [0, 2, 3, 1]);
  const added = bias === undefined ? [] : [g.weight(bias)];
  const [n = 1, c = 1, h = 1, w = 1] = convolved(x.dims, out, window);
  const result = { dims: [n, h, w, c], domain: contrib };
  return toNchw(g.node("NhwcConv", [toNhwc(x), kernel, ...added], window, result));
}

/** Features [N, C, H, W] as pixels [N, H * W, C]: with channels last they already lie so. */
export const nhwcPixels = (x: Value): Value => reshape(toNhwc(x), [0, -1, Number(x.dims[1])]);

/** Pixels [N, H * W, C] as features of the height and width that `like` has. */
export function nhwcPlanes(pixels: Value, like: Value): Value {
  const channels = pixels.graph.constant("int64", [Number(pixels.dims[2])]);
  return toNchw(reshape(pixels, concat([dims(like, 0, 1), dims(like, 2, 4), channels], 0)));
}

/** Widths [2C] that CUDA's kernel is compiled for: Stable Diffusion's and SDXL's own. */
const splitGeluWidths: readonly number[] = [2560, 5120, 10240];

/** Bias, split and gate in one pass over the widest activations of the network. */
export function fusedGeglu(g: Graph, project: Projection, bias: Parameter): Value {
  const [width = 0] = bias.shape;
  if (!splitGeluWidths.includes(width)) return plainGeglu(g, project, bias);
  const batch = unsqueeze(project(undefined), [0]); // the kernel wants [N, S, 2C]
  const result = { dims: batch.dims.with(2, width / 2), domain: contrib };
  return squeeze(g.node("BiasSplitGelu", [batch, g.weight(bias)], {}, result), 0);
}
