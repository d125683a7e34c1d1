import type { Greymap } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Tensor } from "#/tensor/tensor.ts";

/**
 * A picture as the VAE reads it, [1, 3, H, W] from -1 to 1.
 *
 * @param hole of its size: grey (0) there
 */
export function pictureTensor({ width, height, data }: Pixmap, hole?: Greymap): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let at = 0; at < plane; at += 1) {
    if (hole !== undefined && hole.data[at]! > 127) continue;
    for (let c = 0; c < 3; c += 1) values[c * plane + at] = 2 * Math.fround(data[3 * at + c]! / 255) - 1;
  }
  return { dims: [1, 3, height, width], data: values };
}
