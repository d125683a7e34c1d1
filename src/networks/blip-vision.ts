import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { gelu } from "#/graph/ops/activation.ts";
import { add, residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, reshape, split, transpose } from "#/graph/ops/shape.ts";
import { blipFile } from "#/weights/layouts/blip.ts";
import type { Network } from "./network.ts";

const headSize = 64;

/** Base and large alike (timm's vision transformer, on which BLIP's was built). */
const epsilon = 1e-6;

/** What BLIP sees in a picture (Li et al. 2022, section 3.1), as its text decoder is told. */
export const blipVision = {
  name: "blip-vision",
  title: "captioner's vision tower",
  from: { ownFile: blipFile },
  loras: undefined,
  keyedBy: [],
  inputs: { picture: "picture" },
  outputs: ["shown"],
  draw: drawBlipVision,
  goldens: { listing: "blip-vision", answers: ["blip.shown"] },
} as const satisfies Network;

/**
 * A vision transformer (Dosovitskiy et al. 2021), and what each layer of the decoder asks of its answer, which is the same for
 * every token of a caption.
 *
 * Input: `picture` [1, 3, H, W], as large as the table of places says, in CLIP's levels.
 * Output: `shown` [2 * layers, places, w], keys and values of each decoder layer in turn.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawBlipVision(source: WeightSource, operators: Operators): Graph {
  // In float32 everywhere: where two words are nearly as likely another rounding draws another caption.
  const g = new Graph({ operators: { ...operators, compute: "float32" } });
  const top = new Module(g, source);
  const tower = top.at("visual_encoder");
  const width = tower.size("cls_token", 2);
  const patch = tower.size("patch_embed.proj.weight", 2);
  const side = Math.round(Math.sqrt(tower.size("pos_embed", 1) - 1)) * patch;
  const picture = g.computing(g.input("picture", "float32", [1, 3, side, side]));

  const patches = conv2d(tower.at("patch_embed.proj"), picture, { stride: patch, padding: 0 });
  const rows = transpose(reshape(patches, [1, width, -1]), [0, 2, 1]);
  const placed = add(concat([tower.weight("cls_token"), rows], 1), tower.weight("pos_embed"));
  let x = reshape(placed, [-1, width]);
  for (let i = 0; i < tower.count("blocks"); i += 1) x = block(tower.at("blocks").at(i), x);
  const seen = layerNorm(tower.at("norm"), x, epsilon);

  const layers = top.at("text_decoder.bert.encoder.layer");
  const asked = Array.from({ length: top.count("text_decoder.bert.encoder.layer") }, (_, i) => {
    const cross = layers.at(i).at("crossattention.self");
    return [linear(cross.at("key"), seen), linear(cross.at("value"), seen)].map((one) =>
      reshape(one, [1, -1, cross.size("key.weight", 0)]),
    );
  });
  g.output("shown", concat(asked.flat(), 0));
  return g;
}

/** Attention and feed-forward, each on the normalised rows and added to them. */
function block(m: Module, rows: Value): Value {
  const x = residual(
    m.at("attn"),
    rows,
    selfAttention(m.at("attn"), layerNorm(m.at("norm1"), rows, epsilon)),
  );
  const inner = gelu(linear(m.at("mlp.fc1"), layerNorm(m.at("norm2"), x, epsilon)));
  return residual(m.at("mlp"), x, linear(m.at("mlp.fc2"), inner));
}

function selfAttention(m: Module, x: Value): Value {
  const width = Number(x.dims[1]);
  if (width % headSize !== 0 || m.size("qkv.weight", 0) !== 3 * width)
    throw m.misshapen("qkv.weight", `${3 * width} rows, in whole heads of ${headSize}`);
  const [q, k, v] = split(linear(m.at("qkv"), x), 3, -1).map((part) => reshape(part, [1, -1, width]));
  if (q === undefined || k === undefined || v === undefined)
    throw m.misfit("has no queries, keys and values");
  return linear(m.at("proj"), reshape(attention({ q, k, v }, width / headSize), [-1, width]));
}
