import { basename } from "node:path";
import type { Greymap } from "#/image/greymap.ts";
import { classMask } from "#/image/operations/class-mask.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { nearestResize } from "#/image/operations/nearest-resize.ts";
import { planeInput } from "#/image/operations/plane-input.ts";
import { stretchedMatte } from "#/image/operations/stretched-matte.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { ModelError } from "#/lib/errors.ts";
import type { ClothCategory, MaskMaking } from "#/recipe/mask-making.ts";
import type { ForeignNetwork } from "#/runtime/foreign/foreign-network.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { matteRules } from "./matte-models.ts";

export type MatteMaking = Extract<MaskMaking, { by: "matte" }>;

/** The classes of `u2net_cloth_seg`, behind the one of all that is no clothes. */
const classes: Readonly<Record<ClothCategory, number>> = { upper: 1, lower: 2, full: 3 };

/**
 * What a picture shows in front, or of clothes, as rembg tells it (pipeline section 13.4): the picture stretched to the
 * network's square, its first output, brought back to the picture's size. Clothes are cut where one class is likeliest, and
 * enlarged without values in between: rembg enlarges the numbers of classes, which makes other classes of edges.
 *
 * @throws ModelError for a network that answers with other shapes
 */
export async function makeMatte(
  picture: Pixmap,
  making: MatteMaking,
  network: ForeignNetwork,
): Promise<Greymap> {
  const rule = matteRules[making.model];
  const side = network.file.inputs[0]?.dims?.[2] ?? rule.side;
  const input = planeInput(lanczosResize(picture, { width: side, height: side }), rule.normalisation);
  const answer = await network.run({ dims: [1, 3, side, side], data: input });
  const planes = planesOf(answer, network);
  if (making.model === "u2net_cloth_seg") {
    if (planes.classes !== 4) throw strange(answer, "[1, 4, height, width]", network);
    return nearestResize(classMask(planes, classes[making.category]), picture);
  }
  return lanczosResize(stretchedMatte(planes), picture);
}

function planesOf(answer: Tensor, network: ForeignNetwork) {
  const [images, count, height, width, ...more] = answer.dims;
  if (images !== 1 || !count || !height || !width || more.length > 0)
    throw strange(answer, "[1, 1, height, width]", network);
  return { width, height, classes: count, data: answer.data.subarray(0, count * height * width) };
}

function strange({ dims }: Tensor, wanted: string, { file: { path } }: ForeignNetwork): ModelError {
  const message = `${basename(path)} answers with [${dims.join(", ")}] where ${wanted} is wanted: it is another network than it is called.`;
  return new ModelError("layout-unsupported", message, { path });
}
