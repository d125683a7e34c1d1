import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import { controlSlots } from "#/recipe/control-slots.ts";
import { enhancementOf } from "#/recipe/enhancement-of.ts";
import { inputPictures } from "#/recipe/input-pictures.ts";

/** What a request says of how it starts from a picture, by the picture without which it says nothing. */
const saying = {
  uov_input_image: [
    "uov_method",
    "upscale_multiple",
    "overwrite_vary_strength",
    "overwrite_upscale_strength",
    "size_number",
    "upscaler_name",
    "upscale_alone",
  ],
  inpaint_input_image: [
    "invert_mask_checkbox",
    "inpaint_erode_or_dilate",
    "inpaint_engine",
    "inpaint_strength",
    "inpaint_respective_field",
    "inpaint_disable_initial_latent",
    "outpaint_selections",
    "outpaint_distance",
    "size_number",
    "upscaler_name",
  ],
  enhance_input_image: [],
} as const satisfies { [K in keyof GenerateParams]?: readonly (keyof GenerateParams)[] };

/** What it says of how pictures guide it. */
const guiding = [
  "controlnet_softness",
  "canny_low_threshold",
  "canny_high_threshold",
  "skipping_cn_preprocessor",
  "mixing_image_prompt_and_vary_upscale",
  "mixing_image_prompt_and_inpaint",
] as const satisfies readonly (keyof GenerateParams)[];

/**
 * What it says of an enhancement, and what else makes the same pictures again: the texts, the size and the steps of a pass are
 * other ones than the request's.
 */
const enhancing = [
  "enhance_checkbox",
  "enhance_uov_method",
  "enhance_uov_processing_order",
  "enhance_uov_prompt_type",
  "enhance_ctrls",
  "save_final_enhanced_image_only",
  "dino_erode_or_dilate",
  "prompt",
  "negative_prompt",
  "style_selections",
  "image_number",
  "image_seed",
  "disable_seed_increment",
  "read_wildcards_in_order",
  "aspect_ratios_selection",
  "overwrite_width",
  "overwrite_height",
  "overwrite_step",
  "upscale_multiple",
  "overwrite_upscale_strength",
  "size_number",
  "upscaler_name",
  "loras",
] as const satisfies readonly (keyof GenerateParams)[];

/** Fields that say nothing where they are what they are by themselves: no picture of Fooocus knows them. */
const unsaid = {
  size_number: 0,
  upscaler_name: "",
  upscale_alone: false,
} as const satisfies { [K in keyof GenerateParams]?: GenerateParams[K] };

const isUnsaid = (name: string, value: unknown): boolean =>
  Object.hasOwn(unsaid, name) && unsaid[name as keyof typeof unsaid] === value;

/** Fields whose value is a picture's name. */
const pictures: readonly string[] = [...Object.keys(saying), "inpaint_mask_image_upload"];

/** The others. */
const options: readonly string[] = [...Object.values(saying).flat(), ...guiding];
const enhancingOptions: readonly string[] = enhancing;

/** The field whose value is a list of slots with a picture's name in each. */
const slotsField = "controlnet_image";

/** A name in the inputs folder: what a picture says is never an address that the server would go to. */
const inputName = /^[0-9a-f]{64}\.png$/;

/**
 * Which pictures a request starts from, by their names in the inputs folder, and how, as one JSON text: Fooocus' schemes
 * have no word for it, and without it nothing tells how a picture was made that began with another one.
 *
 * @returns undefined for a request that starts from none and enhances none
 */
export function imageInputOf(params: GenerateParams): string | undefined {
  const brought = inputPictures(params);
  const used = brought.filter(({ field }) => pictures.includes(field));
  const slots = controlSlots(params).flatMap(({ field, type, weight, stop }) => {
    const name = brought.find((one) => one.field === `${field}.cn_img`)?.name;
    return name === undefined ? [] : [{ cn_img: name, cn_stop: stop, cn_weight: weight, cn_type: type }];
  });
  const enhanced = enhancedBy(params);
  if (used.length + slots.length + enhanced.length === 0) return undefined;
  const said = Object.entries(saying).flatMap(([picture, names]) =>
    used.some(({ field }) => field === picture) ? names.map((name) => [name, params[name]] as const) : [],
  );
  const guided = slots.map(() => guiding.map((name) => [name, params[name]] as const)).at(0) ?? [];
  const all = {
    ...Object.fromEntries([...used.map(({ field, name }) => [field, name]), ...said, ...guided, ...enhanced]),
    ...(slots.length === 0 ? {} : { [slotsField]: slots }),
  };
  const told = Object.entries(all).filter(([name, value]) => !isUnsaid(name, value));
  // Seeds may have more digits than numbers keep.
  return JSON.stringify(Object.fromEntries(told), (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/** What a request says of its enhancement, without the regions that are not enabled; nothing where it asks for none. */
function enhancedBy(params: GenerateParams): readonly (readonly [string, unknown])[] {
  const asked = enhancementOf(params);
  if (asked === undefined) return [];
  const regions = asked.regions.map((at) => params.enhance_ctrls[at]);
  return enhancing.map((name) => [name, name === "enhance_ctrls" ? regions : params[name]]);
}

/** The way back: the fields of a request, of whatever type a picture says; undefined if the text is none of ours. */
export function readImageInput(
  text: string | undefined,
): Partial<Record<keyof GenerateRequest, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const taken = Object.entries(value).filter(([name, said]) =>
      name === slotsField
        ? slotNames(said).every((one) => inputName.test(one))
        : pictures.includes(name)
          ? inputName.test(String(said))
          : options.includes(name) || ("enhance_checkbox" in value && enhancingOptions.includes(name)),
    );
    return Object.fromEntries(taken);
  } catch {
    return undefined;
  }
}

/**
 * Says which pictures that a read request starts from are not there: it would be refused.
 *
 * @param isThere whether a name is one of the inputs folder
 */
export async function goneInputs(
  request: GenerateRequest,
  isThere: (name: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const top = Object.entries(request).flatMap(([field, value]) =>
    pictures.includes(field) && typeof value === "string" ? [[field, value] as const] : [],
  );
  const slots = slotNames(request[slotsField]).map(
    (name, at) => [`${slotsField}.${at}.cn_img`, name] as const,
  );
  const told = [...top, ...slots].map(async ([field, name]) =>
    (await isThere(name))
      ? []
      : [
          `The picture that it started from, ${name} of ${field}, is not in the inputs folder of this server: ` +
            `it was removed, or was never sent here. Put the picture itself into ${field}.`,
        ],
  );
  return (await Promise.all(told)).flat();
}

/** The names in slots of control images, of whatever form; what is none is empty. */
const slotNames = (slots: unknown): readonly string[] =>
  Array.isArray(slots)
    ? slots.map((slot: unknown) =>
        typeof slot === "object" && slot !== null && "cn_img" in slot ? String(slot.cn_img) : "",
      )
    : [];
