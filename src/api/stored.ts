import { isNothing } from "#/lib/nothing.ts";
import { CommonRequest, type GenerateParams, generateFields, ownDefaults } from "./generate.ts";
import { EnhanceCtrlNets } from "./generate-objects.ts";
import type { Json, JsonObject } from "./json.ts";
import { readBody } from "./read.ts";

const controlSlots = 4;
const loraFields = 3;
const enhanceSlots = 3;
const emptyControl = { cn_img: "", cn_stop: 0.6, cn_weight: 0.6, cn_type: "ImagePrompt" } as const;

const emptyRegion = Object.fromEntries(
  Object.entries(EnhanceCtrlNets.properties).map(([name, { default: value }]): [string, Json] => [
    name,
    value,
  ]),
);
const emptyRegions = Array.from({ length: enhanceSlots }, () => emptyRegion);

/** Image fields at the top of a request. */
export const imageFields = [
  "uov_input_image",
  "inpaint_input_image",
  "inpaint_mask_image_upload",
  "enhance_input_image",
] as const satisfies readonly (keyof GenerateParams)[];

/** Whether an image field holds an image. */
export const isImage = (value: string | null): value is string => !isNothing(value);

/**
 * A settled request as it is stored and shown (http-api section 8): LoRAs as one flat list, four control slots, three
 * regions.
 */
export function toStored(params: GenerateParams): JsonObject {
  const controls = [...params.controlnet_image, ...Array.from({ length: controlSlots }, () => emptyControl)];
  const changed: Record<string, Json> = {
    enhance_ctrls: [...params.enhance_ctrls, ...emptyRegions].slice(
      0,
      Math.max(enhanceSlots, params.enhance_ctrls.length),
    ),
    loras: params.loras.flatMap(({ enabled, model_name, weight }) => [enabled, model_name, weight]),
    controlnet_image: controls
      .slice(0, controlSlots)
      .map((slot) => ({ ...slot, cn_img: shown(slot.cn_img) })),
    input_image_checkbox: true,
    current_tab: tabOf(params),
    inpaint_advanced_masking_checkbox: ![null, "None"].includes(params.inpaint_mask_image_upload),
  };
  for (const field of imageFields) changed[field] = shown(params[field]);
  return Object.fromEntries(
    generateFields.map((field) => [field, changed[field] ?? (params[field] as Json)]),
  );
}

/** The name of a picture that was taken in, at the end of its address: the hash of its content. Nothing for another address. */
export const keptInputName = (address: string): string | undefined =>
  /^http.*\/inputs\/([0-9a-f]{64}\.png)$/is.exec(address)?.[1];

/** The names of the pictures that a stored request brings, as they are kept; each once. */
export function keptInputs(stored: JsonObject): readonly string[] {
  const namesIn = (value: Json): readonly string[] => {
    if (typeof value === "string") return [keptInputName(value) ?? []].flat();
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(namesIn) : [];
  };
  return [...new Set(namesIn(stored))];
}

/** What a request is about, told by the images it brings (http-api section 7; any control slot counts). */
export function tabOf(params: GenerateParams): string {
  if (isImage(params.enhance_input_image)) return "enhance";
  if (params.controlnet_image.some(({ cn_img }) => isImage(cn_img))) return "ip";
  if (isImage(params.uov_input_image)) return "uov";
  return isImage(params.inpaint_input_image) ? "inpaint" : params.current_tab;
}

const shown = (image: string | null): string => (isImage(image) ? image : "");

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
  // Every field is there: what was stored was complete, but for fields that there were not yet.
  return readBody(CommonRequest, { ...ownDefaults, ...stored, loras }) as unknown as GenerateParams;
}
