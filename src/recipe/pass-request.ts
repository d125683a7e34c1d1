import type { GenerateParams } from "#/api/generate.ts";
import { isImage } from "#/api/stored.ts";

/** A pass as a request of its own, and what its fields are called in the request that asks for it. */
export type PassRequest = Readonly<{ params: GenerateParams; names: Readonly<Record<string, string>> }>;

/** Texts of a pass, and the fields that say them. */
export type PassTexts = Readonly<{
  prompt: string;
  negativePrompt: string;
  names: Readonly<Record<"prompt" | "negative_prompt", string>>;
}>;

/** Where pictures that are not there yet would lie: the names are those of a pass's inputs. */
const address = (name: string): string => `http://pass/inputs/${name}`;

/** The field that brings the picture, or the one without which none would be enhanced. */
const pictureField = ({ enhance_input_image: given }: GenerateParams): string =>
  isImage(given) ? "enhance_input_image" : "enhance_checkbox";

/** What of a request is not the concern of its passes: the pictures it brings, and what is done with them. */
const withoutPictures = {
  image_number: 1,
  uov_input_image: null,
  uov_method: "Disabled",
  inpaint_input_image: null,
  inpaint_mask_image_upload: null,
  inpaint_additional_prompt: "",
  inpaint_engine: "None",
  inpaint_disable_initial_latent: false,
  outpaint_selections: [],
  outpaint_distance: [0, 0, 0, 0],
  controlnet_image: [],
  enhance_input_image: null,
  enhance_checkbox: false,
  debugging_inpaint_preprocessor: false,
  debugging_cn_preprocessor: false,
  mixing_image_prompt_and_vary_upscale: false,
  mixing_image_prompt_and_inpaint: false,
} as const satisfies Partial<GenerateParams>;

/** A request to vary or enlarge the picture that is enhanced. */
export function wholeRequest(
  params: GenerateParams,
  { prompt, negativePrompt, names }: PassTexts,
): PassRequest {
  return {
    params: {
      ...params,
      ...withoutPictures,
      current_tab: "uov",
      prompt,
      negative_prompt: negativePrompt,
      uov_input_image: address("picture"),
      uov_method: params.enhance_uov_method,
    },
    names: { ...names, uov_method: "enhance_uov_method", uov_input_image: pictureField(params) },
  };
}

/** A request to paint a region of the picture that is enhanced anew. */
export function regionRequest(
  params: GenerateParams,
  region: GenerateParams["enhance_ctrls"][number],
  at: number,
  { prompt, negativePrompt, names }: PassTexts,
): PassRequest {
  const own = (name: string): string => `enhance_ctrls.${at}.${name}`;
  return {
    params: {
      ...params,
      ...withoutPictures,
      current_tab: "inpaint",
      prompt,
      negative_prompt: negativePrompt,
      inpaint_input_image: address("picture"),
      inpaint_mask_image_upload: address("mask"),
      inpaint_engine: region.enhance_inpaint_engine,
      inpaint_strength: region.enhance_inpaint_strength,
      inpaint_respective_field: region.enhance_inpaint_respective_field,
      inpaint_disable_initial_latent: region.enhance_inpaint_disable_initial_latent,
      // The mask is grown and turned round where it is made: one of which nothing is left then is no reason to fail.
      inpaint_erode_or_dilate: 0,
      invert_mask_checkbox: false,
    },
    names: {
      ...names,
      inpaint_engine: own("enhance_inpaint_engine"),
      inpaint_strength: own("enhance_inpaint_strength"),
      inpaint_respective_field: own("enhance_inpaint_respective_field"),
      inpaint_disable_initial_latent: own("enhance_inpaint_disable_initial_latent"),
      inpaint_input_image: pictureField(params),
    },
  };
}
