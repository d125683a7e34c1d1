import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { AllModelNamesResponse } from "#/api/answers.ts";
import { jsonAnswer } from "#/api/openapi.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { jsonReply } from "#/routes/http/replies.ts";

export type EnginesDependencies = Readonly<{ catalog: Catalog; styleNames: readonly string[] }>;

/** What a request may name: models as they lie on the disk now, and styles. */
export const enginesRoutes = ({ catalog, styleNames }: EnginesDependencies) =>
  new Elysia({ name: "doors/fooocus-api/engines", prefix: "/v1/engines" })
    .get(
      "/all-models",
      () =>
        jsonReply({
          model_filenames: catalog.names("checkpoints"),
          lora_filenames: catalog.names("loras"),
        }),
      {
        detail: {
          tags: ["Query"],
          operationId: "all_models_v1_engines_all_models_get",
          summary: "Checkpoints and LoRAs",
          responses: { 200: jsonAnswer(AllModelNamesResponse) },
        },
      },
    )
    .get("/styles", () => jsonReply(styleNames), {
      detail: {
        tags: ["Query"],
        operationId: "all_styles_v1_engines_styles_get",
        summary: "Styles",
        responses: { 200: jsonAnswer(Type.Array(Type.String())) },
      },
    });
