import type { WeightMap } from "../checkpoint.ts";
import { renameOpenClip } from "./open-clip.ts";

const names: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^class_embedding$/, "embeddings.class_embedding"],
  [/^conv1\./, "embeddings.patch_embedding."],
  [/^ln_pre\./, "pre_layrnorm."],
  [/^ln_post\./, "post_layernorm."],
  [/^proj$/, "visual_projection"],
];

/**
 * OpenCLIP's names of a vision tower as transformers' names, one misspelt there.
 *
 * @param tensors below `visual.`
 * @throws ModelError `weight-shape` as {@link renameOpenClip}
 */
export const renameOpenClipVision = (tensors: WeightMap): WeightMap =>
  renameOpenClip(
    new Map(
      [...tensors].map(([key, ref]) => [
        names.reduce((name, [pattern, known]) => name.replace(pattern, known), key),
        ref,
      ]),
    ),
  );
