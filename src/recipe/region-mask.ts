import type { GenerateParams } from "#/api/generate.ts";
import { chooseMask, type MaskWords } from "./choose-mask.ts";
import type { MaskMaking } from "./mask-making.ts";
import type { World } from "./resolve.ts";

/** The fields of a region that say how its mask is made; what is said of all masks is a field of the request. */
const fields = {
  model: "enhance_mask_model",
  clothCategory: "enhance_mask_cloth_category",
  samModel: "enhance_mask_sam_model",
  prompt: "enhance_mask_dino_prompt",
  boxThreshold: "enhance_mask_box_threshold",
  textThreshold: "enhance_mask_text_threshold",
  maxDetections: "enhance_mask_sam_max_detections",
} as const satisfies Partial<Record<keyof MaskWords, keyof GenerateParams["enhance_ctrls"][number]>>;

/**
 * How the mask of a region is made.
 *
 * @param at place of the region
 * @throws RequestError for what cannot be made or found, naming the field
 */
export function regionMask(
  region: GenerateParams["enhance_ctrls"][number],
  at: number,
  params: Pick<GenerateParams, "dino_erode_or_dilate" | "debugging_dino">,
  world: World,
): MaskMaking {
  const words: MaskWords = {
    model: region.enhance_mask_model,
    clothCategory: region.enhance_mask_cloth_category,
    samModel: region.enhance_mask_sam_model,
    prompt: region.enhance_mask_dino_prompt,
    boxThreshold: region.enhance_mask_box_threshold,
    textThreshold: region.enhance_mask_text_threshold,
    maxDetections: region.enhance_mask_sam_max_detections,
    growBoxes: params.dino_erode_or_dilate,
    showBoxes: params.debugging_dino,
  };
  const fieldOf = (word: keyof MaskWords): string => {
    if (word === "growBoxes") return "dino_erode_or_dilate";
    return word === "showBoxes" ? "debugging_dino" : `enhance_ctrls.${at}.${fields[word]}`;
  };
  return chooseMask(words, fieldOf, world);
}
