import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import type { JsonObject } from "#/api/json.ts";
import { jsonAnswer } from "#/api/openapi.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { DoorParts } from "#/routes/door.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { OpenAiError } from "./api/error.ts";
import { modelNamed } from "./model-named.ts";
import type { ErrorBody } from "./refusal-body.ts";

const Model = Type.Object(
  {
    id: Type.String({ description: "The file's name." }),
    object: Type.Literal("model"),
    created: Type.Integer({ description: "When the file was written, in seconds since 1970." }),
    owned_by: Type.String(),
  },
  { title: "Model" },
);
const Models = Type.Object({ object: Type.Literal("list"), data: Type.Array(Model) }, { title: "ModelList" });

/** The checkpoints as models; first the one that is used where none is named. */
export const modelsRoutes = ({ catalog, choices }: Pick<DoorParts, "catalog" | "choices">) =>
  new Elysia({ name: "doors/openai/models" })
    .get(
      "/v1/models",
      () => {
        const names = catalog.names("checkpoints");
        const usual = names.filter((name) => name === choices({}).defaults["base_model_name"]);
        const all = [...new Set([...usual, ...names])];
        return jsonReply({ object: "list", data: all.map((name) => modelOf(name, catalog)) });
      },
      {
        detail: {
          ...shared,
          operationId: "list_models",
          summary: "Checkpoints as models",
          responses: { 200: jsonAnswer(Models) },
        },
      },
    )
    .get(
      "/v1/models/:model",
      ({ params }) => {
        const name = modelNamed(params.model, catalog.names("checkpoints"));
        return name === undefined ? jsonReply(unknown(params.model), 404) : jsonReply(modelOf(name, catalog));
      },
      {
        detail: {
          ...shared,
          operationId: "retrieve_model",
          summary: "One of them",
          responses: { 200: jsonAnswer(Model), 404: jsonAnswer(OpenAiError, "There is no such model.") },
        },
      },
    );

const shared = { tags: ["OpenAI images"] };

function modelOf(id: string, catalog: Pick<Catalog, "path">): JsonObject {
  const path = catalog.path("checkpoints", id);
  const written = path === undefined ? 0 : Bun.file(path).lastModified;
  return { id, object: "model", created: Math.floor(written / 1000), owned_by: "fooocusd" };
}

const unknown = (model: string): ErrorBody => ({
  error: {
    message: `There is no model ${JSON.stringify(model.slice(0, 100))} here; /v1/models lists those that there are.`,
    type: "invalid_request_error",
    param: "model",
    code: "model_not_found",
  },
});
