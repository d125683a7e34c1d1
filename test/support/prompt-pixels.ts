import type { Tensor } from "#/tensor/tensor.ts";

/** The picture of the goldens of image prompts [1, 3, 224, 224], as `scripts/golden/image_prompts.py` makes it. */
export const promptPixels: Tensor = {
  dims: [1, 3, 224, 224],
  data: Float32Array.from({ length: 3 * 224 * 224 }, (_, at) => ((at * 7919) % 1021) / 256 - 2),
};
