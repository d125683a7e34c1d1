import { Type } from "@sinclair/typebox";
import { formRequest, jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { keyParameter } from "#/routes/http/idempotency-key.ts";
import { OpenAiError } from "./api/error.ts";
import { imageBodies, outputFormats } from "./api/fields.ts";

const Tokens = Type.Object(
  { image_tokens: Type.Integer(), text_tokens: Type.Integer() },
  { title: "ImageTokens" },
);

const ImagesResponse = Type.Object(
  {
    created: Type.Integer({ description: "Seconds since 1970." }),
    data: Type.Array(
      Type.Object(
        {
          b64_json: Type.Optional(Type.String()),
          url: Type.Optional(Type.String()),
          seed: Type.Optional(Type.Integer({ description: "Ours: makes the picture again." })),
        },
        { title: "Image" },
      ),
    ),
    background: Type.String(),
    output_format: Type.String({ enum: [...outputFormats] }),
    quality: Type.String(),
    size: Type.String(),
    usage: Type.Object(
      {
        input_tokens: Type.Integer(),
        input_tokens_details: Tokens,
        output_tokens: Type.Integer(),
        output_tokens_details: Tokens,
        total_tokens: Type.Integer(),
      },
      { title: "ImagesUsage", description: "All 0: nothing is counted in tokens here." },
    ),
    model: Type.String({ description: "Ours: the checkpoint that drew." }),
    task_id: Type.String({ description: "Ours: /tasks/{task_id} is the task." }),
    warnings: Type.Optional(
      Type.Array(Type.String(), { description: "Ours: what is otherwise than asked." }),
    ),
  },
  { title: "ImagesResponse" },
);

const detailOf = <T>(operationId: string, summary: string, requestBody: T) => ({
  tags: ["OpenAI images"],
  operationId,
  summary,
  parameters: [keyParameter],
  requestBody,
  responses: {
    200: {
      description: "The pictures; with `stream` events.",
      content: {
        ...jsonAnswer(ImagesResponse).content,
        "text/event-stream": { schema: { type: "string" as const } },
      },
    },
    409: jsonAnswer(OpenAiError, "The task was stopped or deleted before there was a picture."),
    429: jsonAnswer(OpenAiError, "Too many tasks wait."),
    500: jsonAnswer(OpenAiError, "The task failed."),
  },
});

export const generationDetail = detailOf(
  "create_image",
  "Make pictures, as OpenAI's clients ask for them",
  jsonRequest(imageBodies.generation, { prompt: "a red circle on a white background", quality: "low" }),
);

export const editDetail = detailOf("create_image_edit", "Edit a picture, as OpenAI's clients ask for it", {
  required: true,
  content: {
    ...formRequest(imageBodies.editForm).content,
    ...jsonRequest(imageBodies.editJson).content,
  },
});
