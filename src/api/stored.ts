import { CommonRequest, type GenerateParams, generateFields } from "./generate.ts";
import type { Json, JsonObject } from "./json.ts";
import { readBody } from "./read.ts";

const controlSlots = 4;
const loraFields = 3;
const emptyControl = { cn_img: "", cn_stop: 0.6, cn_weight: 0.6, cn_type: "ImagePrompt" } as const;

/** Image fields at the top of a request. */
export const imageFields = [
  "uov_input_image",
  "inpaint_input_image",
  "inpaint_mask_image_upload",
  "enhance_input_image",
] as const satisfies readonly (keyof GenerateParams)[];

/** Spellings that all mean "no image". */
const noImage: readonly string[] = ["", "None", "null", "string", "none"];

/** Whether an image field holds an image. */
export const isImage = (value: string | null): value is string => value !== null && !noImage.includes(value);

/** A settled request as it is stored and shown (http-api section 8): LoRAs as one flat list, four control slots. */
export function toStored(params: GenerateParams): JsonObject {
  const controls = [...params.controlnet_image, ...Array.from({ length: controlSlots }, () => emptyControl)];
  const changed: Record<string, Json> = {
    loras: params.loras.flatMap(({ enabled, model_name, weight }) => [enabled, model_name, weight]),
    controlnet_image: controls.slice(0, controlSlots).map((slot) => ({ ...slot, cn_img: slot.cn_img ?? "" })),
    input_image_checkbox: true,
    inpaint_advanced_masking_checkbox: ![null, "None"].includes(params.inpaint_mask_image_upload),
  };
  for (const field of imageFields) changed[field] = params[field] === "None" ? "" : (params[field] ?? "");
  return Object.fromEntries(
    generateFields.map((field) => [field, changed[field] ?? (params[field] as Json)]),
  );
}

/**
 * A stored request as parameters again, for a queue that is rebuilt from its rows.
 *
 * @throws InvalidRequest if it is none of ours
 */
export function fromStored(stored: JsonObject): GenerateParams {
  const flat = Array.isArray(stored.loras) ? stored.loras : [];
  const loras = Array.from({ length: Math.floor(flat.length / loraFields) }, (_, i) => ({
    enabled: flat[i * loraFields] ?? false,
    model_name: flat[i * loraFields + 1] ?? "None",
    weight: flat[i * loraFields + 2] ?? 1,
  }));
  // Every field is there: what was stored was complete.
  return readBody(CommonRequest, { ...stored, loras }) as unknown as GenerateParams;
}
