import type { GenerateParams } from "#/api/generate.ts";
import { type imageFields, isImage } from "#/api/stored.ts";
import { controlSlots } from "./control-slots.ts";
import { goalsOf } from "./goals.ts";
import type { InputName } from "./recipe.ts";

/** A picture that a request uses: the field that brings it, as a dotted path, and its name in the inputs folder. */
export type InputPicture = Readonly<{ field: string; name: InputName }>;

/** When a picture at the top of a request is used, if there is one; what is not used is not looked at either. */
const uses: Readonly<Record<(typeof imageFields)[number], (params: GenerateParams) => boolean>> = {
  uov_input_image: (params) => goalsOf(params).uov,
  inpaint_input_image: (params) => goalsOf(params).inpaint,
  inpaint_mask_image_upload: (params) => goalsOf(params).inpaint,
  enhance_input_image: () => true,
};

/**
 * The pictures that a request uses, those of the control slots last: what is made refers to them by their place here. A
 * request names a picture that was taken in by its address, however the server was called then.
 */
export function inputPictures(params: GenerateParams): readonly InputPicture[] {
  const fields = Object.keys(uses) as (keyof typeof uses)[];
  const top = fields.filter((field) => uses[field](params)).map((field) => [field, params[field]] as const);
  const slots = controlSlots(params)
    .filter(({ idle }) => idle === undefined)
    .map(({ field, image }) => [`${field}.cn_img`, image] as const);
  return [...top, ...slots].flatMap(([field, value]) =>
    isImage(value) ? [{ field, name: nameOf(value) }] : [],
  );
}

/** Whether a field brings a mask, which says where something is done and is not drawn itself. */
export const isMask = (field: string): boolean => field === "inpaint_mask_image_upload";

/** The last part of an address of ours; empty for a picture that was not taken in, of which nothing is made yet. */
const nameOf = (address: string): InputName =>
  (address.startsWith("http") && /\/inputs\/([^/?#]+)$/.exec(address)?.[1]) || "";
