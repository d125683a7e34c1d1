import type { GenerateParams } from "#/api/generate.ts";
import { type imageFields, isImage, tabOf } from "#/api/stored.ts";
import { RequestError } from "#/lib/errors.ts";
import { controlSlots } from "./control-slots.ts";
import { inputPictures } from "./input-pictures.ts";

/** The order of the four numbers in `outpaint_distance`. */
const sides = ["Left", "Top", "Right", "Bottom"] as const;

/**
 * What a request says of pictures that has no part in what is made: pictures that are not used, each with why, and words
 * about masks and sides that nothing can be done with. Without them a misspelt or forgotten field is a plain new picture.
 *
 * @throws RequestError `invalid-value` for a distance below 0
 */
export function pictureWarnings(params: GenerateParams): readonly string[] {
  refuseNegativeDistance(params);
  const used = inputPictures(params).map(({ field }) => field);
  const unused = (Object.keys(reasons) as (keyof typeof reasons)[])
    .filter((field) => isImage(params[field]) && !used.includes(field))
    .map((field) => `${field} took no part: ${reasons[field](params)}.`);
  const slots = controlSlots(params).flatMap(({ field, idle }) =>
    idle === undefined ? [] : [`${field}.cn_img took no part: ${idle}.`],
  );
  return [...unused, ...slots, ...wordsForNothing(params)];
}

/** Why a picture at the top of a request is not used, where it is not. */
const reasons: Readonly<Record<(typeof imageFields)[number], (params: GenerateParams) => string>> = {
  uov_input_image: (params) => {
    if (params.uov_method === "Disabled")
      return "uov_method is Disabled; name a method to vary or upscale it";
    if (tabOf(params) !== "ip") return otherTab(params);
    return params.mixing_image_prompt_and_vary_upscale
      ? "inpaint_input_image comes first where both are mixed with a control image"
      : "a control image comes first; mixing_image_prompt_and_vary_upscale lets both act";
  },
  inpaint_input_image: (params) => {
    if (tabOf(params) === "ip" && !params.mixing_image_prompt_and_inpaint)
      return "a control image comes first; mixing_image_prompt_and_inpaint lets both act";
    if (!["ip", "inpaint"].includes(tabOf(params))) return otherTab(params);
    return "nothing says what to repaint; send inpaint_mask_image_upload, or name sides in outpaint_selections";
  },
  inpaint_mask_image_upload: ({ inpaint_input_image }) =>
    isImage(inpaint_input_image)
      ? "its picture, inpaint_input_image, took none"
      : "there is no picture in inpaint_input_image that it could be the mask of",
  enhance_input_image: otherTab,
};

/** What a request is about, for who wonders why something else of it was not used. */
function otherTab(params: GenerateParams): string {
  switch (tabOf(params)) {
    case "enhance":
      return "enhance_input_image comes first";
    case "ip":
      return "a control image comes first";
    case "uov":
      return "uov_input_image comes first";
    case "inpaint":
      return "inpaint_input_image comes first";
    default:
      return "the request is about something else";
  }
}

/** Says of what masks and sides could do nothing. */
function wordsForNothing(params: GenerateParams): readonly string[] {
  const { outpaint_selections: chosen, outpaint_distance: distances } = params;
  if (!isImage(params.inpaint_input_image)) {
    if (chosen.length === 0) return [];
    return ["outpaint_selections took no part: there is no picture in inpaint_input_image."];
  }
  const warnings: string[] = [];
  if (params.invert_mask_checkbox && !isImage(params.inpaint_mask_image_upload))
    warnings.push("invert_mask_checkbox took no part: there is no mask in inpaint_mask_image_upload.");
  const said = distances.some((pixels) => pixels !== 0);
  if (said && distances.length < sides.length) {
    const message = `outpaint_distance took no part: it has ${distances.length} numbers, not four (left, top, right, bottom).`;
    return [...warnings, message];
  }
  const idle = sides.filter((side, index) => (distances[index] ?? 0) > 0 && !chosen.includes(side));
  if (idle.length > 0) {
    const [are, names] = [idle.length === 1 ? "is" : "are", idle.join(" and ")];
    warnings.push(`outpaint_distance of ${names} took no part: ${names} ${are} not in outpaint_selections.`);
  }
  return warnings;
}

/** 0 is three tenths of the side, as in FooocusAPI; less than that it takes for 0 too, which nobody means. */
function refuseNegativeDistance({ outpaint_distance }: GenerateParams): void {
  const value = outpaint_distance.find((pixels) => pixels < 0);
  if (value === undefined) return;
  const index = outpaint_distance.indexOf(value);
  const message = `outpaint_distance cannot be ${value}: it is how many pixels are added to a side; 0 adds three tenths of it.`;
  throw new RequestError("invalid-value", message, { field: `outpaint_distance.${index}`, value });
}
