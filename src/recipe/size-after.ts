import { outpaintedSize } from "#/image/operations/outpainted-size.ts";
import { latentSize } from "#/image/operations/source-sizes.ts";
import type { Recipe, Size } from "./recipe.ts";

/**
 * The size of the pictures that a recipe makes.
 *
 * @param before of the picture it starts from, where there is one and it is known
 * @returns undefined where it depends on one that is not known yet
 */
export function sizeAfter(
  { source, size }: Pick<Recipe, "source" | "size">,
  before: Size | undefined,
): Size | undefined {
  switch (source.kind) {
    case "noise":
      return latentSize(size);
    case "vary":
    case "upscale":
      return before && size;
    case "inpaint":
      return before && outpaintedSize(before, source.outpaint);
  }
}
