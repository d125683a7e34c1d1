import type { GenerateRequest } from "#/api/generate.ts";
import { InvalidRequest } from "#/api/issues.ts";
import type { Converted } from "#/api/read.ts";
import { recommendedControl } from "#/api/recommended-control.ts";
import { isImage } from "#/api/stored.ts";
import { promptNumbers, regionDefaults, regionNumbers } from "./bodies.ts";
import { advancedFields } from "./body-objects.ts";
import type { LegacyJob } from "./job.ts";
import { isWords, type LegacyWords } from "./words.ts";

type Slot = NonNullable<GenerateRequest["controlnet_image"]>[number];

/** Fields that have another name in FooocusAPI; `input_image` has two, depending on the job. */
export const renamed: Readonly<Record<string, keyof GenerateRequest>> = {
  save_meta: "save_metadata_to_images",
  meta_scheme: "metadata_scheme",
  save_extension: "output_format",
  upscale_value: "upscale_multiple",
  input_mask: "inpaint_mask_image_upload",
  image_prompts: "controlnet_image",
  enhance_ctrlnets: "enhance_ctrls",
};

const inputField = (job: LegacyJob) => (job === "upscale-vary" ? "uov_input_image" : "inpaint_input_image");

/** Fields with a translation of their own. */
const translated =
  /^(advanced_params|input_image|image_prompts|enhance_ctrlnets|upscale_value|meta_scheme|outpaint_distance_.*|inpaint_additional_prompt|cn_[a-z]+\d)$/;

/**
 * A body of the legacy API in FooocusAPI's words (http-api section 17); fields that were not given stay open, so
 * that the server's defaults fill them.
 *
 * @throws InvalidRequest where a picture is missing, or there are more slots than can be used
 */
export function toGenerateRequest(job: LegacyJob, said: LegacyWords): GenerateRequest {
  const plain = Object.entries(said)
    .filter(([field]) => !translated.test(field) && regionOf(field) === undefined)
    .map(([field, value]) => [renamed[field] ?? field, value]);
  const input = imageOf(said.input_image);
  const slots = slotsOf(said);
  const words: LegacyWords = {
    ...Object.fromEntries(plain),
    ...advancedOf(said),
    ...(said.meta_scheme !== undefined && {
      metadata_scheme: said.meta_scheme === "a111" ? "a1111" : said.meta_scheme,
    }),
    ...(said.upscale_value !== undefined && { upscale_multiple: upscaleOf(said.upscale_value) }),
    ...(said.inpaint_additional_prompt !== undefined && {
      inpaint_additional_prompt: said.inpaint_additional_prompt ?? "",
    }),
    ...(input !== undefined && { [inputField(job)]: input }),
    ...(job === "upscale-vary" && { uov_method: said.uov_method ?? "Upscale (2x)" }),
    ...outpaintOf(said),
    ...(slots.length > 0 && { controlnet_image: slots }),
    ...(job === "enhance" && enhancementOf(said)),
  };
  // Every value came out of the reader, which checked it; what is made here is of FooocusAPI's types.
  const request = words as GenerateRequest;
  refuseWithoutImage(job, said, slots);
  return input !== undefined && slots.some(({ cn_img }) => isImage(cn_img)) ? mixing(job, request) : request;
}

/**
 * What the legacy API calls a field of FooocusAPI, both as dotted paths: for error messages.
 *
 * @param form whether the body was a form, whose slots are numbered fields
 */
export function legacyField(field: string, form: boolean): string {
  const [head = "", index = "", ...rest] = field.split(".");
  const number = Number(index || "0") + 1;
  if (form && head === "controlnet_image") return `${rest[0] ?? "cn_img"}${number}`;
  if (form && head === "enhance_ctrls") return `${rest[0] ?? "enhance_enabled"}_${number}`;
  if (head === "outpaint_distance") return `${head}_${sides[Number(index || "0")] ?? "left"}`;
  const names = Object.entries(renamed).map(([legacy, newer]): [string, string] => [newer, legacy]);
  const legacy = new Map([
    ...names,
    ["uov_input_image", "input_image"],
    ["inpaint_input_image", "input_image"],
    ...advancedFields.map((name): [string, string] => [name, `advanced_params.${name}`]),
  ]).get(head);
  return [legacy ?? head, index, ...rest].filter((part) => part !== "").join(".");
}

const asText = (value: Converted | undefined): string => (typeof value === "string" ? value : "");

const imageOf = (value: Converted | undefined): string | undefined => {
  const text = asText(value);
  return isImage(text) ? text : undefined;
};

