import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { add, gather, gemm, keepingShape, mul, sub } from "#/graph/ops/arithmetic.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { reduced } from "#/graph/ops/reduce.ts";
import { concat, expand, reshape } from "#/graph/ops/shape.ts";
import { topPlaces } from "#/graph/ops/top.ts";
import { perceptron, type Queries } from "./box-decoder.ts";
import type { Level } from "./deformable-attention.ts";
import type { Fused } from "./fusion-encoder.ts";

/** Middles nearer to an edge are passed over. */
const margin = 0.01;

/**
 * Where the decoder begins: boxes around the pixels that have most of a word of the text (Liu et al. 2023, section 3.2, "language-
 * guided query selection"), the best first, and as many queries, which are learned.
 *
 * @param m `transformer`
 * @param middles of all pixels, [S, 2]
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function firstBoxes(
  m: Module,
  { picture, text }: Fused,
  { middles, levels }: Readonly<{ middles: Value; levels: readonly Level[] }>,
): Queries {
  const { graph: g } = picture;
  const inside = isInside(middles);
  const told = layerNorm(m.at("enc_output_norm"), linear(m.at("enc_output"), mul(picture, inside)));
  const best = reshape(reduced("ReduceMax", gemm(told, text), [1]), [-1]);
  const count = m.size("tgt_embed.weight", 0);
  m.shaped("tgt_embed.weight", [count, Number(picture.dims[1])]);
  const chosen = topPlaces(best, count);
  const around = gather(concat([logit(middles), sidesOf(levels)], 1), chosen);
  const box = keepingShape(
    "Sigmoid",
    add(perceptron(m.at("enc_out_bbox_embed"), gather(told, chosen)), around),
  );
  // Those that are passed over have a box of ones where there are too few others: the logit of each is infinite.
  const ones = sub(g.number([1]), gather(inside, chosen));
  const boxes = add(mul(box, gather(inside, chosen)), ones);
  return { rows: m.weight("tgt_embed.weight"), boxes };
}

/** 1 where a middle is not too near to an edge, else 0: [S, 1]. */
function isInside(middles: Value): Value {
  const { graph: g } = middles;
  const beyond = concat([sub(middles, g.number([margin])), sub(g.number([1 - margin]), middles)], 1);
  const least = reduced("ReduceMin", beyond, [1]);
  return keepingShape("Relu", keepingShape("Sign", least));
}

/** log(x / (1 - x)) */
function logit(x: Value): Value {
  const { graph: g } = x;
  return sub(keepingShape("Log", x), keepingShape("Log", sub(g.number([1]), x)));
}

/** Logits of width and height, a twentieth of the picture for the finest level and twice as much for each next one: [S, 2]. */
function sidesOf(levels: readonly Level[]): Value {
  const each = levels.map(({ lengths }, i) => {
    const { graph: g } = lengths[0];
    const share = 0.05 * 2 ** i;
    const side = g.number([Math.log(share / (1 - share))], [1, 1, 1]);
    return reshape(expand(side, concat([...lengths, g.constant("int64", [2])], 0)), [-1, 2]);
  });
  return concat(each, 0);
}
