import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { linear } from "#/graph/ops/linear.ts";
import { concat, reshape } from "#/graph/ops/shape.ts";
import { controlSource } from "#/weights/layouts/controlnet.ts";
import { checkpointParts } from "#/weights/layouts/parts.ts";
import { crossAttentions } from "./blocks/text-attention.ts";
import type { Network } from "./network.ts";

/** What makes keys and values of texts for all cross-attentions of a UNet, of the UNet's own weights. */
export const textKeys = {
  name: "text-keys",
  title: checkpointParts.unet.title,
  from: { checkpoint: checkpointParts.unet },
  loras: "unet",
  patched: true,
  keyedBy: [],
  inputs: { context: "text" },
  outputs: ["keys", "values"],
  draw: drawTextKeys,
  // What the UNet predicts, told by these answers.
  goldens: {
    listing: "text-keys",
    answers: [
      "unet-even.prediction",
      "unet-odd.prediction",
      "unet-lora.prediction",
      "unet-refiner.prediction",
    ],
  },
} as const satisfies Network;

/** The same for a ControlNet, of its own weights; see `controlnet.ts`. */
export const controlTextKeys = {
  ...textKeys,
  name: "control-text-keys",
  title: "ControlNet",
  from: controlSource,
  // What the ControlNet answers, told by these.
  goldens: {
    listing: "control-text-keys",
    answers: ["controlnet-ldm", "controlnet-mid", "control-lora", "control-lora-changed"].map(
      (name) => `${name}.control_9`,
    ),
  },
} as const satisfies Network;

/**
 * The text's half of every cross-attention (Rombach et al. 2022, section 3.3), all asked at once: it is the same in every step.
 *
 * Input: `context` [1, T, D]. Outputs: `keys` and `values`, the rows [T, C] of one cross-attention after the other, in the order
 * in which the network is drawn, so that each attention's lie together.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawTextKeys(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators });
  const m = new Module(g, source);
  const sites = crossAttentions(m);
  const width = sites[0]?.size("to_k.weight", 1) ?? 1;
  // Rows that are too many or too few would move those of every later attention.
  for (const site of sites) {
    for (const name of ["to_k.weight", "to_v.weight"])
      site.shaped(name, [site.size("to_q.weight", 0), width]);
  }
  const rows = reshape(g.computing(g.input("context", "float32", [1, "T", width])), [-1, width]);
  const flat = (x: Value): Value => reshape(x, [-1]);
  g.output(
    "keys",
    concat(
      sites.map((site) => flat(linear(site.at("to_k"), rows))),
      0,
    ),
  );
  g.output(
    "values",
    concat(
      sites.map((site) => flat(linear(site.at("to_v"), rows))),
      0,
    ),
  );
  return g;
}
