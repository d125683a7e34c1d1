import type { GenerateParams } from "#/api/generate.ts";
import { formatNames } from "#/image/encode.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { sizeAfter } from "#/recipe/size-after.ts";

/** Bytes of a pixel: of a PNG that cannot be packed at all, and more than JPEG or WebP take for anything that is drawn. */
const ofPng = 3;
const ofOthers = 1;

/**
 * What the pictures of a request will take on the disk at most, in bytes. One whose size depends on a picture that is not known yet
 * counts as large as the recipe says.
 */
export function diskNeed(params: GenerateParams, { recipe }: Pick<Resolved, "recipe">): number {
  const { width, height } = sizeAfter(recipe, undefined) ?? recipe.size;
  const kept = formatNames[params.output_format] === "png" ? ofPng : ofOthers;
  const made = recipe.images.length * (params.generate_image_grid ? 2 : 1);
  const passes = (recipe.enhance?.pictures ?? []).reduce((sum, picture) => sum + picture.passes.length, 0);
  // Between two passes a picture is kept losslessly.
  return width * height * (made * kept + passes * (kept + ofPng));
}
