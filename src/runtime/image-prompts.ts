import type { Tensor } from "#/tensor/tensor.ts";

/**
 * Keys and values of a picture at every cross-attention of the UNet, in the order in which the UNet is drawn (input, middle,
 * output blocks): each [1, T, C].
 */
export type ImageKeys = readonly Readonly<{ keys: Tensor; values: Tensor }>[];

/** An image-prompt adapter of a job, with the vision tower that reads pictures for it. */
export type ImagePrompter = Readonly<{
  /** Pixels [1, 3, 224, 224], normalised as CLIP wants them -> what the cross-attentions are told of the picture */
  ofPicture: (pixels: Tensor) => Promise<ImageKeys>;
  /** What they are told in the negative branch. */
  ofNothing: () => Promise<ImageKeys>;
}>;
