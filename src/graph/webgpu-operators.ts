import type { Parameter } from "./changed-weight.ts";
import { convolved, type Window } from "./dimensions.ts";
import type { Value } from "./graph.ts";

/**
 * Convolution on the checkpoint's own layout for ONNX Runtime's WebGPU provider. That of 1.30 answers wrong numbers where the channels of
 * the features are a multiple of 3 but not of 4, other than 3 itself, and those of the answer a multiple of 4
 * (findings/onnxruntime-webgpu-conv-miscounts.sh): there channels of zeros are added to features and kernel. What is added to a
 * kernel is added once, when the network is opened.
 */
export function roundedConv(x: Value, weight: Parameter, bias: Parameter | undefined, window: Window): Value {
  const g = x.graph;
  const added = bias === undefined ? [] : [g.weight(bias)];
  const [out = 0, channels = 0] = weight.shape;
  const shape = { dims: convolved(x.dims, out, window) };
  const kernel = g.weight(weight);
  if (!isMiscounted(channels, out)) return g.node("Conv", [x, kernel, ...added], window, shape);
  const rounded = Math.ceil(channels / 4) * 4;
  const pads = g.constant("int64", [0, 0, 0, 0, 0, rounded - channels, 0, 0]);
  const features = g.node("Pad", [x, pads], {}, { dims: x.dims.with(1, rounded) });
  const wide = { type: kernel.type, dims: weight.shape.with(1, rounded) };
  return g.node("Conv", [features, g.prepare("Pad", [kernel, pads], wide), ...added], window, shape);
}

const isMiscounted = (channels: number, out: number): boolean =>
  channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && out % 4 === 0;
