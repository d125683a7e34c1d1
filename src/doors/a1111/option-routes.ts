import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { isJsonObject } from "#/api/json.ts";
import { jsonAnswer, jsonRequest } from "#/api/openapi.ts";
import { readBody } from "#/api/read.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { Options } from "./options.ts";

const OptionsBody = Type.Object(
  {
    sd_model_checkpoint: Type.Optional(
      Type.String({ description: "The checkpoint of requests that name none." }),
    ),
    sd_vae: Type.Optional(Type.String({ description: "Automatic, or a file." })),
    CLIP_stop_at_last_layers: Type.Optional(Type.Integer({ description: "1 to 12." })),
    samples_format: Type.Optional(Type.String({ description: "png, jpg or webp." })),
  },
  { title: "A1111Options", additionalProperties: true, requiredKeys: [] },
);

const opening = { tags: ["A1111"] };

/** Options: those of A1111 that mean something here; others are kept, answered and told of as unused. */
export const optionRoutes = (options: Options) =>
  new Elysia({ name: "doors/a1111/options" })
    .get("/sdapi/v1/options", () => jsonReply(options.shown()), {
      detail: {
        ...opening,
        operationId: "a1111_get_options",
        summary: "Options as they are",
        responses: { 200: jsonAnswer(OptionsBody) },
      },
    })
    .use(jsonBody())
    .post(
      "/sdapi/v1/options",
      ({ json }) => {
        // What is no object is refused in the usual words; what an option may be is its own matter.
        if (!isJsonObject(json)) readBody(Type.Object({}), json);
        else options.set(json);
        return jsonReply(null);
      },
      {
        parse: "none",
        detail: {
          ...opening,
          operationId: "a1111_set_options",
          summary: "Set options until the server ends",
          requestBody: jsonRequest(OptionsBody, { CLIP_stop_at_last_layers: 1 }),
          responses: { 200: jsonAnswer(Type.Any(), "null") },
        },
      },
    );
