import { type Method, methods } from "../source/source-draft.ts";
import { isObject, textOf } from "../values.ts";

/** How a region is found, in the contract's order. */
export const maskModels = [
  "sam",
  "u2net",
  "u2netp",
  "u2net_human_seg",
  "u2net_cloth_seg",
  "silueta",
  "isnet-general-use",
  "isnet-anime",
] as const;
type MaskModel = (typeof maskModels)[number];

/** A region that is found and painted anew. */
export type RegionDraft = Readonly<{
  on: boolean;
  model: MaskModel;
  /** What to look for, of `sam`. */
  find: string;
  /** What is to be there; empty: the prompt. */
  prompt: string;
  strength: number;
  /** Other values of a picture's region, by field. */
  more: Readonly<Record<string, unknown>>;
}>;

/** What is done with pictures once they are made. */
export type EnhanceDraft = Readonly<{
  on: boolean;
  method: Method;
  /** Whether that comes behind the regions. */
  last: boolean;
  finalOnly: boolean;
  regions: readonly RegionDraft[];
}>;

const emptyRegion: RegionDraft = { on: false, model: "sam", find: "", prompt: "", strength: 1, more: {} };
const mostRegions = 3;

export const emptyEnhance: EnhanceDraft = {
  on: false,
  method: "Disabled",
  last: false,
  finalOnly: false,
  regions: Array.from({ length: mostRegions }, () => emptyRegion),
};

const last = "After Last Enhancement";

/** The fields of a request about it; none where it is off. */
export function enhanceFields({
  on,
  method,
  last: isLast,
  finalOnly,
  regions,
}: EnhanceDraft): Readonly<Record<string, unknown>> {
  if (!on) return {};
  return {
    enhance_checkbox: true,
    ...(method === "Disabled" ? {} : { enhance_uov_method: method }),
    ...(isLast ? { enhance_uov_processing_order: last } : {}),
    ...(finalOnly ? { save_final_enhanced_image_only: true } : {}),
    enhance_ctrls: regions
      .slice(0, regions.findLastIndex((region) => !isEmpty(region)) + 1)
      .map(({ on: isOn, model, find, prompt, strength, more }) => ({
        ...more,
        enhance_enabled: isOn,
        enhance_mask_model: model,
        ...(model === "sam" || find !== "" ? { enhance_mask_dino_prompt: find } : {}),
        ...(prompt.trim() === "" ? {} : { enhance_prompt: prompt }),
        enhance_inpaint_strength: strength,
      })),
  };
}

const isEmpty = (region: RegionDraft): boolean => JSON.stringify(region) === JSON.stringify(emptyRegion);

/** Those of a region. */
const regionNames: readonly string[] = [
  "enhance_enabled",
  "enhance_mask_model",
  "enhance_mask_dino_prompt",
  "enhance_prompt",
  "enhance_inpaint_strength",
];

/** The names of these fields, which the form holds in places of their own. */
export const enhanceNames = [
  "enhance_checkbox",
  "enhance_uov_method",
  "enhance_uov_processing_order",
  "save_final_enhanced_image_only",
  "enhance_ctrls",
] as const;

/**
 * What a record says of it.
 *
 * @param defaults what a region's fields mean that are not said
 */
export function enhanceOf(
  params: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>> = {},
): EnhanceDraft {
  const list: readonly unknown[] = Array.isArray(params["enhance_ctrls"]) ? params["enhance_ctrls"] : [];
  return {
    on: params["enhance_checkbox"] === true,
    method: methods.find((one) => one === params["enhance_uov_method"]) ?? "Disabled",
    last: params["enhance_uov_processing_order"] === last,
    finalOnly: params["save_final_enhanced_image_only"] === true,
    regions: Array.from({ length: Math.max(mostRegions, list.length) }, (_, at) =>
      regionOf(list[at], defaults),
    ),
  };
}

function regionOf(said: unknown, defaults: Readonly<Record<string, unknown>>): RegionDraft {
  const empty = emptyRegion;
  if (!isObject(said)) return empty;
  const more = Object.entries(said).filter(
    ([field, value]) => !regionNames.includes(field) && field in defaults && defaults[field] !== value,
  );
  const strength = said["enhance_inpaint_strength"];
  return {
    on: said["enhance_enabled"] === true,
    model: maskModels.find((one) => one === said["enhance_mask_model"]) ?? empty.model,
    find: textOf(said["enhance_mask_dino_prompt"]),
    prompt: textOf(said["enhance_prompt"]),
    strength: typeof strength === "number" ? strength : empty.strength,
    more: Object.fromEntries(more),
  };
}
