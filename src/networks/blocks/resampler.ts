import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { gelu } from "#/graph/ops/activation.ts";
import { residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape, split } from "#/graph/ops/shape.ts";

/** Every published resampler has heads of 64 channels. */
const headSize = 64;

/**
 * Learned latents that look at a picture's tokens and at themselves (the perceiver resampler of Alayrac et al. 2022, section 3.1.1).
 *
 * @param m `latents` [1, T, w], and `layers`
 * @param x the picture's tokens, rows [P, w]; they stay as they are
 * @returns rows [T, w]
 */
export function resampled(m: Module, x: Value): Value {
  const width = Number(x.dims[1]);
  const [one, , inner, ...more] = m.ref("latents").shape;
  if (one !== 1 || inner !== width || more.length > 0)
    throw m.misshapen("latents", `three axes, the first 1 and the last ${width}`);
  let latents = reshape(m.weight("latents"), [-1, width]);
  for (let i = 0; i < m.count("layers"); i += 1) {
    const layer = m.at("layers").at(i);
    latents = residual(layer.at(0), latents, look(layer.at(0), latents, x));
    latents = residual(layer.at(1), latents, feedForward(layer.at(1), latents));
  }
  return latents;
}

function look(m: Module, latents: Value, x: Value): Value {
  const asked = layerNorm(m.at("norm2"), latents);
  const q = linear(m.at("to_q"), asked);
  const width = Number(q.dims[1]);
  if (width % headSize !== 0) throw m.misshapen("to_q.weight", `rows in multiples of ${headSize}`);
  if (m.size("to_kv.weight", 0) !== 2 * width) throw m.misshapen("to_kv.weight", `${2 * width} rows`);
  const all = concat([layerNorm(m.at("norm1"), x), asked], 0);
  const [k, v] = split(linear(m.at("to_kv"), all), 2, -1).map((part) => reshape(part, [1, -1, width]));
  if (k === undefined || v === undefined) throw m.misshapen("to_kv.weight", "keys and values");
  const mixed = attention({ q: reshape(q, [1, -1, width]), k, v }, width / headSize);
  return linear(m.at("to_out"), reshape(mixed, [-1, width]));
}

function feedForward(m: Module, latents: Value): Value {
  return linear(m.at(3), gelu(linear(m.at(1), layerNorm(m.at(0), latents))));
}
