import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { div, gemm, maximum, sub } from "#/graph/ops/arithmetic.ts";
import { reduced } from "#/graph/ops/reduce.ts";
import { safetySource } from "#/weights/layouts/safety-checker.ts";
import { pictureVector, visionRows } from "./blocks/vision-rows.ts";
import type { Network } from "./network.ts";

/** OpenAI's towers have heads of so many channels: 16 of them in ViT-L. */
const headSize = 64;

/** What finds in a picture what it should not show. */
export const safetyChecker = {
  name: "safety-checker",
  title: "safety checker",
  from: safetySource,
  loras: undefined,
  keyedBy: [],
  inputs: { picture: "picture" },
  outputs: ["special", "concepts"],
  draw: drawSafetyChecker,
  goldens: { listing: "safety-checker", answers: ["safety.special", "safety.concepts"] },
} as const satisfies Network;

/**
 * Stable Diffusion's safety checker (Rando et al. 2022, section 2): a picture's vector by CLIP ViT-L/14 (Radford et al. 2021), and by
 * how much its cosines with those of concepts are above the threshold of each.
 *
 * Input: `picture` [1, 3, S, S] in CLIP's levels. Outputs: `special` [1, 3], concepts that make the others weigh more, and
 * `concepts` [1, 17].
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawSafetyChecker(source: WeightSource, operators: Operators): Graph {
  // In float32 everywhere: what lies at a threshold is decided in the third digit.
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const m = new Module(g, source);
  const tower = m.at("vision_model.vision_model");
  const width = tower.size("embeddings.class_embedding", 0);
  if (width % headSize !== 0)
    throw tower.misshapen("embeddings.class_embedding", `values in multiples of ${headSize}`);
  const patches = tower.size("embeddings.position_embedding.weight", 0) - 1;
  const side = Math.round(Math.sqrt(patches)) * tower.size("embeddings.patch_embedding.weight", 2);
  const picture = g.input("picture", "float32", [1, 3, side, side]);

  const kind = { width, heads: width / headSize, activation: "quick-gelu" } as const;
  const vector = unitRows(pictureVector(tower, m, visionRows(tower, picture, kind, 0)));
  const above = (table: string): Value => {
    const concepts = m.size(table, 0);
    m.shaped(table, [concepts, Number(vector.dims[1])]);
    const rows = unitRows(m.weight(table));
    return sub(gemm(vector, rows), m.vector(`${table}_weights`, concepts));
  };
  g.output("special", above("special_care_embeds"));
  g.output("concepts", above("concept_embeds"));
  return g;
}

/** Rows of length 1. */
const unitRows = (rows: Value): Value =>
  div(rows, maximum(reduced("ReduceL2", rows, [1]), rows.graph.number([1e-12])));
