import type { GenerateParams } from "#/api/generate.ts";
import { flatten } from "#/image/flatten.ts";
import { isBlank } from "#/image/operations/is-blank.ts";
import type { SentPicture } from "#/image/pixmap.ts";
import { goalsOf } from "#/recipe/goals.ts";
import { isMask } from "#/recipe/input-pictures.ts";

/**
 * Whether a picture is the mask of a request and names no place in it: nothing white, or, turned round, nothing black. Such
 * a request is not about painting anew unless it names a side (pipeline section 1.3). What becomes of a mask by stretching
 * and eroding is not looked at.
 */
export async function isBlankMask(
  params: GenerateParams,
  field: string,
  picture: SentPicture,
): Promise<boolean> {
  if (!isMask(field) || !goalsOf(params).inpaint || params.outpaint_selections.length > 0) return false;
  return await isBlank(await flatten(picture, "black"), params.invert_mask_checkbox);
}
