import type { Pixmap } from "#/image/pixmap.ts";
import { networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Ask } from "../ask.ts";
import { decodeFaces } from "./decode-faces.ts";
import { distinct } from "./distinct.ts";
import type { FaceDetector } from "./face.ts";

/** What is subtracted from blue, green and red: the means that it was trained with. */
const means = [104, 117, 123];

/** The face detector that a job names: RetinaFace (Deng et al. 2019) on a picture as it is. */
export const faceDetectorOf =
  (ask: Ask): FaceDetector =>
  async (picture) =>
    distinct(decodeFaces(await ask(networks.retinaface, { picture: centred(picture) }), picture));

/** [1, 3, H, W], blue first. */
export function centred({ width, height, data }: Pixmap): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i += 1)
    for (let c = 0; c < 3; c += 1) values[c * plane + i] = (data[3 * i + 2 - c] ?? 0) - (means[c] ?? 0);
  return { dims: [1, 3, height, width], data: values };
}
