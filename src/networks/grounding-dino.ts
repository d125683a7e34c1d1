import { Graph } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { linear } from "#/graph/ops/linear.ts";
import { reshape } from "#/graph/ops/shape.ts";
import { detectorSource } from "#/weights/layouts/grounding-dino.ts";
import { bert } from "./blocks/bert.ts";
import { boxDecoder } from "./blocks/box-decoder.ts";
import { featureLevels } from "./blocks/feature-levels.ts";
import { firstBoxes } from "./blocks/first-boxes.ts";
import { fusionEncoder } from "./blocks/fusion-encoder.ts";
import { sines } from "./blocks/sine-places.ts";
import { swin } from "./blocks/swin.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** What finds in a picture what a text describes. */
export const groundingDino = {
  name: "grounding-dino",
  title: "detector GroundingDINO",
  from: detectorSource,
  loras: undefined,
  keyedBy: [],
  inputs: { picture: "picture", ids: "tokens", positions: "position", mask: "mask" },
  outputs: ["logits", "boxes"],
  draw: drawGroundingDino,
  goldens: { listing: "grounding-dino", answers: ["small.logits", "small.boxes"] },
} as const satisfies Network;

/**
 * GroundingDINO (Liu et al. 2023) for one picture and one text, with nothing to mask in either. In float32 everywhere: boxes are
 * chosen by what is largest.
 *
 * Inputs: `picture` [1, 3, 4 h, 4 w], normalised, zeros beyond it on the right and below; `ids` and `positions` [1, T] int64;
 * `mask` [1, 1, T, T], added to the scores between words. At least as many pixels of features as queries.
 * Outputs: `logits` [Q, T], `boxes` [Q, 4], middle, width and height in shares of the picture.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawGroundingDino(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  const picture = g.input("picture", "float32", [1, 3, "4*h", "4*w"]);
  const ids = g.input("ids", "int64", [1, "T"]);
  const positions = g.input("positions", "int64", [1, "T"]);
  const mask = g.input("mask", "float32", [1, 1, "T", "T"]);

  const words = linear(m.at("feat_map"), bert(m.at("bert"), { ids, positions, mask }));
  const width = Number(words.dims[1]);
  const places = sines(reshape(g.cast(positions, "float32"), [-1, 1]), width, 10_000);
  const features = featureLevels(m, swin(m.at("backbone.0"), picture));
  const fused = fusionEncoder(m.at("transformer.encoder"), features, { rows: words, places, mask });
  const queries = firstBoxes(m.at("transformer"), fused, features);
  const { logits, boxes } = boxDecoder(m, queries, { ...fused, levels: features.levels });
  g.output("logits", logits);
  g.output("boxes", boxes);
  return g;
}
