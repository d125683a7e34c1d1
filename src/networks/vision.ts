import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { unsqueeze } from "#/graph/ops/shape.ts";
import { towerSource } from "#/weights/layouts/clip-vision.ts";
import { towerHeads, visionSide } from "#/weights/layouts/vision-tower.ts";
import { pictureVector, type VisionRows, visionRows } from "./blocks/vision-rows.ts";
import type { Network } from "./network.ts";

/** What looks at a picture for an adapter that reads all of its tokens: OpenCLIP ViT-H/14 (Cherti et al. 2022), mostly. */
export const visionTokens = {
  name: "vision-tokens",
  title: "vision tower",
  from: towerSource,
  loras: undefined,
  keyedBy: [],
  inputs: { pixels: "picture" },
  outputs: ["features"],
  draw: (source, operators) => drawTower(source, operators, "tokens"),
  goldens: {
    listing: "vision-tokens",
    answers: ["vision-transformers.hidden", "vision-open-clip.hidden"],
  },
} as const satisfies Network;

/** The same for an adapter that reads one vector of a picture: OpenCLIP ViT-bigG/14, or ViT-H/14. */
export const visionVector = {
  ...visionTokens,
  name: "vision-vector",
  draw: (source, operators) => drawTower(source, operators, "vector"),
  goldens: {
    listing: "vision-vector",
    answers: ["vision-transformers.embeds", "vision-open-clip.embeds"],
  },
} as const satisfies Network;

/**
 * A CLIP vision tower (Radford et al. 2021, section 2.4) under transformers' names, without `vision_model.`.
 *
 * Input: `pixels` [1, 3, 224, 224], normalised as CLIP wants them. Output: `features`, all tokens as the last layer but one leaves
 * them [1, 257, w], or the vector that the whole picture is projected to [1, 1, p].
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawTower(source: WeightSource, operators: Operators, gives: "tokens" | "vector"): Graph {
  // In float32 everywhere, as text is encoded: it is done once a task, and every step repeats its errors.
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source);
  const pixels = g.input("pixels", "float32", [1, 3, visionSide, visionSide]);
  const rows = towerRows(m);
  const features: Value =
    gives === "tokens" ? visionRows(m, pixels, rows, 1) : pictureVector(m, m, visionRows(m, pixels, rows, 0));
  g.output("features", unsqueeze(features, [0]));
  return g;
}

function towerRows(m: Module): VisionRows {
  const width = m.size("embeddings.class_embedding", 0);
  const heads = towerHeads(width);
  if (heads === undefined) throw m.misshapen("embeddings.class_embedding", "a width that makes whole heads");
  return { width, heads, activation: "gelu" };
}
