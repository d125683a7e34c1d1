import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { linear } from "#/graph/ops/linear.ts";
import { concat, reshape } from "#/graph/ops/shape.ts";
import { adapterSource } from "#/weights/layouts/ip-adapter.ts";
import type { Network } from "./network.ts";

/** What makes keys and values for all cross-attentions of the UNet: the other half of an IP-Adapter. */
export const imageKeys = {
  name: "image-keys",
  title: "keys and values of a picture",
  from: adapterSource,
  loras: undefined,
  keyedBy: [],
  inputs: { tokens: "vectors" },
  outputs: ["keys", "values"],
  draw: drawImageKeys,
  goldens: {
    listing: "image-keys",
    answers: ["image-prompt-plus.keys", "image-prompt-plus.values", "image-prompt-plain.keys"],
  },
} as const satisfies Network;

/**
 * Two matrices for every cross-attention (Ye et al. 2023, section 3.2.2), all asked at once: a picture's keys and values are the
 * same in every step.
 *
 * Input: `tokens` [1, T, D]. Outputs: `keys` and `values` [1, T, C], the channels of one cross-attention after the other, in the
 * order in which the UNet is drawn.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawImageKeys(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source);
  const context = m.size("sites.0.to_k_ip.weight", 1);
  const rows = reshape(g.input("tokens", "float32", [1, "T", context]), [-1, context]);
  const keys: Value[] = [];
  const values: Value[] = [];
  for (let i = 0; i < m.count("sites"); i += 1) {
    const site = m.at("sites").at(i);
    const key = linear(site.at("to_k_ip"), rows);
    const value = linear(site.at("to_v_ip"), rows);
    if (key.dims[1] !== value.dims[1]) throw site.misshapen("to_v_ip.weight", `${String(key.dims[1])} rows`);
    keys.push(key);
    values.push(value);
  }
  for (const [name, all] of [
    ["keys", keys],
    ["values", values],
  ] as const)
    g.output(name, reshape(concat(all, 1), [1, -1, all.reduce((sum, { dims }) => sum + Number(dims[1]), 0)]));
  return g;
}
