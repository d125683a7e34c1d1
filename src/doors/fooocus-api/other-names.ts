import type { OtherNames } from "#/api/unknown-keys.ts";

/** What clients of the legacy API and readers of its migration guide call fields of this one (migration-guide.md). */
export const otherNames: OtherNames = {
  called: {
    input_image: "uov_input_image or inpaint_input_image",
    input_mask: "inpaint_mask_image_upload",
    inpaint_mask: "inpaint_mask_image_upload",
    image_prompts: "controlnet_image",
    upscale_value: "upscale_multiple",
    save_meta: "save_metadata_to_images",
    meta_scheme: "metadata_scheme",
    save_extension: "output_format",
    advanced_params: "its fields stand at the top",
    enhance_ctrlnets: "enhance_ctrls",
    ...Object.fromEntries(
      ["left", "top", "right", "bottom"].map((side) => [
        `outpaint_distance_${side}`,
        "outpaint_distance, a list of left, top, right, bottom",
      ]),
    ),
  },
  // A mask that is sent is used; the switch of the web page is for drawn ones.
  harmless: ["inpaint_mask_upload_checkbox"],
};
