import type { GenerateParams } from "#/api/generate.ts";
import { isImage, tabOf } from "#/api/stored.ts";

/** What is done with the pictures of a request, besides making new ones of texts. */
export type Goals = Readonly<{
  /** The picture of `uov_input_image` is varied or enlarged. */
  uov: boolean;
  /** A part of the picture of `inpaint_input_image` is painted anew, or it is continued beyond its borders. */
  inpaint: boolean;
}>;

/**
 * What a request's pictures are for, by the tab that its pictures make the current one (pipeline section 1.3, http-api
 * section 7): what a picture is not for takes no part. With control pictures the two switches decide whether another picture
 * takes part too; where both do, painting anew wins.
 */
export function goalsOf(params: GenerateParams): Goals {
  const tab = tabOf(params);
  const {
    mixing_image_prompt_and_vary_upscale: withUov,
    mixing_image_prompt_and_inpaint: withInpaint,
    uov_method: method,
  } = params;
  const hasPlace = isImage(params.inpaint_mask_image_upload) || params.outpaint_selections.length > 0;
  const inpaint =
    isImage(params.inpaint_input_image) && hasPlace && (tab === "inpaint" || (tab === "ip" && withInpaint));
  const uov =
    isImage(params.uov_input_image) && method !== "Disabled" && (tab === "uov" || (tab === "ip" && withUov));
  return { uov: uov && !inpaint, inpaint };
}