/** Two defaults differ from FooocusAPI's, so they are always said; an override is a whole step here, or none. */
function advancedOf({ advanced_params: given }: LegacyWords): LegacyWords {
  const advanced = isWords(given) ? given : {};
  const { overwrite_switch: at } = advanced;
  return {
    inpaint_respective_field: 1,
    inpaint_advanced_masking_checkbox: true,
    ...advanced,
    ...(typeof at === "number" && { overwrite_switch: at > 0 ? Math.ceil(at) : -1 }),
  };
}

/** Null, and 5 itself, act as 2: the legacy API takes a factor below 5. */
const upscaleOf = (value: Converted): number => (typeof value === "number" && value < 5 ? value : 2);

const sides = ["left", "top", "right", "bottom"] as const;

/** Four fields become one, clockwise from the left; below 0, and null, is 0. */
function outpaintOf(said: LegacyWords): LegacyWords {
  const given = sides.map((side) => said[`outpaint_distance_${side}`]);
  if (given.every((value) => value === undefined)) return {};
  return { outpaint_distance: given.map((value) => (typeof value === "number" ? Math.max(0, value) : 0)) };
}

/** The control images of either kind of body, in their slots. */
function slotsOf(said: LegacyWords): readonly Slot[] {
  const listed = Array.isArray(said.image_prompts)
    ? said.image_prompts.filter(isWords)
    : promptNumbers.map((n) => ({
        cn_img: said[`cn_img${n}`] ?? null,
        cn_stop: said[`cn_stop${n}`] ?? null,
        cn_weight: said[`cn_weight${n}`] ?? null,
        cn_type: said[`cn_type${n}`] ?? "ImagePrompt",
      }));
  const slots = listed.map((words) => {
    const { cn_img, cn_stop, cn_weight, cn_type } = words as Slot;
    const { stop, weight } = recommendedControl[cn_type];
    return { cn_img, cn_stop: cn_stop || stop, cn_weight: cn_weight || weight, cn_type };
  });
  const used = slots.filter(({ cn_img }) => isImage(cn_img));
  if (used.length === 0) return [];
  refuseTooMany("image_prompts", used.length, promptNumbers.length);
  return slots.length <= promptNumbers.length ? slots : used;
}

/** The field and the number of a form's region field, `enhance_prompt_2` for example. */
function regionOf(field: string): Readonly<{ name: string; number: number }> | undefined {
  const [, name = "", digit = ""] = /^(enhance_.*)_(\d)$/.exec(field) ?? [];
  return Object.hasOwn(regionDefaults, name) ? { name, number: Number(digit) } : undefined;
}

function enhancementOf(said: LegacyWords): LegacyWords {
  const listed = Array.isArray(said.enhance_ctrlnets)
    ? said.enhance_ctrlnets
    : regionNumbers.map((n) => region(said, n));
  refuseTooMany("enhance_ctrlnets", listed.length, regionNumbers.length);
  return {
    enhance_checkbox: true,
    save_final_enhanced_image_only: true,
    enhance_uov_method: said.enhance_uov_method ?? "Vary (Strong)",
    enhance_ctrls: listed,
  };
}

/** A form's region: its numbered fields. */
const region = (said: LegacyWords, n: number): LegacyWords =>
  Object.fromEntries(
    Object.entries(regionDefaults).map(([name, fallback]) => [
      name,
      said[`${name}_${n}`] ?? (fallback as Converted),
    ]),
  );

/** A control image beside a picture acts on it too; the legacy API does not wait to be told. */
const mixing = (job: LegacyJob, request: GenerateRequest): GenerateRequest =>
  job === "upscale-vary"
    ? { ...request, mixing_image_prompt_and_vary_upscale: true }
    : { ...request, mixing_image_prompt_and_inpaint: true };

/** A job about a picture that brings none would quietly become another job. */
function refuseWithoutImage(job: LegacyJob, said: LegacyWords, slots: readonly Slot[]): void {
  const field = job === "enhance" ? "enhance_input_image" : "input_image";
  const optional =
    job === "text-to-image" || job === "image-prompt" || (job === "inpaint-outpaint" && slots.length > 0);
  if (optional || imageOf(said[field]) !== undefined) return;
  const msg = `Value error, ${field} holds no picture; send it as a file (v1), or as base64, data URI or URL (v2)`;
  throw new InvalidRequest([
    { type: "value_error", loc: ["body", field], msg, input: asText(said[field]), ctx: { error: {} } },
  ]);
}

function refuseTooMany(field: string, length: number, most: number): void {
  if (length <= most) return;
  const msg = `List should have at most ${most} items after validation, not ${length}`;
  const ctx = { field_type: "List", max_length: most, actual_length: length };
  throw new InvalidRequest([{ type: "too_long", loc: ["body", field], msg, input: length, ctx }]);
}
