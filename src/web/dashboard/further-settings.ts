import { controlNames } from "./control/control-request.ts";
import { enhanceNames } from "./enhance/enhance-draft.ts";
import { isObject } from "./values.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the form has fields for, what is about pictures, and how an answer is to come: none of it is carried along. */
const known = new Set<string>([
  ..."prompt negative_prompt style_selections performance_selection aspect_ratios_selection image_number image_seed current_tab uov_method upscale_multiple overwrite_vary_strength overwrite_upscale_strength inpaint_additional_prompt inpaint_engine inpaint_strength inpaint_respective_field inpaint_erode_or_dilate inpaint_disable_initial_latent inpaint_advanced_masking_checkbox invert_mask_checkbox input_image_checkbox uov_input_image inpaint_input_image inpaint_mask_image_upload enhance_input_image preset stream_output require_base64 async_process webhook_url".split(
    " ",
  ),
  ...controlNames,
  ...enhanceNames,
]);

/**
 * Settings of a record that the form has no field for and that are other than the server's own: who takes a picture's
 * settings gets its model and its LoRAs too.
 *
 * @param params   as records have them: LoRAs are one flat list of three values each
 * @param defaults the server's own values by field
 */
export function furtherSettings(params: Fields, defaults: Fields): Fields {
  const plain = Object.entries(params).filter(
    ([field, value]) =>
      !known.has(field) &&
      ["string", "number", "boolean"].includes(typeof value) &&
      field in defaults &&
      defaults[field] !== value,
  );
  const loras = lorasOf(params["loras"]);
  const others = JSON.stringify(loras) !== JSON.stringify(lorasOf(flat(defaults["loras"])));
  return { ...Object.fromEntries(plain), ...(others ? { loras } : {}) };
}

type Lora = Readonly<{ enabled: boolean; model_name: string; weight: number }>;

function lorasOf(list: unknown): readonly Lora[] {
  const values: readonly unknown[] = Array.isArray(list) ? list : [];
  const loras: Lora[] = [];
  for (let i = 0; i + 2 < values.length; i += 3) {
    const [enabled, name, weight] = values.slice(i, i + 3);
    if (typeof name === "string" && name !== "None")
      loras.push({ enabled: enabled === true, model_name: name, weight: Number(weight) });
  }
  return loras;
}

const flat = (list: unknown): readonly unknown[] =>
  Array.isArray(list)
    ? list.filter(isObject).flatMap((one) => [one["enabled"], one["model_name"], one["weight"]])
    : [];
