import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { keepingShape } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { batchNorm } from "#/graph/ops/norm.ts";
import { maxPool } from "#/graph/ops/pool.ts";
import { concat, reshape, transpose } from "#/graph/ops/shape.ts";
import { faceDetectorSource } from "#/weights/layouts/face-detector.ts";
import { bottleneck, contextModule, pyramid, relu } from "./blocks/retinaface-blocks.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";
import type { Network } from "./network.ts";

/** What finds faces, and five points in each: asked once for each picture that lends its face. */
export const retinaface = {
  name: "retinaface",
  title: "face detector",
  from: faceDetectorSource,
  loras: undefined,
  keyedBy: [],
  packed: true,
  inputs: { picture: "picture" },
  outputs: ["boxes", "scores", "points"],
  draw: drawRetinaFace,
  goldens: {
    listing: "retinaface",
    answers: ["retinaface.boxes", "retinaface.scores", "retinaface.points"],
  },
} as const satisfies Network;

/**
 * RetinaFace (Deng et al. 2019) on a ResNet of bottlenecks (He et al. 2015), as facexlib has it: three levels of features, each a
 * pyramid's floor, windows of three sizes on each, and for the two squares at each place how a box, five points and "face or
 * not" differ. Norms of batches have fixed numbers here, which the runtime folds into the convolutions before them.
 *
 * Input: `picture` [1, 3, h, w], blue, green and red, 0 to 255 less their means; any size. Outputs, the finest level first:
 * `boxes` [1, A, 4], `scores` [1, A, 2], none or a face, `points` [1, A, 10]; A is twice the places of all levels.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
function drawRetinaFace(source: WeightSource, operators: Operators): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const m = new Module(g, source);
  const picture = g.input("picture", "float32", [1, 3, "h", "w"]);
  const levels = pyramid(m.at("fpn"), backbone(m.at("body"), picture));
  const seen = levels.map((level, i) => contextModule(m.at(`ssh${i + 1}`), level));
  g.output("boxes", said(m.at("BboxHead"), seen, 4));
  g.output("scores", keepingShape("Softmax", said(m.at("ClassHead"), seen, 2), { axis: -1 }));
  g.output("points", said(m.at("LandmarkHead"), seen, 10));
  return g;
}

/** Features at an eighth, a sixteenth and a 32nd of the picture's sides. */
function backbone(m: Module, picture: Value): [Value, Value, Value] {
  const first = relu(batchNorm(m.at("bn1"), conv2d(m.at("conv1"), picture, { stride: 2 })));
  const start = blocks(m.at("layer1"), maxPool(first, { side: 3, stride: 2, padding: 1 }), 1);
  const eighth = blocks(m.at("layer2"), start, 2);
  const sixteenth = blocks(m.at("layer3"), eighth, 2);
  return [eighth, sixteenth, blocks(m.at("layer4"), sixteenth, 2)];
}

function blocks(m: Module, x: Value, stride: number): Value {
  let h = x;
  for (let block = 0; m.has(`${block}`); block += 1) h = bottleneck(m.at(block), h, block === 0 ? stride : 1);
  return h;
}

/** What a head says of each square, [1, A, values], the squares of one place side by side. */
const said = (m: Module, levels: readonly Value[], values: number): Value =>
  concat(
    levels.map((level, i) =>
      reshape(transpose(conv2d(m.at(i).at("conv1x1"), level), [0, 2, 3, 1]), [1, -1, values]),
    ),
    1,
  );
