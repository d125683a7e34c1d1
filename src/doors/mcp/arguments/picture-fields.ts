import { Type } from "@sinclair/typebox";
import { choice, mostLoras, mostNames, mostSlots } from "#/api/fields.ts";
import { controlNetTypes, performances } from "#/api/generate-objects.ts";
import type { JsonObject } from "#/api/json.ts";
import { inlineModes } from "../names.ts";

/** What a picture may be given as. */
export const pictureForms = "an http(s) URL, the uri of a picture that was made here, base64, or a data URI";

const NamedLora = Type.Object(
  {
    name: Type.String({ description: "File name, as list_models has it." }),
    weight: Type.Number({ minimum: -2, maximum: 2, default: 1, description: "Strength." }),
  },
  { requiredKeys: ["name"] },
);

const Guide = Type.Object(
  {
    image: Type.String({ description: `The picture: ${pictureForms}.` }),
    kind: choice(
      controlNetTypes,
      "ImagePrompt",
      "ControlNetType",
      "ImagePrompt: style and content; FaceSwap: the face; PyraCanny: outlines; CPDS: structure.",
    ),
    weight: Type.Number({ minimum: 0, maximum: 2, description: "Strength; left out, what suits the kind." }),
    stop: Type.Number({
      minimum: 0,
      maximum: 1,
      description: "Share of the steps after which it stops; left out, what suits the kind.",
    }),
  },
  { requiredKeys: ["image"] },
);

/** One of a list of texts, and none of them where it is left out. */
export const oneOf = <const T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: "string", enum: [...values], description });

/** What generate and edit have in common. Nothing has a default here: what is left out is the server's own. */
export const pictureFields = {
  negative_prompt: Type.String({ description: "What the picture should not show." }),
  performance: oneOf(
    performances,
    "Speed against quality: Quality 60 steps, Speed 30, the others 4 to 8 with a LoRA of their own.",
  ),
  styles: Type.Array(Type.String(), {
    maxItems: mostNames,
    description: "Names of styles, as list_models has them; an empty list applies none.",
  }),
  seed: Type.Unsafe<bigint>({
    type: "integer",
    big: true,
    description:
      "Seed of the first picture, -1 draws one. One beyond 2^53 is taken as a text of digits too, as results have it.",
  }),
  number: Type.Integer({ minimum: 1, maximum: 32, description: "How many pictures." }),
  model: Type.String({ description: "Checkpoint, a file name as list_models has it." }),
  loras: Type.Array(NamedLora, {
    maxItems: mostLoras,
    description: "LoRAs in place of the server's own; an empty list applies none.",
  }),
  steps: Type.Integer({ minimum: 1, description: "Steps in place of what performance says." }),
  guidance_scale: Type.Number({
    minimum: 1,
    maximum: 30,
    description: "How strictly the prompt is followed.",
  }),
  sharpness: Type.Number({ minimum: 0, maximum: 30, description: "Strength of the sharpness filter." }),
  sampler: Type.String({ description: "Sampler, as list_models has it." }),
  scheduler: Type.String({ description: "Schedule of noise levels, as list_models has it." }),
  preset: Type.String({
    description: "Preset, as list_models has it: other values for what is not said here.",
  }),
  output_format: oneOf(["png", "jpeg", "webp"], "Format of the files."),
  guides: Type.Array(Guide, {
    maxItems: mostSlots,
    description: "Pictures that guide this one; up to four.",
  }),
  advanced: Type.Unsafe<JsonObject>({
    type: "object",
    additionalProperties: true,
    description: "Any other field of POST /v1/engine/generate/ by its own name, such as clip_skip.",
  }),
  wait: Type.Boolean({
    default: true,
    description: "false answers at once with a job, to be followed with job_status.",
  }),
  inline_pictures: choice(
    inlineModes,
    "auto",
    "InlinePictures",
    "Pictures in the answer itself: auto keeps it below 1 MB with JPEG copies of large ones, original puts the files " +
      "in as they are, none gives links only.",
  ),
};

/** The size of a picture that is drawn anew. */
export const sizeField = Type.String({
  description:
    "Width x height in pixels, such as 1152x896, or an aspect ratio, such as 16:9, for the nearest size that the model was " +
    "trained on.",
});
