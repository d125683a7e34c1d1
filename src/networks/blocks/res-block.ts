import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, residual } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { linear } from "#/graph/ops/linear.ts";
import { groupNorm } from "#/graph/ops/norm.ts";
import { unsqueeze } from "#/graph/ops/shape.ts";

const epsilon = 1e-5;

/**
 * Residual block shifted by the timestep embedding (Ho et al. 2020, appendix B).
 * Children carry the checkpoint's own names: `m.at("in_layers.2")` reads `<path>.in_layers.2.weight`.
 *
 * @param x    features [N, Cin, H, W]
 * @param temb timestep embedding after its SiLU [N, E]; all blocks share it
 * @returns    features [N, Cout, H, W]; Cout is the first dimension of `out_layers.3.weight`
 * @throws ModelError `weight-missing` naming the key, if the checkpoint lacks one; `weight-shape` if they do not fit
 */
export function resBlock(m: Module, x: Value, temb: Value): Value {
  let h = groupNorm(m.at("in_layers.0"), x, { epsilon, activation: "silu" });
  h = conv2d(m.at("in_layers.2"), h);

  const channels = m.size("in_layers.2.weight", 0);
  if (m.size("emb_layers.1.weight", 0) !== channels)
    throw m.misshapen("emb_layers.1.weight", `${channels} rows`);
  const shift = linear(m.at("emb_layers.1"), temb); // [N, Cout]
  h = add(h, unsqueeze(shift, [2, 3]));

  h = groupNorm(m.at("out_layers.0"), h, { epsilon, activation: "silu" });
  h = conv2d(m.at("out_layers.3"), h);

  const skip = m.has("skip_connection") ? conv2d(m.at("skip_connection"), x) : x;
  return residual(m, skip, h);
}
