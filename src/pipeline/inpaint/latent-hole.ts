import type { Greymap } from "#/image/greymap.ts";
import type { Tensor } from "#/tensor/tensor.ts";

/** Pixels of a latent's block. */
const block = 8;

/**
 * The hole in a latent, [1, 1, h, w]: a block that has any pixel of it is 1, so that none is too thin to be painted anew.
 *
 * @param hole its sides are multiples of 8
 */
export function latentHole({ width, height, data }: Greymap): Tensor {
  const [h, w] = [Math.floor(height / block), Math.floor(width / block)];
  const values = new Float32Array(h * w);
  for (let y = 0; y < h * block; y += 1)
    for (let x = 0; x < w * block; x += 1)
      if (data[y * width + x]! > 127) values[Math.floor(y / block) * w + Math.floor(x / block)] = 1;
  return { dims: [1, 1, h, w], data: values };
}
