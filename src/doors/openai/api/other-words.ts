/** What fields of the main door are called here. */
const words: Readonly<Record<string, string>> = {
  aspect_ratios_selection: "size",
  base_model_name: "model",
  image_number: "n",
  image_seed: "seed",
  overwrite_step: "steps",
  performance_selection: "performance",
  style_selections: "styles",
  uov_input_image: "image",
  uov_method: "image",
  inpaint_input_image: "image",
  inpaint_mask_image_upload: "mask",
  inpaint_strength: "strength",
  overwrite_vary_strength: "strength",
};

const names = new RegExp(
  `\\b(?:controlnet_image\\.(\\d+)(?:\\.\\w+)?|${Object.keys(words).join("|")})\\b`,
  "g",
);

/** A sentence, or a dotted path, with this door's names of fields: the pictures that guide come behind the first one. */
export const inTheseWords = (text: string): string =>
  text.replaceAll(names, (name, slot?: string) =>
    slot === undefined ? (words[name] ?? name) : `image.${Number(slot) + 1}`,
  );
