import { textOf } from "../values.ts";
import type { TaskRecord } from "../wire.ts";
import { extensionsOf } from "./outpaint-region.ts";
import { type Extensions, emptySource, methods, type SourceDraft, type SourceTab } from "./source-draft.ts";

/** What a task was made of, by its record: the addresses of its picture and its mask, and the form's other values. */
export type RecordedSource = Readonly<{
  address: string;
  mask: string | undefined;
  fields: Partial<SourceDraft> & Readonly<{ tab: SourceTab; extensions: Extensions }>;
}>;

/** @returns undefined for a task that was made from its prompt alone */
export const sourceOfRecord = ({ req_params: params }: TaskRecord): RecordedSource | undefined =>
  sourceOfParams(params);

/** The same of the fields of a record or a request. */
export function sourceOfParams(params: TaskRecord["req_params"]): RecordedSource | undefined {
  const image = (key: string): string | undefined => {
    const value = textOf(params[key]);
    return value.startsWith("http") ? value : undefined;
  };
  const method = methods.find((one) => one === params["uov_method"]) ?? "Disabled";
  const { vary, inpaint } = mixedOf(params);
  const varied = method === "Disabled" || !vary ? undefined : image("uov_input_image");
  const enhanced = image("enhance_input_image");
  const address = enhanced ?? varied ?? (inpaint ? image("inpaint_input_image") : undefined);
  if (address === undefined) return undefined;
  const inpaints = enhanced === undefined && varied === undefined;
  const number = (key: string, otherwise: number): number =>
    typeof params[key] === "number" ? params[key] : otherwise;
  const replaced = (key: string): string => (number(key, -1) > 0 ? textOf(params[key]) : "");
  return {
    address,
    mask: inpaints ? image("inpaint_mask_image_upload") : undefined,
    fields: {
      tab: enhanced !== undefined ? "enhance" : inpaints ? "inpaint" : "uov",
      method: inpaints ? emptySource.method : method,
      multiple: number("upscale_multiple", emptySource.multiple),
      varyStrength: replaced("overwrite_vary_strength"),
      upscaleStrength: replaced("overwrite_upscale_strength"),
      extensions: inpaints
        ? extensionsOf(params["outpaint_selections"], params["outpaint_distance"])
        : emptySource.extensions,
      additional: textOf(params["inpaint_additional_prompt"]),
      engine: textOf(params["inpaint_engine"]),
      strength: number("inpaint_strength", emptySource.strength),
      field: number("inpaint_respective_field", emptySource.field),
      grow: number("inpaint_erode_or_dilate", 0),
      noLatent: params["inpaint_disable_initial_latent"] === true,
      invert: params["invert_mask_checkbox"] === true,
    },
  };
}

/** Which pictures took part: beside control images, which come first, only those that were mixed with them. */
function mixedOf(params: TaskRecord["req_params"]): Readonly<{ vary: boolean; inpaint: boolean }> {
  if (params["current_tab"] !== "ip") return { vary: true, inpaint: true };
  return {
    vary: params["mixing_image_prompt_and_vary_upscale"] === true,
    inpaint: params["mixing_image_prompt_and_inpaint"] === true,
  };
}
