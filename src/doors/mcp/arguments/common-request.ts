import { seedEnd } from "#/api/fields.ts";
import type { GenerateRequest } from "#/api/generate.ts";
import type { Converted } from "#/api/read.ts";
import { recommendedControl } from "#/api/recommended-control.ts";
import { RequestError } from "#/lib/errors.ts";
import { type ReadArguments, textIn } from "./read-arguments.ts";

type Said = ReadArguments["said"];

/** Arguments that are fields of the main API, mostly under another name. */
const renamed = {
  prompt: "prompt",
  negative_prompt: "negative_prompt",
  performance: "performance_selection",
  styles: "style_selections",
  seed: "image_seed",
  number: "image_number",
  model: "base_model_name",
  steps: "overwrite_step",
  guidance_scale: "guidance_scale",
  sharpness: "sharpness",
  sampler: "sampler_name",
  scheduler: "scheduler_name",
  preset: "preset",
  output_format: "output_format",
} as const satisfies Readonly<Record<string, keyof GenerateRequest>>;

/** The main API's fields, and the arguments of generate and edit that they are. */
export const commonNames: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(renamed).map(([name, field]) => [field, name])),
  loras: "loras",
  controlnet_image: "guides",
};

/**
 * What generate and edit have in common, in the main API's words; what was not said stays open.
 *
 * @throws RequestError `invalid-value` for a seed beyond all seeds
 */
export function commonRequest(said: Said): GenerateRequest {
  refuseNoSeed(said["seed"]);
  const plain = Object.entries(renamed).flatMap(([name, field]) =>
    said[name] === undefined ? [] : [[field, said[name]] as const],
  );
  // The reader checked each against a schema of the field's own type.
  const request = Object.fromEntries(plain) as GenerateRequest;
  return {
    ...request,
    ...(said["loras"] === undefined ? {} : { loras: listOf(said["loras"]).map(loraOf) }),
    ...(said["guides"] === undefined ? {} : { controlnet_image: listOf(said["guides"]).map(slotOf) }),
  };
}

function refuseNoSeed(seed: Converted | undefined): void {
  if (typeof seed !== "bigint" || (seed >= -1n && seed < seedEnd)) return;
  const message = `seed: one from 0 to ${seedEnd - 1n}, or -1 for one that is drawn.`;
  throw new RequestError("invalid-value", message, { field: "seed" });
}

const loraOf = (said: Said): NonNullable<GenerateRequest["loras"]>[number] => ({
  enabled: true,
  model_name: textIn(said, "name"),
  weight: Number(said["weight"] ?? 1),
});

type Slot = NonNullable<GenerateRequest["controlnet_image"]>[number];

function slotOf(said: Said): Slot {
  const kind = (said["kind"] ?? "ImagePrompt") as Slot["cn_type"];
  const { stop, weight } = recommendedControl[kind];
  return {
    cn_img: textIn(said, "image"),
    cn_type: kind,
    cn_weight: Number(said["weight"] ?? weight),
    cn_stop: Number(said["stop"] ?? stop),
  };
}

const listOf = (value: Converted): readonly Said[] => value as readonly Said[];
