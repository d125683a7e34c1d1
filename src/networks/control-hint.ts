import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { silu } from "#/graph/ops/activation.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { controlSource } from "#/weights/layouts/controlnet.ts";
import type { Network } from "./network.ts";

/** What makes features of the picture that guides, asked once for each picture. */
export const controlHint = {
  name: "control-hint",
  title: "ControlNet's picture encoder",
  from: controlSource,
  loras: undefined,
  keyedBy: [],
  inputs: { picture: "picture" },
  outputs: ["hint"],
  draw: drawControlHint,
  goldens: { listing: "control-hint", answers: ["control-hint.hint"] },
} as const satisfies Network;

/** Convolutions that halve the picture's sides. */
const halving: ReadonlySet<number> = new Set([4, 8, 12]);

/**
 * The small network in front of a ControlNet (Zhang et al. 2023, section 3.2): eight convolutions of 3 x 3, a SiLU behind each
 * but the last.
 *
 * Input: `picture` [1, 3, 8h, 8w] from 0 to 1. Output: `hint` [1, C, h, w].
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawControlHint(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators });
  const m = new Module(g, source).at("input_hint_block");
  let h: Value = g.computing(g.input("picture", "float32", [1, 3, "H", "W"]));
  for (let n = 0; m.has(String(n)); n += 2) {
    const y = conv2d(m.at(n), h, { stride: halving.has(n) ? 2 : 1 });
    h = m.has(String(n + 2)) ? silu(y) : y;
  }
  g.output("hint", h);
  return g;
}
