import { type TObject, Type } from "@sinclair/typebox";
import { formRequest, jsonAnswer, jsonRequest, pictureContent, queryParameter } from "#/api/openapi.ts";
import { keyParameter } from "#/routes/http/idempotency-key.ts";
import { AsyncJobResponse, GeneratedImageResult } from "./api/answers.ts";
import { formBodies, jsonBodies } from "./api/bodies.ts";
import type { LegacyJob } from "./api/job.ts";

/** A route of the legacy API: where it is, what it takes, and what its body is about. */
export type LegacyRoute = Readonly<{
  path: string;
  job: LegacyJob;
  form: boolean;
  schema: TObject;
  operationId: string;
  summary: string;
}>;

/** One row of the table below; `operation` is how the legacy API's OpenAPI begins the route's id. */
const row = (
  path: string,
  job: LegacyJob,
  schema: TObject,
  [operation, summary]: readonly [operation: string, summary: string],
): LegacyRoute => ({
  path,
  job,
  form: path.startsWith("/v1") && job !== "text-to-image",
  schema,
  operationId: `${operation}${path.replaceAll(/[/-]/g, "_")}_post`,
  summary,
});

const textAlone = ["text2img_generation", "Text to image"] as const;
const uov = ["img_upscale_or_vary", "Upscale or vary a picture"] as const;
const inpaint = ["img_inpaint_or_outpaint", "Repaint a part, or extend a picture"] as const;
const prompted = ["img_prompt", "Pictures as prompts"] as const;
const enhance = ["img_enhance", "Enhance regions of a picture"] as const;
const withPrompts = ["text_to_img_with_ip", "Text to image with image prompts"] as const;

const v1 = "/v1/generation";
const v2 = "/v2/generation";
const { textToImage, textToImageWithPrompts } = jsonBodies;

/** The legacy API's routes that make pictures. */
export const legacyRoutes: readonly LegacyRoute[] = [
  row(`${v1}/text-to-image`, "text-to-image", textToImage, textAlone),
  row(`${v2}/text-to-image-with-ip`, "text-to-image", textToImageWithPrompts, withPrompts),
  row(`${v1}/image-upscale-vary`, "upscale-vary", formBodies.upscaleVary, uov),
  row(`${v2}/image-upscale-vary`, "upscale-vary", jsonBodies.upscaleVary, uov),
  row(`${v1}/image-inpaint-outpaint`, "inpaint-outpaint", formBodies.inpaintOutpaint, inpaint),
  row(`${v2}/image-inpaint-outpaint`, "inpaint-outpaint", jsonBodies.inpaintOutpaint, inpaint),
  row(`${v1}/image-prompt`, "image-prompt", formBodies.imagePrompt, prompted),
  row(`${v2}/image-prompt`, "image-prompt", jsonBodies.imagePrompt, prompted),
  row(`${v1}/image-enhance`, "enhance", formBodies.enhance, enhance),
  row(`${v2}/image-enhance`, "enhance", jsonBodies.enhance, enhance),
];

const acceptSchema = Type.String({
  description: "Overrides the Accept header; image/png asks for the picture itself.",
});

/** What OpenAPI says of a route. */
export const detailOf = ({ path, form, schema, operationId, summary }: LegacyRoute) => ({
  tags: [path.startsWith(v1) ? "GenerateV1 (older)" : "GenerateV2 (older)"],
  operationId,
  summary,
  parameters: [queryParameter("accept", acceptSchema), keyParameter],
  requestBody: form ? formRequest(schema) : jsonRequest(schema),
  responses: { 200: generationAnswer },
});

const generationAnswer = {
  description: "The results, or the job with `async_process`, or the first picture with `image/png`.",
  content: {
    ...jsonAnswer(Type.Union([Type.Array(GeneratedImageResult), AsyncJobResponse])).content,
    "image/png": pictureContent["image/png"] ?? {},
  },
};
